#!/usr/bin/env bash
# openlineage-sql 1.54.0, the parser behind the SQL lineage of OpenLineage's integrations.
# Expected: the tables that a statement reads are its inputs. A common table expression that has
# the name of the table it reads, as is usual (WITH orders AS (SELECT ... FROM orders)), hides the
# table behind it only after its own definition; and raw.orders is another name than orders.
# Seen: the table is no input, with a schema or without, in five dialects, and errors is empty.
# Where each expression is named after its table, the statement has no input at all. With another
# name for the expression the table is there.
# A graph of what feeds what lacks these edges: a change in orders names no job that depends on it.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check openlineage-sql==1.54.0

env/bin/python - <<'PY'
from importlib.metadata import version

from openlineage_sql import parse

body = "INSERT INTO daily SELECT o.id, c.name FROM {0} o JOIN {1} c ON c.id = o.customer"


def inputs(first, second, schema="", dialect="postgres"):
    with_ = f"WITH {first} AS (SELECT * FROM {schema}orders WHERE amount > 0), "
    with_ += f"{second} AS (SELECT * FROM {schema}customers) "
    seen = parse([with_ + body.format(first, second)], dialect=dialect)
    assert not seen.errors, seen.errors
    assert [table.qualified_name for table in seen.out_tables] == ["daily"], seen.out_tables
    return sorted(table.qualified_name for table in seen.in_tables)


print("openlineage-sql", version("openlineage-sql"))
for dialect in ("postgres", "sqlite", "bigquery", "snowflake", "generic"):
    for schema in ("", "raw."):
        own = inputs("fresh", "known", schema, dialect)
        one = inputs("orders", "known", schema, dialect)
        none = inputs("orders", "customers", schema, dialect)
        print(dialect, schema or "no schema", "others:", own, "one its own:", one, "both:", none)
        assert own == [schema + "customers", schema + "orders"], own
        assert one == [schema + "customers"] and none == [], (one, none)
PY
