#!/usr/bin/env bash
# petl 1.7.30, fromdicts of iterators of dictionaries that are not generators: csv.DictReader, map.
# Expected: the rows at each reading, as of a list and of a generator ("can also be a generator",
# its documentation says, and keeps them in a file); or an error.
# Seen: the rows are there once. After header(), look() or nrows() the table is empty, without even
# a header, and a file is written of it, without an error; list() of it is empty at once, as it asks
# for the length first. The same was mended for generators (petl issues 341 and 569).
# A load that looks at its table first, or writes it to two places, ends well and loads nothing.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check petl==1.7.30

env/bin/python -W error - <<'PY'
import csv
import io
from importlib.metadata import version

import petl

print("petl", version("petl"))
text = "id,town\n1,york\n2,bath\n"
rows = list(csv.DictReader(io.StringIO(text)))
full = [("id", "town"), ("1", "york"), ("2", "bath")]
sources = {
    "list": lambda: rows,
    "generator": lambda: (row for row in rows),
    "DictReader": lambda: csv.DictReader(io.StringIO(text)),
    "map": lambda: map(dict, rows),
}
for name, source in sources.items():
    table = petl.convert(petl.fromdicts(source(), header=["id", "town"]), "town", "upper")
    counts = [petl.nrows(table), petl.nrows(table)]
    looked = petl.fromdicts(source())
    assert petl.header(looked) == ("id", "town")
    petl.tocsv(looked, "out.csv")
    with open("out.csv") as file:
        written = file.read().split()
    listed = [tuple(row) for row in list(petl.fromdicts(source()))]
    print(f"{name}: rows twice: {counts}, written after header(): {written}, list(): {listed}")
    whole = name in ("list", "generator")
    assert counts == ([2, 2] if whole else [2, 0]), counts
    assert written == (text.split() if whole else []), written
    assert listed == (full if whole else [()]), listed
PY
