#!/usr/bin/env bash
# PyIceberg 0.12.0 (SQLite catalog), scan and delete with a filter as a text, on a column of whole
# numbers: "id <= 1.5".
# Expected: what a query gives: ids up to 1; or an error, as for the same filter made of objects,
# LessThanOrEqual("id", 1.5) ("Cannot convert DoubleLiteral into long"), and as for "amount <=
# 10.015" on a decimal with two places.
# Seen: the number is rounded to a whole one first, half away from zero. "id <= 1.5" is id <= 2,
# "id > 1.5" is id > 2, and "id = 1.5" is id = 2. delete("id <= 1.5") deletes the row 2. No word.
# A limit that was computed, or that is half of something, takes a row too many, or leaves one out.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check 'pyiceberg[sql-sqlite,pyarrow]==0.12.0' pyarrow==26.0.1

env/bin/python -W ignore - <<'PY'
import os
from decimal import Decimal

import pyarrow
import pyiceberg
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.expressions import LessThanOrEqual

print("pyiceberg", pyiceberg.__version__)
here = os.getcwd()
catalog = SqlCatalog("local", uri=f"sqlite:///{here}/catalog.db", warehouse=f"file://{here}/warehouse")
catalog.create_namespace("shop")
schema = pyarrow.schema([("id", pyarrow.int64()), ("amount", pyarrow.decimal128(10, 2))])
table = catalog.create_table("shop.orders", schema)
table.append(pyarrow.Table.from_pylist([dict(id=id, amount=Decimal(id) / 100) for id in range(5)], schema))


def ids(filter):
    try:
        found = table.scan(row_filter=filter).to_arrow()["id"].to_pylist()
    except (TypeError, ValueError) as error:
        found = str(error)
    print(filter, found)
    return found


assert ids("id <= 1.4") == [0, 1] and ids("id >= 1.5") == [2, 3, 4]
assert ids("id <= 1.5") == [0, 1, 2]
assert ids("id > 1.5") == [3, 4]
assert ids("id = 1.5") == [2] and ids("id in (1.5)") == [2]
assert "Cannot convert DoubleLiteral into long" in ids(LessThanOrEqual("id", 1.5))
assert "Could not convert" in ids("amount <= 0.015")
table.delete("id <= 1.5")
assert ids("id >= 0") == [3, 4]
PY
