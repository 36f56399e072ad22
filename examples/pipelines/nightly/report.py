"""Says what the orders add up to."""

import json
import sqlite3
import sys

with sqlite3.connect(sys.argv[1], timeout=30) as database:
    database.execute("CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, amount REAL)")
    count, total = database.execute("SELECT count(*), total(amount) FROM orders").fetchone()
print(json.dumps({"orders": count, "total": total}))
