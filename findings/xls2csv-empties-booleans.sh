#!/usr/bin/env bash
# xls2csv of catdoc 0.95 (Debian 1:0.95-6~deb12u1), cells that hold TRUE, FALSE or an error such as
# #N/A in a workbook of Excel 97 to 2003.
# Expected: TRUE and FALSE, or 1 and 0, and ERROR, as its source has it for the results of formulas.
# xlrd reads them.
# Seen: the cells are empty. The manual does not mention them. Exit status 0, no word.
# A column of flags is loaded as one of missing values, and nobody has paid.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq catdoc=1:0.95-6~deb12u1 2>/dev/null
dpkg-deb --show catdoc_*.deb
dpkg-deb -x catdoc_*.deb program
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check xlwt==1.3.0 xlrd==2.0.2

env/bin/python - <<'PY'
import xlrd
import xlwt

book = xlwt.Workbook()
sheet = book.add_sheet("orders")
for row, values in enumerate((("id", "paid", "sum"), (1, True, 10), (2, False, 20))):
    for column, value in enumerate(values):
        sheet.write(row, column, value)
sheet.write(3, 0, 3)
sheet.row(3).set_cell_error(1, "#DIV/0!")
sheet.write(3, 2, 30)
book.save("orders.xls")
cells = xlrd.open_workbook("orders.xls").sheet_by_index(0).col(1)[1:]
print("xlrd:", cells)
kinds = [xlrd.XL_CELL_BOOLEAN, xlrd.XL_CELL_BOOLEAN, xlrd.XL_CELL_ERROR]
assert [cell.ctype for cell in cells] == kinds and [cell.value for cell in cells] == [1, 0, 7]
PY
printf 'charset_path=%s\nmap_path=%s\n' program/usr/share/catdoc program/usr/share/catdoc >.catdocrc
HOME=$work program/usr/bin/xls2csv -d utf-8 -b '' orders.xls >orders.csv 2>errors
cat orders.csv errors
printf '%s\n' '"id","paid","sum"' '"1",,"10"' '"2",,"20"' '"3",,"30"' | cmp - orders.csv
[ ! -s errors ]
