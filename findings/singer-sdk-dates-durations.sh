#!/usr/bin/env bash
# Meltano's singer-sdk 0.54.9, a tap whose records hold timedelta, as drivers give for INTERVAL
# (PostgreSQL) and TIME (MySQL), in a property of DurationType.
# Expected: a duration of ISO 8601, P1DT2H, as the schema that is written says "format": "duration".
# Seen: a point in time: 1970 and the duration after it. A day and two hours are
# 1970-01-02T02:00:00+00:00, minus five minutes 1969-12-31T23:55:00+00:00. The same in a property of
# StringType, and in one of NumberType. Nothing is logged of it.
# The target stores times where the source has durations, and their sums and means are lost.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check singer-sdk==0.54.9

cat >tap.py <<'PY'
from datetime import timedelta

from singer_sdk import Stream, Tap
from singer_sdk import typing as th


class Jobs(Stream):
    name = "jobs"
    schema = th.PropertiesList(
        th.Property("took", th.DurationType),
        th.Property("text", th.StringType),
        th.Property("number", th.NumberType),
    ).to_dict()

    def get_records(self, context):
        for value in (timedelta(seconds=90), timedelta(days=1, hours=2), timedelta(minutes=-5)):
            yield {"took": value, "text": value, "number": value}


class Jobber(Tap):
    name = "tap-jobber"
    config_jsonschema = th.PropertiesList().to_dict()

    def discover_streams(self):
        return [Jobs(self)]


Jobber.cli()
PY
env/bin/python tap.py >messages 2>log || { cat log >&2 && exit 1; }
if grep -i -E 'warn|error' log; then exit 1; fi

env/bin/python - <<'PY'
import json
from importlib.metadata import version

messages = [json.loads(line) for line in open("messages")]
schema = next(message["schema"] for message in messages if message["type"] == "SCHEMA")
records = [message["record"] for message in messages if message["type"] == "RECORD"]
print("singer-sdk", version("singer-sdk"), schema["properties"]["took"])
assert schema["properties"]["took"]["format"] == "duration", schema
times = ["1970-01-01T00:01:30+00:00", "1970-01-02T02:00:00+00:00", "1969-12-31T23:55:00+00:00"]
for record, time in zip(records, times, strict=True):
    print(record)
    assert record == {"took": time, "text": time, "number": time}, record
PY
