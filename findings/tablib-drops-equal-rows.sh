#!/usr/bin/env bash
# tablib 3.10.0 (odfpy 1.4.1), load of an OpenDocument spreadsheet in which equal rows, or equal cells, are neighbours.
# Expected: all of them. OpenDocument writes such a run once, with the number of times that it stands there
# (number-rows-repeated, number-columns-repeated); LibreOffice does so when it saves.
# Seen: a run of equal rows is one row, a run of equal cells one cell, and what is behind it moves to the left.
# python-calamine 0.9.1 reads all of them. Two equal payments are one, and the sum is wrong, without a word.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check tablib==3.10.0 odfpy==1.4.1 python-calamine==0.9.1

env/bin/python - <<'PY'
import python_calamine
import tablib
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

sheet = Table(name="payments")
def row(cells, times=1):
    line = TableRow(**({"numberrowsrepeated": times} if times > 1 else {}))
    for text, count in cells:
        repeated = {"numbercolumnsrepeated": count} if count > 1 else {}
        cell = TableCell(valuetype="string", **repeated)
        cell.addElement(P(text=text))
        line.addElement(cell)
    sheet.addElement(line)

row([("who", 1), ("home", 1), ("work", 1), ("paid", 1)])
row([("ann", 1), ("leeds", 1), ("york", 1), ("10", 1)], times=3)
row([("bob", 1), ("hull", 2), ("20", 1)])
book = OpenDocumentSpreadsheet()
book.spreadsheet.addElement(sheet)
book.save("payments.ods")

with open("payments.ods", "rb") as file:
    seen = [list(line) for line in tablib.Dataset().load(file.read(), format="ods")]
right = python_calamine.CalamineWorkbook.from_path("payments.ods").get_sheet_by_index(0).to_python()[1:]
print("tablib", tablib.__version__, seen)
print("calamine", right)
assert right == [["ann", "leeds", "york", "10"]] * 3 + [["bob", "hull", "hull", "20"]], right
assert seen == [["ann", "leeds", "york", "10"], ["bob", "hull", "20", ""]], seen
PY
