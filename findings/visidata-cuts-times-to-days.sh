#!/usr/bin/env bash
# VisiData 3.4, vd -b IN -o OUT, from Parquet (or Arrow) to Parquet, JSON Lines, JSON or SQLite.
# Expected: the timestamps, as OUT has types, or ISO 8601 for them. To CSV it writes what it shows
# (issue 2014 calls that its design, and names JSON for who wants the data), which is 0.12 for
# 0.123456, and the day alone.
# Seen: to the others as well a timestamp becomes its day, 2024-01-02, and in Parquet the column is
# of the type date32. Numbers keep all their digits there. Exit status 0, no word. With
# --disp-date-fmt '%Y-%m-%dT%H:%M:%S' the time is in CSV and JSON.
# A file that is converted on its way has lost when things happened, and in what order.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check visidata==3.4 pyarrow==26.0.1

env/bin/python - <<'PY'
import datetime

import pyarrow
import pyarrow.parquet

times = [datetime.datetime(2024, 1, 2, 3, 4, 5), datetime.datetime(2024, 1, 2, 23, 59)]
table = pyarrow.table({"at": times, "amount": [0.123456, 2.5]})
pyarrow.parquet.write_table(table, "in.parquet")
PY
export HOME=$work
convert() { env/bin/vd -b "$@" </dev/null >/dev/null 2>&1; }
for kind in parquet jsonl json sqlite csv; do convert in.parquet -o "out.$kind"; done
convert --disp-date-fmt '%Y-%m-%dT%H:%M:%S' in.parquet -o full.jsonl

env/bin/python - <<'PY'
import json
import sqlite3
from importlib.metadata import version

import pyarrow.parquet

print("VisiData", version("visidata"))
before = pyarrow.parquet.read_table("in.parquet")
print("in:", before.schema.field("at").type, [str(each) for each in before["at"].to_pylist()])
after = pyarrow.parquet.read_table("out.parquet")
seen = {"parquet": [(str(row["at"]), row["amount"]) for row in after.to_pylist()]}
seen["jsonl"] = [tuple(json.loads(line).values()) for line in open("out.jsonl")]
seen["json"] = [tuple(row.values()) for row in json.load(open("out.json"))]
base = sqlite3.connect("out.sqlite")
((name,),) = base.execute("SELECT name FROM sqlite_master")
seen["sqlite"] = base.execute(f'SELECT * FROM "{name}"').fetchall()
for kind, rows in seen.items():
    print("out:", kind, rows)
    assert rows == [("2024-01-02", 0.123456), ("2024-01-02", 2.5)], (kind, rows)
assert str(after.schema.field("at").type) == "date32[day]", after.schema
text = open("out.csv").read().split()
assert text == ["at,amount", "2024-01-02,0.12", "2024-01-02,2.50"], text
full = [json.loads(line)["at"] for line in open("full.jsonl")]
assert full == ["2024-01-02T03:04:05", "2024-01-02T23:59:00"], full
PY
