#!/usr/bin/env bash
# csvkit 2.2.0 (agate 1.14.2), csvjson of plain columns, without options.
# Expected: texts stay texts; at most numbers and ISO dates are recognised.
# Seen: weekdays and months become days of the year 1, codes such as 1h and 2d durations, decimal commas are dropped
# (1,5 is 15), postcodes lose their zeros: all with exit status 0.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check csvkit==2.2.0 agate==1.14.2

env/bin/python - <<'PY'
import json
import subprocess
import warnings

def converted(text):
    run = subprocess.run(
        ["env/bin/csvjson", "--snifflimit", "0"], input=text, capture_output=True, text=True, check=True
    )
    return [list(row.values())[0] for row in json.loads(run.stdout)]

seen = {
    "weekdays": converted("day\nMon\nSun\nSat\n"),
    "months": converted("month\nMarch\nMay\nApril\n"),
    "codes": converted("code\n1h\n2d\n3m\n"),
    "decimal commas": converted('price\n"1,5"\n"0,25"\n'),
    "postcodes": converted("zip\n01234\n00501\n"),
}
print("csvkit 2.2.0", seen)
assert all(value.startswith("0001-01-") for value in seen["weekdays"]), seen
assert seen["months"][0].startswith("0001-03-"), seen
assert seen["codes"] == ["1:00:00", "2 days, 0:00:00", "0:03:00"], seen
assert seen["decimal commas"] == [15.0, 25.0], seen
assert seen["postcodes"] == [1234.0, 501.0], seen
PY
