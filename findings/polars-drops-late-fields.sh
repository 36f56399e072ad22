#!/usr/bin/env bash
# Polars 2.1.0, read_ndjson and scan_ndjson of a file in which a field first appears late.
# Expected: a column with nulls before it, or an error, as for a late value of another type.
# Seen: the field is left out of all records, without a word, and so of what is written from them.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check polars==2.1.0

env/bin/python - <<'PY'
import polars

with open("late.jsonl", "w") as file:
    for number in range(30_000):
        file.write('{"id":%d}\n' % number)
    file.write('{"id":30000,"refund":"17.50"}\n')

for name, frame in [
    ("read_ndjson", polars.read_ndjson("late.jsonl")),
    ("scan_ndjson", polars.scan_ndjson("late.jsonl").collect()),
]:
    print("polars", polars.__version__, name, frame.shape, frame.columns)
    assert frame.shape == (30_001, 1), frame
    assert frame.columns == ["id"], frame
PY
