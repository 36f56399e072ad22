#!/usr/bin/env bash
# systemd-cron 1.15.19-5 (Debian 12), which turns crontabs into timers; days of month and of week.
# Expected: 30 4 1,15 * 5 runs on the 1st, on the 15th, and on every Friday: its crontab(5) gives
# this example, and says that either field is enough, as cron has it. 5-7 is Friday to Sunday, as
# it says that ranges include their ends, and that 7 is Sunday.
# Seen: the timer is "Fri *-*-1,15", which to systemd is a Friday that is a 1st or a 15th: four
# days of 2024 in place of 72. Of 5-7 and 6-7 it makes a timer of each day; of these, but not of the
# other, the log says "garbled time".
# A crontab that is taken over from cron runs some loads hardly ever, and others too often.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq systemd-cron=1.15.19-5 2>/dev/null
dpkg-deb --show systemd-cron_*.deb
dpkg-deb -x systemd-cron_*.deb program

# The generator as a module, as it reads the crontabs of the system otherwise.
python3 - 2>errors <<'PY'
import importlib.machinery
import importlib.util
import itertools
import pathlib
import tempfile
from datetime import date, timedelta

name = str(next(pathlib.Path("program").rglob("systemd-crontab-generator")))
loader = importlib.machinery.SourceFileLoader("generator", name)
generator = importlib.util.module_from_spec(importlib.util.spec_from_loader("generator", loader))
loader.exec_module(generator)


def timers(times):
    pathlib.Path("crontab").write_text(times + " echo done\n")
    with tempfile.TemporaryDirectory() as folder:
        generator.TARGET_DIR, generator.TIMERS_DIR = folder, folder + "/wants"
        pathlib.Path(generator.TIMERS_DIR).mkdir()
        for job in generator.parse_crontab("crontab", withuser=False):
            generator.generate_timer_unit(job, seq=itertools.count())
        text = "".join(path.read_text() for path in pathlib.Path(folder).glob("*.timer"))
    return [row[len("OnCalendar="):] for row in text.splitlines() if row.startswith("OnCalendar=")]


for times, seen in (
    ("30 4 1,15 * *", "*-*-1,15"), ("30 4 * * 5", "Fri *-*-*"),
    ("30 4 * * 5,6,7", "Sun,Fri,Sat *-*-*"),
    ("30 4 1,15 * 5", "Fri *-*-1,15"), ("30 4 13 * 1-5", "Mon,Tue,Wed,Thu,Fri *-*-13"),
    ("30 4 * * 5-7", "*-*-*"), ("30 4 * * 6-7", "*-*-*"),
):
    found = [row.strip() for row in timers(times)]
    print(times, "->", found)
    assert found == [seen + " 4:30:00"], found

days = [date(2024, 1, 1) + timedelta(days=number) for number in range(366)]
either = sum(day.day in (1, 15) or day.weekday() == 4 for day in days)
both = sum(day.day in (1, 15) and day.weekday() == 4 for day in days)
print("days of 2024 that are a 1st, a 15th or a Friday:", either, "both:", both)
assert (either, both) == (72, 4), (either, both)
PY
cat errors
[ "$(grep -c garbled errors)" -eq 2 ]
