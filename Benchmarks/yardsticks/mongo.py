"""Loads a CSV file into MongoDB with pymongo's bulk_write, as yardstick; prints rows and seconds.

usage: mongo.py URL DATABASE FILE
"""

import csv
import sys
import time
from datetime import datetime

from pymongo import MongoClient, ReplaceOne

url, database, path = sys.argv[1:]
collection = MongoClient(url, directConnection=True)[database].yardstick
collection.drop()
collection.create_index("id", unique=True)


def document(row):
    return {
        "id": int(row["id"]),
        "name": row["name"],
        "category": row["category"],
        "amount": float(row["amount"]),
        "created_at": datetime.fromisoformat(row["created_at"]),
        "active": row["active"] == "true",
    }


start = time.perf_counter()
rows = 0
batch = []


def write():
    if batch:
        collection.bulk_write(batch, ordered=False)
        batch.clear()


with open(path, newline="", encoding="utf-8") as file:
    for row in csv.DictReader(file):
        made = document(row)
        batch.append(ReplaceOne({"id": made["id"]}, made, upsert=True))
        rows += 1
        if len(batch) == 5000:
            write()
write()
print(rows, time.perf_counter() - start)
