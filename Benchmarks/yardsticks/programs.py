"""Measures batches per second of a Python worker that imports pandas, by turns: started once per
batch, and going on from batch to batch.

    python3 programs.py TRANCHE [--items N] [--once N] [--persistent N] [--repeats N]

Prints a JSON line for each measurement, and one with the medians and their ratio. The start of the
process counts in both.
"""

import argparse
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

WORKER = """
import pandas
import tranche

def work(batch):
    frame = pandas.DataFrame([item.row for item in batch])
    return {"total": int((frame["qty"] * frame["price"]).sum()), "rows": len(frame)}

tranche.run(work)
"""


def measure(folder, options, batches, way):
    environment = {
        **os.environ,
        "TRANCHE_INVENTORY": f"sqlite:{folder}/inventory.db",
        "TRANCHE_META_DB": f"sqlite:{folder}/orders.db",
        "PYTHONPATH": os.path.join(os.path.dirname(__file__), "../../clients/python"),
    }
    for name in os.listdir(folder):
        if name.startswith("inventory"):
            os.remove(os.path.join(folder, name))
    subprocess.run([options.tranche, "migrate", "up"], env=environment, check=True, stdout=subprocess.DEVNULL)
    command = [options.tranche, "backfill", "--job", "sum", "--meta", "orders", "--run", "bench"]
    command += ["--from", "1", "--to", str(batches * options.items), "--count", str(options.items)]
    command += ["--columns", "qty,price", *(["--persistent"] if way == "persistent" else [])]
    command += ["--", sys.executable, f"{folder}/worker.py"]
    start = time.monotonic()
    subprocess.run(command, env=environment, check=True, stderr=subprocess.DEVNULL)
    seconds = time.monotonic() - start
    with sqlite3.connect(f"{folder}/inventory.db") as database:
        done = database.execute("SELECT count(*) FROM inventory WHERE status = 'succeeded'").fetchone()[0]
    assert done == batches, done
    line = {"suite": "programs", "way": way, "batches": batches, "items": options.items}
    line |= {"seconds": round(seconds, 3), "batches_per_second": round(batches / seconds, 2)}
    print(json.dumps(line), flush=True)
    return batches / seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tranche")
    parser.add_argument("--items", type=int, default=100)
    parser.add_argument("--once", type=int, default=20)
    parser.add_argument("--persistent", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/worker.py", "w", encoding="utf-8") as file:
            file.write(WORKER)
        with sqlite3.connect(f"{folder}/orders.db") as database:
            database.execute("CREATE TABLE orders (uid INTEGER PRIMARY KEY, qty INTEGER, price REAL)")
            rows = max(options.once, options.persistent) * options.items
            database.executemany(
                "INSERT INTO orders VALUES (?, ?, ?)", ((i, i % 97, i % 13 / 4) for i in range(1, rows + 1))
            )
        rates = {"once": [], "persistent": []}
        for _ in range(options.repeats):
            for way, found in rates.items():
                found.append(measure(folder, options, getattr(options, way), way))
    medians = {way: statistics.median(found) for way, found in rates.items()}
    ratio = medians["persistent"] / medians["once"]
    print(json.dumps({"suite": "programs", **{k: round(v, 2) for k, v in medians.items()}, "ratio": round(ratio, 1)}))


main()
