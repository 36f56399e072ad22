#!/usr/bin/env bash
# python-zstandard 0.25.0, ZstdDecompressor.decompress of a file of two frames (cat a.zst b.zst, pzstd).
# Expected: both frames, as zstd -d, gzip.decompress and bz2.decompress do, or an error.
# Seen: the first frame's content alone, without a word; its own stream_reader reads both.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check zstandard==0.25.0

env/bin/python - <<'PY'
import io

import zstandard

frame = zstandard.ZstdCompressor().compress
two = frame(b"id,s\n1,a\n") + frame(b"2,b\n3,c\n")
whole = zstandard.ZstdDecompressor().decompress(two)
streamed = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(two)).read()
print("zstandard", zstandard.__version__, "decompress:", whole, "stream_reader:", streamed)
assert whole == b"id,s\n1,a\n", whole
assert streamed == b"id,s\n1,a\n2,b\n3,c\n", streamed
PY
