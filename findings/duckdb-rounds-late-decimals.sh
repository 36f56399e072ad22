#!/usr/bin/env bash
# DuckDB 2.0.1, read_json of a field whose first values are whole numbers.
# Expected: a decimal far down the file makes the column a DOUBLE, or is an error, as a late text is.
# Seen: the column's type is that of the sample; 1.5, 2.5 and -0.4 below it are loaded as 2, 2 and 0, without a word.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check duckdb==2.0.1

env/bin/python - <<'PY'
import duckdb

with open("late.jsonl", "w") as file:
    for number in range(30_000):
        file.write('{"id":%d,"v":1}\n' % number)
    file.write('{"id":30000,"v":1.5}\n{"id":30001,"v":2.5}\n{"id":30002,"v":-0.4}\n')

rows = duckdb.sql(
    "SELECT v, typeof(v) FROM read_json('late.jsonl') WHERE id >= 30000 ORDER BY id"
).fetchall()
print("duckdb", duckdb.__version__, rows)
assert [kind for _, kind in rows] == ["BIGINT"] * 3, rows
assert all(value == round(value) for value, _ in rows), rows
print("1.5, 2.5 and -0.4 were loaded as", [value for value, _ in rows])
PY
