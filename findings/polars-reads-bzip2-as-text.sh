#!/usr/bin/env bash
# Polars 2.1.0, read_csv of files compressed by other means than gzip, zlib or zstd.
# Expected: decompression, or an error that names bzip2, as it decompresses gzip and zstd by their first bytes.
# Seen: bzip2's bytes become the header, and the frame has no rows: success, without a word.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check polars==2.1.0

env/bin/python - <<'PY'
import bz2
import gzip

import polars

text = b"id,s\n" + b"".join(b"%d,a\n" % number for number in range(3))
with open("f.csv.gz", "wb") as file:
    file.write(gzip.compress(text))
with open("f.csv.bz2", "wb") as file:
    file.write(bz2.compress(text))
known = polars.read_csv("f.csv.gz")
other = polars.read_csv("f.csv.bz2")
print("polars", polars.__version__, "gzip", known.shape, "bzip2", other.shape, other.columns[0][:4])
assert known.shape == (3, 2), known
assert other.height == 0, other
assert other.columns[0].startswith("BZh"), other.columns
PY
