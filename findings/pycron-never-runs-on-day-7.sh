#!/usr/bin/env bash
# pycron 3.3.0, is_now and has_been with Sunday as the last day: 7, 1-7, mon-sun.
# Expected: Sunday is 0 or 7, as crontab(5) has it; mon-sun are all days, as names are known and sun
# alone is Sunday; or an error, which cronsim 2.8 raises for what it does not know.
# Seen: 7 never matches, and of a range that ends on Sunday the Sunday is left out. No error: what
# is not known is never now, be it 7, 8 or xyz.
# A job for Sundays or weekends never runs, and one for all days leaves the Sundays out.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check pycron==3.3.0 cronsim==2.8

env/bin/python -W error - <<'PY'
from datetime import datetime, timedelta
from importlib.metadata import version

import pycron
from cronsim import CronSim, CronSimError

print("pycron", version("pycron"))
monday = datetime(2024, 7, 1)
week = [monday + timedelta(days=number) for number in range(7)]
for days, seen in (
    ("0", "Sun"), ("sun", "Sun"), ("1-5", "Mon Tue Wed Thu Fri"), ("sat,sun", "Sat Sun"),
    ("7", ""), ("6,7", "Sat"), ("6-7", "Sat"), ("1-7", "Mon Tue Wed Thu Fri Sat"),
    ("mon-sun", "Mon Tue Wed Thu Fri Sat"), ("fri-sun", "Fri Sat"), ("8", ""), ("xyz", ""),
):
    line = "0 0 * * " + days
    found = " ".join(day.strftime("%a") for day in week if pycron.is_now(line, day))
    print(line, "->", found or "never")
    assert found == seen, found
assert pycron.has_been("0 0 * * 0", monday, week[-1])
assert not pycron.has_been("0 0 * * 7", monday, week[-1])
for line in ("0 0 * * 7", "0 0 * * 1-7"):
    times = CronSim(line, monday - timedelta(days=1))
    first = [next(times).strftime("%a") for _ in range(7)]
    assert "Sun" in first, first
for line in ("0 0 * * 8", "0 0 * * xyz"):
    try:
        CronSim(line, monday)
    except CronSimError as error:
        print("cronsim:", line, error)
    else:
        raise SystemExit("taken: " + line)
PY
