#!/usr/bin/env bash
# DuckDB 2.0.1, INSERT ... ON CONFLICT DO UPDATE and INSERT OR REPLACE of rows that share a key.
# Expected: the last row of the key stays, as in SQLite, or the error that PostgreSQL and older
# versions give ("can not update the same row twice").
# Seen: the first row of the key is written, and the later ones are dropped. What they would have
# added to a sum is missing. The count is of the rows that were written, RETURNING names the first,
# and there is no warning. Row by row (executemany) the last one stays.
# A file of changes that names an order twice leaves it in its older state.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check duckdb==2.0.1

env/bin/python -W error - <<'PY'
import sqlite3

import duckdb

changes = [(7, "placed", 1), (8, "placed", 1), (7, "paid", 2), (7, "sent", 3)]
values = ", ".join(map(str, changes))
with open("changes.csv", "w") as file:
    file.write("id,state,steps\n" + "".join(f"{a},{b},{c}\n" for a, b, c in changes))
table = "CREATE TABLE orders (id INTEGER PRIMARY KEY, state TEXT, steps INTEGER)"
update = "state = excluded.state, steps = orders.steps + excluded.steps"
add = f"INSERT INTO orders VALUES {values} ON CONFLICT (id) DO UPDATE SET {update}"
replace = f"INSERT OR REPLACE INTO orders VALUES {values}"


def state(connection, statement, many=None):
    connection.execute("DELETE FROM orders")
    connection.execute("INSERT INTO orders VALUES (7, 'new', 0)")
    if many is None:
        connection.execute(statement)
    else:
        connection.executemany(statement, many)
    return connection.execute("SELECT state, steps FROM orders WHERE id = 7").fetchone()


database, lite = duckdb.connect(), sqlite3.connect(":memory:")
database.execute(table)
lite.execute(table)
print("DuckDB", duckdb.__version__)
seen = [state(database, add), state(database, replace)]
print("values:", seen, "SQLite:", [state(lite, add), state(lite, replace)])
assert seen == [("placed", 1), ("placed", 1)], seen
assert [state(lite, add), state(lite, replace)] == [("sent", 6), ("sent", 3)]

seen = state(database, "INSERT OR REPLACE INTO orders FROM 'changes.csv'")
print("a file:", seen)
assert seen == ("placed", 1), seen
seen = database.execute(f"{add} RETURNING id, state").fetchall()
print("returned:", seen)
assert sorted(seen) == [(7, "placed"), (8, "placed")], seen
seen = state(database, "INSERT OR REPLACE INTO orders VALUES (?, ?, ?)", changes)
print("row by row:", seen)
assert seen == ("sent", 3), seen
try:
    database.execute("INSERT INTO orders VALUES (9, 'placed', 1), (9, 'paid', 2)")
except duckdb.ConstraintException as error:
    print("a plain INSERT is refused:", str(error)[:60])
else:
    raise SystemExit("a plain INSERT was taken")
PY
