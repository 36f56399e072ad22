#!/usr/bin/env bash
# pgdbf 0.6.2 (Debian 0.6.2-1.1+b2), which writes dBASE tables as SQL for PostgreSQL; logical fields
# that hold "?" or a space, as dBASE and its libraries write them where nothing was entered.
# Expected: NULL, as it writes for numbers and dates that are empty. dbfread 2.0.7 reads None.
# Seen: f, as for F and N. Exit status 0, no word; the manual does not mention it.
# Who was not asked has said no, and nobody can tell later which rows were empty.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq pgdbf=0.6.2-1.1+b2 2>/dev/null
dpkg-deb --show pgdbf_*.deb
dpkg-deb -x pgdbf_*.deb program
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check dbf==0.99.11 dbfread==2.0.7

env/bin/python - <<'PY'
import datetime

import dbf
import dbfread

table = dbf.Table("asked.dbf", "name C(4); agreed L; since D; amount N(6,2)", codepage="cp1252")
table.open(dbf.READ_WRITE)
table.append(("ann", True, datetime.date(2024, 1, 2), 5))
table.append(("bob", False, None, None))
table.append(("eve", None, None, None))
table.append(("joe", None, None, None))
table.close()
# The other way to leave it out: a space.
data = open("asked.dbf", "rb").read()
at = data.index(b"joe ") + 4
assert data[at : at + 1] == b"?"
open("asked.dbf", "wb").write(data[:at] + b" " + data[at + 1 :])
agreed = [row["AGREED"] for row in dbfread.DBF("asked.dbf")]
print("dbfread", agreed)
assert agreed == [True, False, None, None], agreed
PY
program/usr/bin/pgdbf asked.dbf | tee asked.sql
[ "$(sed -n '/^.COPY/,/^\\\.$/p' asked.sql | sed '1d;$d')" = $'ann\tt\t2024-01-02\t5.00
bob\tf\t\\N\t\\N
eve\tf\t\\N\t\\N
joe\tf\t\\N\t\\N' ]
