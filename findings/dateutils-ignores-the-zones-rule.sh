#!/usr/bin/env bash
# dateutils 0.4.10 (Debian 0.4.10-1), dateutils.dconv between UTC and time zones that have summer
# time, with two kinds of the zones' files: "slim" ones, as zic writes them by default since 2020b
# (the wheel tzdata 2025.2), and "fat" ones (the wheel pytz 2025.2), as Debian has them.
# Expected: local time. Both end with the rule for later years, and Python's zoneinfo reads both
# alike.
# Seen: the rule is ignored; what was in force last holds for all time. With the slim file Berlin
# has summer time in all winters since 1997, and New York since 2008; with the fat one there is no
# summer time from 2038 on. The same for local times that are turned into UTC (--from-zone). No
# word. The manual pages do not mention it, and issue 130 of hroptatyr/dateutils has slim files as
# ones that can be read.
# Where a system or a container has slim files, half of all local times are an hour off.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq dateutils=0.4.10-1 2>/dev/null
dpkg-deb --show dateutils_*.deb
dpkg-deb -x dateutils_*.deb program
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check tzdata==2025.2 pytz==2025.2
for zone in Europe/Berlin America/New_York; do
    cp "$(find env -path "*/tzdata/zoneinfo/$zone")" "slim.${zone#*/}"
    cp "$(find env -path "*/pytz/zoneinfo/$zone")" "fat.${zone#*/}"
done

python3 - <<'PY'
import os
import subprocess
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo


def convert(option, name, time):
    command = ["program/usr/bin/dateutils.dconv", option, os.path.abspath(name), time.isoformat()]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return datetime.fromisoformat(output.strip())


for town, year, winter in (("Berlin", 1997, 1), ("New_York", 2008, -5)):
    for kind in ("slim", "fat"):
        name = f"{kind}.{town}"
        with open(name, "rb") as file:
            zone = ZoneInfo.from_file(file)
        wrong = set()
        for month in (1, 7):
            for each in range(1990, 2051):
                noon = datetime(each, month, 1, 12)
                local = noon.replace(tzinfo=timezone.utc).astimezone(zone).replace(tzinfo=None)
                offset = winter if month == 1 else winter + 1
                assert local == noon + timedelta(hours=offset), local
                seen = convert("--zone", name, noon)
                back = convert("--from-zone", name, local)
                assert (seen == local) == (back == noon), (name, noon, seen, back)
                if seen != local:
                    assert abs(seen - local) == timedelta(hours=1), (name, noon, seen)
                    wrong.add((each, month))
        right = {(each, 1) for each in range(year, 2051)} if kind == "slim" else {
            (each, 7) for each in range(2038, 2051)}
        print(f"{name}: an hour off in month {sorted({month for _, month in wrong})} of",
              f"{min(wrong)[0]} to {max(wrong)[0]}")
        assert wrong == right, wrong ^ right
PY
