"""Splits what was validated into the tables `sensor` and `precipitation`."""

import json
import sqlite3
import sys

database = sqlite3.connect(sys.argv[1], timeout=60)
with database:
    database.execute(
        "CREATE TABLE IF NOT EXISTS sensor (sensor PRIMARY KEY, latitude, longitude)"
    )
    database.execute(
        "CREATE TABLE IF NOT EXISTS precipitation (file, line, sensor, precipitation,"
        " PRIMARY KEY (file, line))"
    )
    for line in sys.stdin.buffer:
        event = json.loads(line)
        # The event is a batch of `validate`: its result is in the payload.
        for file in event["payload"]["result"]["files"]:
            # What the file had before it was corrected goes.
            database.execute("DELETE FROM sensor WHERE sensor NOT IN (SELECT sensor FROM cleansed)")
            database.execute(
                "INSERT OR REPLACE INTO sensor"
                " SELECT sensor, latitude, longitude FROM cleansed WHERE file = ?",
                [file],
            )
            database.execute("DELETE FROM precipitation WHERE file = ?", [file])
            database.execute(
                "INSERT INTO precipitation"
                " SELECT file, line, sensor, precipitation FROM cleansed WHERE file = ?",
                [file],
            )
