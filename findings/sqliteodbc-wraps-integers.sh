#!/usr/bin/env bash
# SQLite ODBC driver 0.9998 (Debian libsqliteodbc 0.9998-3+b1), through unixODBC and pyodbc 5.5.0.
# Expected: whole numbers of INTEGER columns as SQLite holds them, with 64 bits, or an error for
# what does not fit in 32.
# Seen: the column is SQL_INTEGER, and the driver hands out the lowest 32 bits: a time in
# milliseconds, 1700000000123, is -807049093, the row with the id 4294967297 has the id 1, and
# WHERE id = 4294967297 finds it so. max(at) is cut as well. No word. What is written keeps its
# 64 bits. Columns of BIGINT are right, and all with BigInt=1, which its README names without the
# reason.
# Ids and times that are copied from SQLite by ODBC are others than they were, and some are twice.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq libsqliteodbc=0.9998-3+b1 libsqlite3-0=3.40.1-2+deb12u2 \
    libodbc2=2.3.11-2+deb12u1 libodbcinst2=2.3.11-2+deb12u1 libltdl7=2.4.7-7~deb12u1 2>/dev/null
dpkg-deb --show libsqliteodbc_*.deb
for package in ./*.deb; do dpkg-deb -x "$package" program; done
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check pyodbc==5.5.0

env/bin/python - <<'PY'
import sqlite3

base = sqlite3.connect("events.db")
base.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, at INTEGER, big BIGINT)")
base.executemany("INSERT INTO events VALUES (?, ?, ?)", [
    (1, 1700000000, 1), (4294967297, 1700000000123, 1700000000123), (4294967298, 2**31, 2**31),
])
base.commit()
PY
driver=$(find "$PWD/program" -name libsqlite3odbc.so)
libraries=$(dirname "$(find "$PWD/program" -name libodbc.so.2)")
DRIVER=$driver LD_LIBRARY_PATH=$libraries env/bin/python - <<'PY'
import os

import pyodbc


def rows(query, *values, options=""):
    link = pyodbc.connect(f"Driver={os.environ['DRIVER']};Database=events.db;{options}")
    found = [tuple(row) for row in link.execute(query, values)]
    link.close()
    return found


right = [(1, 1700000000, 1), (4294967297, 1700000000123, 1700000000123),
         (4294967298, 2**31, 2**31)]
seen = rows("SELECT id, at, big FROM events ORDER BY id")
print("by ODBC:", seen)
assert seen == [(1, 1700000000, 1), (1, -807049093, 1700000000123), (2, -(2**31), 2**31)], seen
one = rows("SELECT id FROM events WHERE id = ?", 4294967297)
most = rows("SELECT max(at) FROM events")
print("WHERE id = 4294967297:", one, "max(at):", most)
assert one == [(1,)] and most == [(-807049093,)], (one, most)
assert rows("SELECT id, at, big FROM events ORDER BY id", options="BigInt=1;") == right
PY
