#!/usr/bin/env bash
# xls2csv of catdoc 0.95 (Debian 1:0.95-6~deb12u1), dates in a workbook of Excel 97 to 2003.
# Expected: the dates; a record of the workbook (DATEMODE) says whether they count from 1900 or
# from 1904, and xlrd reads it so.
# Seen: the record alone makes it 1904, also where it holds 0, for 1900, as xlwt writes it: each
# date is four years and a day late. Without the record they are right. And dates in a format of
# one's own, as yyyy-mm-dd, come out as numbers, also with -f, which is for all dates by its manual.
# Exit status 0, no word. Invoices of 2024 are loaded as those of 2028.
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
from datetime import datetime

import xlrd
import xlwt

book = xlwt.Workbook()
sheet = book.add_sheet("invoices")
due = datetime(2024, 3, 5, 13, 14)
for row, form in enumerate(("M/D/YY", "D-MMM-YY", "M/D/YY h:mm", "yyyy-mm-dd")):
    sheet.write(row, 0, form)
    sheet.write(row, 1, due, xlwt.easyxf(num_format_str=form))
book.save("invoices.xls")
book = xlrd.open_workbook("invoices.xls")
assert book.datemode == 0
for cell in book.sheet_by_index(0).col(1):
    assert cell.ctype == xlrd.XL_CELL_DATE, cell
    assert xlrd.xldate_as_datetime(cell.value, book.datemode) == due

# The same without the record, which is put out of use by another number.
with open("invoices.xls", "rb") as file:
    content = file.read()
record = b"\x22\x00\x02\x00\x00\x00"
assert content.count(record) == 1
with open("bare.xls", "wb") as file:
    file.write(content.replace(record, b"\xf0\x7f\x02\x00\x00\x00"))
PY
printf 'charset_path=%s\nmap_path=%s\n' program/usr/share/catdoc program/usr/share/catdoc >.catdocrc
is() { # EXPECTED ARGUMENT...
    local expected=$1 out
    shift
    out=$(HOME=$work program/usr/bin/xls2csv -d utf-8 -b '' "$@")
    printf '%s\n' "$out"
    [ "$out" = "$expected" ]
}
is '"M/D/YY","2024-03-05"
"D-MMM-YY","2024-03-05"
"M/D/YY h:mm","2024-03-05"
"yyyy-mm-dd","45356.5513888889"' -f %Y-%m-%d bare.xls
is '"M/D/YY","2028-03-06"
"D-MMM-YY","2028-03-06"
"M/D/YY h:mm","2028-03-06"
"yyyy-mm-dd","45356.5513888889"' -f %Y-%m-%d invoices.xls
is '"M/D/YY","03-06-28"
"D-MMM-YY","06-Mar-28"
"M/D/YY h:mm","03-06-28 13:14"
"yyyy-mm-dd","45356.5513888889"' invoices.xls
