"""Validates the rows of files into the table `cleansed`, each file whole or not at all."""

import csv
import json
import sqlite3
import sys


def fault(row):
    """Says what is wrong with a row; None where nothing is."""
    if float(row["precipitation"]) < 0:
        return "precipitation is below 0"
    if not -90 <= float(row["latitude"]) <= 90:
        return "latitude is not from -90 to 90"
    if not -180 <= float(row["longitude"]) <= 180:
        return "longitude is not from -180 to 180"
    return None


database = sqlite3.connect(sys.argv[1], timeout=60)
count = 0
paths = []
with database:
    database.execute(
        "CREATE TABLE IF NOT EXISTS cleansed (file, line, sensor, latitude, longitude,"
        " precipitation, PRIMARY KEY (file, line))"
    )
    for line in sys.stdin.buffer:
        event = json.loads(line)
        paths.append(event["id"])
        # The same file may come again, and have fewer lines.
        database.execute("DELETE FROM cleansed WHERE file = ?", [event["id"]])
        with open(event["id"].encode(), newline="", encoding="utf-8") as file:
            for number, row in enumerate(csv.DictReader(file), start=2):
                if words := fault(row):
                    sys.exit(f"Row failed validation: line {number}: {words}")
                database.execute(
                    "INSERT INTO cleansed VALUES (?, ?, ?, ?, ?, ?)",
                    [event["id"], number, row["sensor"], row["latitude"], row["longitude"],
                     row["precipitation"]],
                )
                count += 1
print(json.dumps({"files": paths, "rows": count}))
