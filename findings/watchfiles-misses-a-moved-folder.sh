#!/usr/bin/env bash
# watchfiles 1.3.0, watch of a folder into which a folder with files is moved (Linux, inotify).
# Expected: the files are named as added, as they are with force_polling, and as they are when they
# are written there one by one.
# Seen: the folder is named, and none of its files, then or later. What is written into it
# afterwards is named. When it is renamed, the new and the old folder are named, and again no file.
# A delivery that is put together elsewhere and moved in at once, so that nobody reads half of it,
# is not loaded by who waits for *.csv.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check watchfiles==1.3.0

env/bin/python -W error - <<'PY'
import os
import threading
import time
from importlib.metadata import version

from watchfiles import watch


def seen(inbox, polling):
    added, stop = set(), threading.Event()

    def follow():
        for changes in watch(inbox, stop_event=stop, force_polling=polling, rust_timeout=200):
            for change, path in changes:
                if change.name == "added":
                    added.add(os.path.relpath(path, os.path.abspath(inbox)))

    def wait_for(*names):
        for _ in range(200):
            if added.issuperset(names):
                return
            time.sleep(0.05)

    os.makedirs(inbox)
    os.makedirs(f"elsewhere/{inbox}")
    for name in ("shops.csv", "sales.csv"):
        with open(f"elsewhere/{inbox}/{name}", "w") as file:
            file.write("id\n1\n")
    thread = threading.Thread(target=follow)
    thread.start()
    time.sleep(2)
    os.rename(f"elsewhere/{inbox}", f"{inbox}/day")
    wait_for("day")
    time.sleep(2)
    with open(f"{inbox}/day/late.csv", "w") as file:
        file.write("id\n2\n")
    wait_for("day/late.csv")
    os.rename(f"{inbox}/day", f"{inbox}/done")
    wait_for("done")
    time.sleep(2)
    stop.set()
    thread.join()
    return sorted(added)


print("watchfiles", version("watchfiles"))
polled = seen("polled", True)
print("polling:", polled)
assert {"day/shops.csv", "day/sales.csv", "day/late.csv", "done/shops.csv"} <= set(polled), polled
told = seen("told", False)
print("inotify:", told)
assert told == ["day", "day/late.csv", "done"], told
PY
