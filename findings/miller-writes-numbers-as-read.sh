#!/usr/bin/env bash
# Miller 6.6.0 (Debian 6.6.0-2), CSV to JSON Lines with `mlr --icsv --ojsonl cat`.
# Expected: JSON. What JSON cannot spell as a number is text, as "007" is.
# Seen: 0xff, 0o17, 0b11, .5 and 5. are written bare, as they were read: no line of them is JSON, and the exit
# status is 0. Hexadecimal ids and prices such as .99 are common in CSV.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq miller=6.6.0-2+b3 2>/dev/null || apt-get download -qq miller=6.6.0-2
dpkg-deb -x miller_*.deb program
# What the package says of itself is what was installed.
dpkg-deb --show miller_*.deb

printf 'v\n007\n0xff\n0o17\n0b11\n.5\n5.\n1.5\n' | program/usr/bin/mlr --icsv --ojsonl cat >out.jsonl
cat out.jsonl
python3 - <<'PY'
import json

refused = []
for line in open("out.jsonl"):
    try:
        json.loads(line)
    except ValueError:
        refused.append(line.strip())
assert refused == ['{"v": 0xff}', '{"v": 0o17}', '{"v": 0b11}', '{"v": .5}', '{"v": 5.}'], refused
print(len(refused), "of 7 lines are no JSON")
PY
