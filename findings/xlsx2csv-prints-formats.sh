#!/usr/bin/env bash
# xlsx2csv 0.8.6, numbers whose cells have a format with a unit in quotes, such as #,##0.00 "USD" and #,##0 "pcs".
# Expected: 1234.5, as for #,##0.00 "EUR"; or what Excel shows, 1,234.50 USD.
# Seen: a letter d, h, m, s or y within the quotes makes it a date to xlsx2csv, and what comes out is the format with
# pieces of a date in it: #,##0.00 "us18". The number is gone: 1234.5 and 1234.75 are the same text. Exit status 0.
# openpyxl, which wrote the file, reads the numbers. A sheet in another currency, or with another unit, loses a column.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check xlsx2csv==0.8.6 openpyxl==3.1.5

env/bin/python - <<'PY'
import csv
import subprocess
import openpyxl

rows = [
    ('#,##0.00 "EUR"', 1234.5, "1234.5"),
    ('#,##0.00 "USD"', 1234.5, '#,##0.00 "us18"'),
    ('#,##0.00 "USD"', 1234.75, '#,##0.00 "us18"'),
    ('#,##0 "pcs"', 7, '#,##0 "pcs"'),
    ('#,##0 "pcs"', 70000, '#,##0 "pcs"'),
    ('0" days"', 3, '0" 02ays"'),
    ('"Order "0', 1007, '"or03er "0'),
]
book = openpyxl.Workbook()
for line, (form, value, _) in enumerate(rows, 1):
    book.active.cell(line, 1, value).number_format = form
book.save("amounts.xlsx")

run = subprocess.run(["env/bin/xlsx2csv", "amounts.xlsx"], capture_output=True, text=True, check=True)
seen = [row[0] for row in csv.reader(run.stdout.splitlines())]
for (form, value, _), text in zip(rows, seen):
    print("xlsx2csv 0.8.6", form, value, "->", text)
assert run.stderr == "", run.stderr
assert seen == [text for _, _, text in rows], seen
again = [row[0] for row in openpyxl.load_workbook("amounts.xlsx").active.values]
assert again == [value for _, value, _ in rows], again
PY
