#!/usr/bin/env bash
# fastparquet 2026.9.0 (pandas 3.1.1), categories of several batches: appended to one file, a file each, or written as
# row groups by pyarrow 26.0.1.
# Expected: the values that were written; or an error, where the batches have not the same categories.
# Seen: all batches are read with the last one's labels: "paid" of the first is "void" once a batch with "open" and
# "void" is appended. No warning. The files are right: pyarrow reads them, and so does fastparquet batch by batch.
# Each batch that is added changes what is read of the batches before it, which were counted and checked long ago.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check fastparquet==2026.9.0 pandas==3.1.1 pyarrow==26.0.1

env/bin/python -W error -W ignore::ResourceWarning - <<'PY'
import fastparquet
import pandas
import pyarrow
import pyarrow.parquet

first = pandas.DataFrame({"id": [1, 2, 3], "state": pandas.Categorical(["paid", "open", "paid"])})
second = pandas.DataFrame({"id": [4, 5], "state": pandas.Categorical(["open", "void"])})
written = ["paid", "open", "paid", "open", "void"]
changed = ["void", "open", "void", "open", "void"]

def states(source):
    return fastparquet.ParquetFile(source).to_pandas()["state"].tolist()

fastparquet.write("all.parquet", first)
assert states("all.parquet") == written[:3]
fastparquet.write("all.parquet", second, append=True)
print("fastparquet", fastparquet.__version__, "written", written, "read", states("all.parquet"))
assert states("all.parquet") == changed
assert pyarrow.parquet.read_table("all.parquet")["state"].to_pylist() == written
groups = fastparquet.ParquetFile("all.parquet").iter_row_groups()
assert [state for group in groups for state in group["state"].tolist()] == written

fastparquet.write("1.parquet", first)
fastparquet.write("2.parquet", second)
assert states(["1.parquet", "2.parquet"]) == changed

schema = pyarrow.Table.from_pandas(first).schema
with pyarrow.parquet.ParquetWriter("arrow.parquet", schema) as writer:
    for batch in (first, second):
        writer.write_table(pyarrow.Table.from_pandas(batch, schema=schema))
assert states("arrow.parquet") == changed
PY
