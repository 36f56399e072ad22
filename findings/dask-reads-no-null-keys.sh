#!/usr/bin/env bash
# dask 2026.8.0, read_sql_table with an index_col, and connectorx 0.4.6, read_sql with partition_on,
# also by polars 2.1.0 (read_database_uri), on a column that is NULL in some rows; SQLite.
# Expected: all rows of the table, with NULL in the first or the last part; or an error.
# Seen: the parts are ranges between the smallest and the greatest value, and no range has NULL, so
# these rows are in none: four of six are read. The same with a single part (npartitions=1,
# partition_num=1), where there is nothing to divide. No error and no warning; the docstrings say
# what types the column may have, and nothing of NULL.
# Orders without a shop are missing in a table that is copied shop by shop, and the sums differ.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check 'dask[dataframe]==2026.8.0' pandas==3.1.1 pyarrow==26.0.1 \
    SQLAlchemy==2.1.9 connectorx==0.4.6 polars==2.1.0

env/bin/python -W error - <<'PY'
import os
import sqlite3
from importlib.metadata import version

import connectorx
import dask.dataframe
import polars

print(*(f"{name} {version(name)}" for name in ("dask", "connectorx", "polars")))
database = sqlite3.connect("shops.db")
database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, shop INTEGER, amount INTEGER)")
shops = [1, None, 2, 3, None, 4]
database.executemany("INSERT INTO orders (shop, amount) VALUES (?, 10)", [(shop,) for shop in shops])
database.commit()
database.close()
path, query = os.path.abspath("shops.db"), "SELECT * FROM orders"


def by_dask(parts):
    frame = dask.dataframe.read_sql_table("orders", f"sqlite:///{path}", "shop", npartitions=parts)
    return frame.compute()["id"].to_list()


def by_connectorx(parts):
    options = dict(partition_on="shop", partition_num=parts) if parts else {}
    return connectorx.read_sql(f"sqlite://{path}", query, return_type="arrow", **options)["id"].to_pylist()


def by_polars(parts):
    options = dict(partition_on="shop", partition_num=parts) if parts else {}
    return polars.read_database_uri(query, f"sqlite://{path}", **options)["id"].to_list()


for read in (by_dask, by_connectorx, by_polars):
    for parts in (1, 2):
        ids = sorted(read(parts))
        print(read.__name__, "parts:", parts, "ids:", ids)
        assert ids == [1, 3, 4, 6], ids
assert by_connectorx(None) == by_polars(None) == [1, 2, 3, 4, 5, 6]
PY
