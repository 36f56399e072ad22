#!/usr/bin/env bash
# dateutils 0.4.10 (Debian 0.4.10-1), dateutils.ddiff with months and days: -f '%m %d'.
# Expected: from 31 January to 1 March one month and one day, as its dadd has it: a month after
# 31 January is 28 February, and a day later 1 March. In any case not more days than a month has.
# Seen: 1 month and 62 days, in leap years 1 month and 63; the same from 30 January, and from
# 31 December over two months. Of all pairs up to 90 days apart that start in 2023, four are so.
# Ages and terms that are counted in months and days are two months too long, once a year.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq dateutils=0.4.10-1 2>/dev/null
dpkg-deb --show dateutils_*.deb
dpkg-deb -x dateutils_*.deb program

is() { # EXPECTED COMMAND ARGUMENT...
    local expected=$1 out
    shift
    out=$("program/usr/bin/dateutils.$1" "${@:2}")
    printf '%s: %s\n' "${*:2}" "$out"
    [ "$out" = "$expected" ]
}
is 2023-02-28 dadd 2023-01-31 +1mo
is 29 ddiff 2023-01-31 2023-03-01 -f %d
is '1 3' ddiff 2023-01-28 2023-03-03 -f '%m %d'
is '1 62' ddiff 2023-01-31 2023-03-01 -f '%m %d'
is '1 63' ddiff 2023-01-31 2023-03-02 -f '%m %d'
is '1 63' ddiff 2023-01-30 2023-03-01 -f '%m %d'
is '1 63' ddiff 2024-01-31 2024-03-01 -f '%m %d'
is '0 2 63' ddiff 2023-12-31 2024-03-01 -f '%y %m %d'

python3 - <<'PY'
import subprocess
from datetime import date, timedelta

found = []
for number in range(365):
    first = date(2023, 1, 1) + timedelta(days=number)
    others = [str(first + timedelta(days=days)) for days in range(90)]
    command = ["program/usr/bin/dateutils.ddiff", str(first), "-f", "%m %d"]
    lines = subprocess.run(command, input="\n".join(others), check=True, text=True,
                           stdout=subprocess.PIPE).stdout.splitlines()
    assert len(lines) == len(others)
    found += [(str(first), *pair) for pair in zip(others, lines) if int(pair[1].split()[1]) > 31]
print(found)
assert found == [
    ("2023-01-30", "2023-03-01", "1 63"), ("2023-01-31", "2023-03-01", "1 62"),
    ("2023-01-31", "2023-03-02", "1 63"), ("2023-12-31", "2024-03-01", "2 63"),
], found
PY
