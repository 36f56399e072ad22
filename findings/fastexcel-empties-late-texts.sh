#!/usr/bin/env bash
# fastexcel 0.21.0, load_sheet, and what rests on it: polars 2.1.0, read_excel; a column of numbers
# in which a text comes far down.
# Expected: a column of texts, as dtype_coercion="coerce" is to find one type for all; with
# "strict", which "will raise an error in case a column contains several dtypes", the error. polars
# has an error for the same rows as CSV.
# Seen: the type is that of the first rows, 1000 and in polars 100, and what does not fit is null:
# the article "A17", also with "strict". No word. With schema_sample_rows=None both are as expected.
# Rows whose key has a letter come in without a key, and only in sheets that are long enough.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check fastexcel==0.21.0 polars==2.1.0 pyarrow==26.0.1 XlsxWriter==3.3.1

env/bin/python -W error - <<'PY'
from importlib.metadata import version

import fastexcel
import polars
import xlsxwriter

print("fastexcel", version("fastexcel"), "polars", version("polars"))


def sheet(rows):
    name = f"{rows}.xlsx"
    with xlsxwriter.Workbook(name) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["id", "article"])
        for row in range(1, rows + 1):
            page.write_row(row, 0, [row, "A17" if row == rows else row * 10])
    return name


def last(name, **options):
    try:
        frame = fastexcel.read_excel(name).load_sheet(0, **options).to_polars()
        found = (str(frame.schema["article"]), frame["article"][-1])
    except fastexcel.FastExcelError as error:
        found = str(error).splitlines()[0]
    print(name, options, found)
    return found


short, long = sheet(900), sheet(1100)
assert last(short) == ("String", "A17")
assert "column contains {" in last(short, dtype_coercion="strict")
for coercion in ("coerce", "strict"):
    assert last(long, dtype_coercion=coercion) == ("Float64", None)
assert last(long, schema_sample_rows=None) == ("String", "A17")
assert "column contains {" in last(long, schema_sample_rows=None, dtype_coercion="strict")
frame = polars.read_excel(short)
print("polars", frame.schema["article"], frame["article"][-1])
assert (frame.schema["article"], frame["article"][-1]) == (polars.Int64, None)
rows = "id,article\n" + "".join(f"{row},{'A17' if row == 900 else row * 10}\n" for row in range(1, 901))
try:
    polars.read_csv(rows.encode())
except polars.exceptions.ComputeError as error:
    print("polars, CSV:", str(error).splitlines()[0])
else:
    raise AssertionError("CSV was read")
PY
