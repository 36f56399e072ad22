"""Loads a batch of orders, given as JSON Lines, into a table; the same batch again changes nothing."""

import csv
import json
import sqlite3
import sys

# Each item is a line of the file, without its head.
rows = list(csv.reader(json.loads(line)["item"] for line in sys.stdin.buffer))
for order, amount in rows:
    if float(amount) < 0:
        sys.exit(f"order {order} has an amount below 0")

with sqlite3.connect(sys.argv[1], timeout=30) as database:
    database.execute("CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, amount REAL)")
    database.executemany(
        "INSERT INTO orders VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET amount = excluded.amount",
        rows,
    )
print(json.dumps({"orders": len(rows)}))
