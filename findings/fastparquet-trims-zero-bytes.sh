#!/usr/bin/env bash
# fastparquet 2026.9.0 (pyarrow 26.0.1), a column of Parquet's UUID or another binary type of fixed
# length, written by pyarrow.
# Expected: all the bytes of each value; pyarrow reads them, and fastparquet does in a column of
# binary values of any length.
# Seen: zero bytes at the end are cut off, as NumPy's fixed texts have it: of 4,096 UUIDs, 16 have
# 15 bytes. A hash that ends so is shorter, a value of zeros is empty. No warning. Written again,
# the column is one of any length. Reported for dictionaries in dask/fastparquet issue 504, closed.
# Of keys that are UUIDs or hashes one in 256 finds no partner in a join, and its row is lost.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check \
    fastparquet==2026.9.0 pyarrow==26.0.1 pandas==3.1.1 numpy==2.4.6

env/bin/python - <<'PY'
import uuid
from importlib.metadata import version

import fastparquet
import pyarrow
import pyarrow.parquet

print("fastparquet", version("fastparquet"), "pyarrow", version("pyarrow"))
keys = [uuid.uuid5(uuid.NAMESPACE_URL, str(number)).bytes for number in range(4096)]
codes = [b"ab", b"a\0", b"\0\0", None] * 1024
table = pyarrow.table({
    "key": pyarrow.array(keys, pyarrow.uuid()), "code": pyarrow.array(codes, pyarrow.binary(2)),
    "free": pyarrow.array(codes, pyarrow.binary()),
})
for dictionary in (True, False):
    pyarrow.parquet.write_table(table, "keys.parquet", use_dictionary=dictionary)
    right = pyarrow.parquet.read_table("keys.parquet").to_pydict()
    assert [key.bytes for key in right["key"]] == keys and right["code"] == codes
    seen = fastparquet.ParquetFile("keys.parquet").to_pandas().to_dict("list")
    short = [key for key in seen["key"] if len(key) < 16]
    missing = set(keys) - set(seen["key"])
    print("short keys:", len(short), "keys that are not found:", len(missing), seen["code"][:4])
    assert len(short) == len(missing) == 16, short
    assert [key.rstrip(b"\0") for key in keys] == seen["key"]
    assert seen["code"] == [b"ab", b"a", b"", None] * 1024, seen["code"][:4]
    assert seen["free"] == codes, seen["free"][:4]
PY
