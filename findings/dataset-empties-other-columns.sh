#!/usr/bin/env bash
# dataset 2.0.0, update_many of rows that have different columns.
# Expected: each row sets the columns that it has, and leaves the others as they are, as update and
# upsert do for single rows and upsert_many for the same rows.
# Seen: each row also sets the columns that other rows have, to NULL: those of its chunk, and all
# before it in the call, with any chunk_size. No error and no warning.
# Changes that come as parts of rows, one with a price and one with a name, empty what was loaded.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check dataset==2.0.0 sqlalchemy==2.1.9

env/bin/python -W error - <<'PY'
from importlib.metadata import version

import dataset

start = [dict(id=1, name="pen", price=2), dict(id=2, name="ink", price=9)]
changes = [dict(id=1, price=3), dict(id=2, name="red ink")]


def changed(name, change):
    database = dataset.connect(f"sqlite:///{name}.db")
    table = database["goods"]
    table.insert_many(start)
    change(table)
    return [(row["id"], row["name"], row["price"]) for row in table.find(order_by="id")]


print("dataset", version("dataset"))
right = {
    "update": lambda table: [table.update(dict(row), ["id"]) for row in changes],
    "upsert_many": lambda table: table.upsert_many(changes, ["id"]),
}
for name, change in right.items():
    seen = changed(name, change)
    print(name, seen)
    assert seen == [(1, "pen", 3), (2, "red ink", 9)], seen
seen = changed("update_many", lambda table: table.update_many(changes, ["id"]))
print("update_many", seen)
assert seen == [(1, None, 3), (2, "red ink", None)], seen
seen = changed("ones", lambda table: table.update_many(changes, ["id"], chunk_size=1))
print("update_many in chunks of one row", seen)
assert seen == [(1, "pen", 3), (2, "red ink", None)], seen
PY
