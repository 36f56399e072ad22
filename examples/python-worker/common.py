"""What both examples share: a table of items, and a way to run `tranche`."""

import os
import shutil
import sqlite3
import subprocess

TRANCHE = os.environ.get("TRANCHE") or shutil.which("tranche")
JOB = ["--job", "sum", "--meta", "files", "--uid", "id", "--item", "path"]
JOB += ["--weight-column", "size_in_bytes"]


def make_files(folder):
    """Makes a meta table of ten files, and names it and the inventory to tranche."""
    database = sqlite3.connect(f"{folder}/files.db")
    database.execute("CREATE TABLE files (id INTEGER PRIMARY KEY, path TEXT, size_in_bytes INTEGER)")
    rows = [(id, f'/data/{id} "é".csv', id * 10) for id in range(1, 11)]
    database.executemany("INSERT INTO files VALUES (?, ?, ?)", rows)
    database.commit()
    database.close()
    os.environ["TRANCHE_INVENTORY"] = f"sqlite:{folder}/inventory.db"
    os.environ["TRANCHE_META_DB"] = f"sqlite:{folder}/files.db"
    tranche("migrate", "up")


def tranche(*arguments, may_exit_with=()):
    """Runs tranche and returns its exit status and standard output."""
    if TRANCHE is None:
        raise SystemExit("put tranche into PATH, or its path into TRANCHE")
    # tranche reads and writes UTF-8, whatever the locale is.
    words = [argument.encode() for argument in arguments]
    done = subprocess.run([TRANCHE, *words], stdout=subprocess.PIPE)
    if done.returncode not in (0, *may_exit_with):
        raise SystemExit(f"tranche {arguments[0]} ended with {done.returncode}")
    return done.returncode, done.stdout.decode()
