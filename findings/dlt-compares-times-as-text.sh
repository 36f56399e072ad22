#!/usr/bin/env bash
# dlt 1.31.0 (DuckDB 2.0.1), dlt.sources.incremental on a field of JSON with times such as
# 2026-05-04T10:00:00Z, which dlt recognises: the column that it makes is TIMESTAMP WITH TIME ZONE.
# Expected: what is later than the last value that was loaded is loaded.
# Seen: the times are compared as text. After 10:00:00Z a row of 10:00:00.5Z is old, as a full stop
# comes before Z: Go and others leave zeros out so. After 02:30+02:00 one of 02:10+01:00 is old,
# although it is 40 minutes later: the hour in which summer time ends. The rows are dropped, however
# often the source delivers them, and nothing tells of them. With datetime objects all are loaded.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check dlt==1.31.0 duckdb==2.0.1
export HOME=$work DLT_DATA_DIR=$work/state RUNTIME__DLTHUB_TELEMETRY=false

env/bin/python - <<'PY'
from datetime import datetime

import dlt
import duckdb

print("dlt", dlt.__version__, "DuckDB", duckdb.__version__)


def polls(values):
    rows = [{"id": id, "changed": value} for id, value in enumerate(values)]
    return [rows[:number] for number in range(1, len(rows) + 1)]


def loaded(name, polls):
    path = f"{name}.duckdb"
    pipeline = dlt.pipeline(name, destination=dlt.destinations.duckdb(path), dataset_name="load")
    for rows in polls:

        @dlt.resource(name="rows")
        def delivery(changed=dlt.sources.incremental("changed")):
            yield rows

        pipeline.run(delivery())
    with duckdb.connect(path) as database:
        rows = database.sql("select id, typeof(changed) from load.rows order by id").fetchall()
        assert {row[1] for row in rows} == {"TIMESTAMP WITH TIME ZONE"}, rows
        return [row[0] for row in rows]


cases = {
    "fractions": ["2026-05-04T10:00:00Z", "2026-05-04T10:00:00.5Z", "2026-05-04T10:00:01Z"],
    "autumn": [
        "2026-10-25T02:30:00+02:00",
        "2026-10-25T02:10:00+01:00",
        "2026-10-25T03:00:00+01:00",
    ],
}
for name, texts in cases.items():
    times = [datetime.fromisoformat(text) for text in texts]
    assert times == sorted(times)
    seen = loaded(name, polls(texts))
    right = loaded(f"{name}_times", polls(times))
    print(*texts, "loaded as text:", seen, "as datetime:", right)
    assert seen == [0, 2], seen
    assert right == [0, 1, 2], right
PY
