#!/usr/bin/env bash
# deltalake 1.6.6 (delta-rs), write_deltalake of a batch whose column is float64 where the table's is int64; also merge.
# Expected: an error, as for a batch that lacks a column, or for a number that the column cannot hold.
# Seen: the values are cut to whole numbers (1.7 is 1, -0.9 is 0), in append, overwrite and schema_mode="merge", and no
# warning tells. A float column takes 64-bit ids likewise, and gives their neighbours back. In a merge the uncut key
# finds no row, and the row is inserted with the cut one: a second row of a key that was there.
# A first batch whose amounts are all whole makes a column of integers, and the cents of each later batch are lost.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check deltalake==1.6.6 pyarrow==26.0.1

env/bin/python -W error - <<'PY'
import json
import os
import sys
from importlib.metadata import version

import pyarrow
from deltalake import DeltaTable, write_deltalake

def batch(*lines):
    return pyarrow.Table.from_pylist([json.loads(line) for line in lines])

def read(name):
    rows = DeltaTable(name).to_pyarrow_table().to_pylist()
    return sorted((row["id"], row["amount"]) for row in rows)

print("deltalake", version("deltalake"))
first = batch('{"id": 1, "amount": 5}', '{"id": 2, "amount": 7}')
second = batch('{"id": 3, "amount": 1.7}', '{"id": 4, "amount": -0.9}')
for mode, options in (("append", {}), ("append", {"schema_mode": "merge"}), ("overwrite", {})):
    name = mode + str(len(options))
    write_deltalake(name, first)
    write_deltalake(name, second, mode=mode, **options)
    print(mode, options, read(name))
    kept = [(1, 5), (2, 7)] if mode == "append" else []
    assert read(name) == kept + [(3, 1), (4, 0)], read(name)

# A column that is missing, and a number that does not fit, are refused.
for other in (batch('{"id": 5}'), batch('{"id": 5, "amount": 1e300}')):
    try:
        write_deltalake("append0", other, mode="append")
    except Exception as error:
        print("refused:", str(error).splitlines()[0][:80])
    else:
        raise SystemExit("taken: " + str(other.to_pylist()))

write_deltalake("ids", batch('{"id": 0.5, "amount": 1}'))
write_deltalake("ids", batch('{"id": 9007199254740993, "amount": 2}'), mode="append")
print("ids", read("ids"))
assert read("ids")[1][0] == 9007199254740992.0, read("ids")

write_deltalake("merged", batch('{"id": 1, "amount": 5}'))
merge = DeltaTable("merged").merge(
    batch('{"id": 1.9, "amount": 2.7}'), "old.id = new.id", source_alias="new", target_alias="old")
merge.when_matched_update_all().when_not_matched_insert_all().execute()
print("merged", read("merged"))
assert read("merged") == [(1, 2), (1, 5)], read("merged")
# Native threads can abort the interpreter while it ends ("terminate called"), on a busy machine; all is seen by now.
sys.stdout.flush()
os._exit(0)
PY
