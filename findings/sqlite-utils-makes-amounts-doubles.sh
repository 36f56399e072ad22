#!/usr/bin/env bash
# sqlite-utils 4.2.1, transform and what rests on it (add_foreign_key), on a table that other
# software made, with columns of NUMERIC, DECIMAL(20,0), BOOLEAN, DATE or TIMESTAMP.
# Expected: columns that are not named stay as they are, their values first of all.
# Seen: the table is made anew with REAL for these types. Whole numbers in them become doubles:
# 9007199254740993 becomes 9007199254740992.0, so neighbours above 2^53 are one key; 1 becomes 1.0,
# also as JSON; 20240102 becomes 20240102.0. No word. BIGINT, VARCHAR and INTEGER keep theirs.
# That a timestamp column is FLOAT afterwards stands in issue 336, not what becomes of the values.
# A migration that renames one column changes the keys and dates in the others.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check sqlite-utils==4.2.1

env/bin/python - <<'PY'
import sqlite3
from importlib.metadata import version

import sqlite_utils

print("sqlite-utils", version("sqlite-utils"))
row = (1, 9007199254740993, 9007199254740992, 1, 20240102, 1700000000123, 9007199254740993, "007")
moved = (1, 9007199254740992.0, 9007199254740992.0, 1.0, 20240102.0, 1700000000123.0,
         9007199254740993, "007")


def table():
    base = sqlite3.connect(":memory:")
    base.execute("""CREATE TABLE sales (id INTEGER PRIMARY KEY, number NUMERIC, other DECIMAL(20,0),
        open BOOLEAN, day DATE, seen TIMESTAMP, big BIGINT, name VARCHAR(10))""")
    base.execute("INSERT INTO sales VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    base.execute("CREATE TABLE names (name TEXT PRIMARY KEY)")
    base.execute("INSERT INTO names VALUES ('007')")
    base.commit()
    return base, sqlite_utils.Database(base)


for change in (
    lambda base: base["sales"].transform(rename={"name": "code"}),
    lambda base: base["sales"].transform(),
    lambda base: base["sales"].add_foreign_key("name", "names", "name"),
):
    base, tool = table()
    assert base.execute("SELECT * FROM sales").fetchall() == [row]
    change(tool)
    (seen,) = base.execute("SELECT * FROM sales").fetchall()
    print(seen)
    assert seen == moved and list(map(type, seen)) == list(map(type, moved)), seen
    types = [kind for _, _, kind, *_ in base.execute("PRAGMA table_info(sales)")]
    assert types == ["INTEGER", *["REAL"] * 5, "INTEGER", "TEXT"], types
PY
