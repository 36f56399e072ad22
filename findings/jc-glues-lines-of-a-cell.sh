#!/usr/bin/env bash
# jc 1.26.1, --csv and --csv-s, of quoted cells that hold line breaks, as RFC 4180 has them and
# spreadsheets write them.
# Expected: the line break in the JSON ("\n"), as Python's csv gives it, which jc reads with.
# Seen: it is taken out, with nothing in its place: "12 High Street" and "York" below it become
# "12 High StreetYork". Blank lines in a cell go as well. No warning. The module's parse does the
# same, and takes out U+2028 and form feeds.
# Addresses and notes are changed for good, and lists of one item a line become one word.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check jc==1.26.1

cat >in.csv <<'CSV'
id,address
1,"12 High Street
York"
2,"first

second"
CSV
is() { # EXPECTED COMMAND...
    local expected=$1 out
    shift
    out=$("$@" <in.csv 2>&1)
    printf '%s\n' "$out"
    [ "$out" = "$expected" ]
}
is '{"id": "1", "address": "12 High Street\nYork"}
{"id": "2", "address": "first\n\nsecond"}' env/bin/python -c 'import csv, json, sys
for row in csv.DictReader(sys.stdin): print(json.dumps(row))'
is '[{"id":"1","address":"12 High StreetYork"},{"id":"2","address":"firstsecond"}]' env/bin/jc --csv
is '{"id":"1","address":"12 High StreetYork"}
{"id":"2","address":"firstsecond"}' env/bin/jc --csv-s

env/bin/python - <<'PY'
from importlib.metadata import version

import jc

seen = jc.parse("csv", 'id,note\n1,"a\u2028b\fc"\n')
print("jc", version("jc"), seen)
assert seen == [{"id": "1", "note": "abc"}], seen
PY
