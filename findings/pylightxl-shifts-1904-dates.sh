#!/usr/bin/env bash
# pylightxl 1.61, dates in a workbook with the 1904 date system, which Excel for the Mac had as its
# default and spreadsheets keep for good; and durations of a day and more ([h]:mm:ss).
# Expected: the dates; the workbook says from which day it counts (date1904). openpyxl and
# python-calamine read it so. 36 hours as 36 hours.
# Seen: each date is four years and a day too early, as it is read as one of the 1900 system. 36
# hours are 12:00:00, as whole days are dropped. No warning.
# Of files from some senders all the dates are wrong, and look like dates; long shifts become short.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check \
    pylightxl==1.61 XlsxWriter==3.3.1 openpyxl==3.1.5 python-calamine==0.9.1

env/bin/python - <<'PY'
from datetime import datetime, timedelta
from importlib.metadata import version

import openpyxl
import pylightxl
import python_calamine
import xlsxwriter

print("pylightxl", version("pylightxl"))
due, took = datetime(2024, 3, 5, 12, 30), timedelta(hours=36)
for early in (False, True):
    with xlsxwriter.Workbook("times.xlsx", {"date_1904": early}) as book:
        sheet = book.add_worksheet("times")
        sheet.write_datetime(0, 0, due, book.add_format({"num_format": "yyyy-mm-dd hh:mm"}))
        hours = book.add_format({"num_format": "[h]:mm"})
        sheet.write_number(0, 1, took / timedelta(days=1), hours)
    right = [cell.value for cell in openpyxl.load_workbook("times.xlsx").active[1]]
    other = python_calamine.CalamineWorkbook.from_path("times.xlsx").get_sheet_by_index(0)
    assert right == other.to_python()[0] == [due, took], (right, other.to_python())
    (seen,) = pylightxl.readxl("times.xlsx").ws("times").rows
    print("1904" if early else "1900", seen)
    assert seen == ["2020/03/04 12:30:00" if early else "2024/03/05 12:30:00", "12:00:00"], seen
PY
