#!/usr/bin/env bash
# aniso8601 10.0.1, parse_datetime, parse_interval and parse_repeating_interval of times that end a day: 24:00.
# Expected: the first moment of the next day, which is what ISO 8601 means by 24:00 with a date; or an error, as for
# 24:01. python-dateutil 2.9.0.post0 gives the next day.
# Seen: 24:00 of a date is 00:00 of the same date, a day too early, with and without a zone. The interval of one day,
# 2024-01-01T00:00/2024-01-01T24:00, starts and ends at the same moment. No warning.
# The window of a day's batch is empty, and a reading at the end of the day comes before all others of that day.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check aniso8601==10.0.1 python-dateutil==2.9.0.post0

env/bin/python - <<'PY'
from datetime import timedelta
from importlib.metadata import version

import aniso8601
from dateutil.parser import isoparse

print("aniso8601", version("aniso8601"), "dateutil", version("python-dateutil"))
for text in ("2024-01-02T24:00:00Z", "2024-01-02T24:00", "20240102T240000", "2024-01-02T24:00:00+01:00"):
    seen, right = aniso8601.parse_datetime(text), isoparse(text)
    print(text, seen.isoformat(), "dateutil", right.isoformat())
    assert right - seen == timedelta(days=1)
try:
    aniso8601.parse_datetime("2024-01-02T24:01:00Z")
except ValueError as error:
    print("refused: 24:01,", error)
else:
    raise SystemExit("24:01 was taken")

start, end = aniso8601.parse_interval("2024-01-01T00:00/2024-01-01T24:00")
print("a day:", start.isoformat(), end.isoformat())
assert start == end, (start, end)
days = list(aniso8601.parse_repeating_interval("R3/2024-01-01T00:00/2024-01-01T24:00"))
print("three days:", *(day.isoformat() for day in days))
assert len(set(days)) == 1, days
PY
