#!/usr/bin/env bash
# Miller 6.6.0 (Debian 6.6.0-2), CSV to JSON Lines with `mlr --icsv --ojsonl cat`.
# Expected: JSON. What JSON cannot spell as a number is text, as "007" is.
# Seen: 0xff, 0o17, 0b11, .5 and 5. are written bare, as they were read: no line of them is JSON, and the exit
# status is 0. Hexadecimal ids and prices such as .99 are common in CSV.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# The one Debian 12 has: 6.6.0-2, built anew as +b3 for some processors.
apt-get download -qq miller=6.6.0-2+b3 2>/dev/null || apt-get download -qq miller=6.6.0-2
dpkg-deb --show miller_*.deb
case $(dpkg-deb --field miller_*.deb Version) in
6.6.0-2 | 6.6.0-2+b3) ;;
*) echo "another version than the one that this was seen with" >&2 && exit 1 ;;
esac
dpkg-deb -x miller_*.deb program

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
