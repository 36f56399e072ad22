"""Reads all fields of a file of JSON Lines with DuckDB on one thread; prints rows and seconds of processor time."""
import resource
import sys

import duckdb

connection = duckdb.connect()
connection.execute("SET threads = 1")
fields = "max(id), max(name), max(amount), max(active), max(created_at), max(note)"


def used():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


before = used()
rows = connection.execute(f"SELECT count(*), {fields} FROM read_json(?)", [sys.argv[1]]).fetchone()
print(rows[0], used() - before)
