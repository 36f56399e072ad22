#!/usr/bin/env bash
# Luigi 3.8.1, TimeDeltaParameter, which takes durations of ISO 8601 and "1 week 2 days" or "1 h".
# Expected: the duration, or the error that PT0.5S, "1.5h" and "1 year" give.
# Seen: what it knows from the beginning is taken, and the rest dropped: PT1M30.5S is one minute,
# P1DT0.5H and "1 day, 2 hours" are one day. A unit is known by its first letter: 500ms are 500
# minutes, and "2 months" two minutes. No warning.
# A look back that is given so leaves files out, and a pause lasts for hours.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check luigi==3.8.1

env/bin/python -W error::UserWarning - <<'PY'
from datetime import timedelta
from importlib.metadata import version

import luigi
from luigi.parameter import ParameterException

parse = luigi.TimeDeltaParameter().parse
print("Luigi", version("luigi"))
for text in ("1.5h", "1 year", "PT0.5S"):
    try:
        parse(text)
    except ParameterException as error:
        print("refused:", error)
    else:
        raise SystemExit(f"{text} was taken")
seen = {
    "1 day 2 hours": timedelta(days=1, hours=2),
    "1 day, 2 hours": timedelta(days=1),
    "1 day and 2 hours": timedelta(days=1),
    "90m 1h": timedelta(minutes=90),
    "PT1M30S": timedelta(minutes=1, seconds=30),
    "PT1M30.5S": timedelta(minutes=1),
    "P1DT0.5H": timedelta(days=1),
    "500ms": timedelta(minutes=500),
    "2 months": timedelta(minutes=2),
}
for text, duration in seen.items():
    print(text, "->", parse(text))
    assert parse(text) == duration, text
PY
