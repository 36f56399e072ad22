#!/usr/bin/env bash
# pyarrow 26.0.1, read_csv and read_json of unsigned 64-bit keys, such as hashes or MySQL's BIGINT UNSIGNED.
# Expected: uint64 (which Arrow has), decimal, text or an error.
# Seen: one key above 2^63 makes the column double: neighbouring keys become one, without a word.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check pyarrow==26.0.1

env/bin/python - <<'PY'
import pyarrow
import pyarrow.csv
import pyarrow.json

keys = [18446744073709551614, 18446744073709551613, 9223372036854775809]
with open("keys.csv", "w") as file:
    file.write("key\n" + "".join("%d\n" % key for key in keys))
with open("keys.jsonl", "w") as file:
    file.write("".join('{"key":%d}\n' % key for key in keys))

for name, table in [
    ("csv", pyarrow.csv.read_csv("keys.csv")),
    ("json", pyarrow.json.read_json("keys.jsonl")),
]:
    column = table.column("key")
    print("pyarrow", pyarrow.__version__, name, column.type, column.to_pylist())
    assert column.type == pyarrow.float64(), column.type
    assert len(set(column.to_pylist())) == 2, "three keys, of which two have become one"
PY
