#!/usr/bin/env bash
# fsspec 2026.9.0, open of a zip file with compression="infer" or "zip".
# Expected: an error where the archive holds more than one file, as pandas has one.
# Seen: the first entry is read, whatever it is: of three files two are missing. Of an archive that
# begins with its folder, as shutil.make_archive writes it, nothing is read: b"". No warning.
# A delivery that was one file becomes several, and what is loaded is a part of it, or empty.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check fsspec==2026.9.0 pandas==3.1.1 numpy==2.4.6

env/bin/python -W error - <<'PY'
import os
import shutil
import zipfile

import fsspec
import pandas

with zipfile.ZipFile("days.zip", "w") as archive:
    for day in (1, 2, 3):
        archive.writestr(f"day{day}.csv", f"day,value\n{day},{day}0\n")
os.makedirs("delivery/days")
for day in (1, 2):
    with open(f"delivery/days/day{day}.csv", "w") as file:
        file.write(f"day,value\n{day},{day}0\n")
shutil.make_archive("folder", "zip", "delivery")

for path, expected in (("days.zip", b"day,value\n1,10\n"), ("folder.zip", b"")):
    for compression in ("infer", "zip"):
        with fsspec.open(path, compression=compression) as file:
            seen = file.read()
        names = zipfile.ZipFile(path).namelist()
        print("fsspec", fsspec.__version__, compression, names, "read:", seen)
        assert seen == expected, seen
    try:
        pandas.read_csv(path)
    except ValueError as error:
        print("pandas refuses:", str(error)[:60])
    else:
        raise SystemExit("pandas took it")
PY
