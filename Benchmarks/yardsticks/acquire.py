"""The least that acquiring and ending a batch can cost on SQLite: python3 acquire.py FILE SECONDS [ITEMS [fused]]

Prints batches per second. WAL, synchronous full; two commits a batch, or, fused, one: a batch is ended in the
transaction that acquires the next.
"""
import sqlite3
import sys
import time

RANGE = """
SELECT min(id), max(id), count(*), sum(weight) FROM (
    SELECT id, weight, sum(weight) OVER (ORDER BY id) AS total FROM (
        SELECT id, weight FROM items_1000000 WHERE id > :last ORDER BY id LIMIT 2 * :items))
WHERE total <= :items
"""


END = "UPDATE yardstick_batch SET status = 'succeeded', ended = current_timestamp WHERE id = ?"


def main(path, seconds, items_wanted="100", fused=None):
    seconds, items_wanted = float(seconds), int(items_wanted)
    c = sqlite3.connect(path, isolation_level=None, timeout=10, cached_statements=64)
    c.execute("PRAGMA journal_mode = wal")
    c.execute("PRAGMA synchronous = full")
    c.execute("PRAGMA cache_size = -16384")
    c.executescript("""
        CREATE TABLE IF NOT EXISTS yardstick_run (id INTEGER PRIMARY KEY, last_id INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS yardstick_batch (
            id INTEGER PRIMARY KEY AUTOINCREMENT, job INTEGER NOT NULL, first INTEGER NOT NULL,
            last INTEGER NOT NULL, items INTEGER NOT NULL, weight REAL, status TEXT NOT NULL,
            started TEXT, ended TEXT);
        CREATE INDEX IF NOT EXISTS yardstick_batch_job_idx ON yardstick_batch (job, last);
        DELETE FROM yardstick_batch;
        INSERT OR REPLACE INTO yardstick_run VALUES (1, 0);
    """)
    highest = c.execute("SELECT max(id) FROM items_1000000").fetchone()[0]
    batches = 0
    batch = None
    start = time.perf_counter()
    while time.perf_counter() < start + seconds:
        c.execute("BEGIN IMMEDIATE")
        if fused and batch:
            c.execute(END, (batch,))
        last = c.execute("SELECT last_id FROM yardstick_run WHERE id = 1").fetchone()[0]
        first, end, items, weight = c.execute(
            RANGE, {"last": last, "items": items_wanted}
        ).fetchone()
        batch = c.execute(
            "INSERT INTO yardstick_batch (job, first, last, items, weight, status, started)"
            " VALUES (1, ?, ?, ?, ?, 'running', current_timestamp)",
            (first, end, items, weight),
        ).lastrowid
        c.execute(
            "UPDATE yardstick_run SET last_id = ? WHERE id = 1",
            (0 if end > highest - 1000 else end,),
        )
        c.execute("COMMIT")
        c.execute("SELECT item FROM items_1000000 WHERE id BETWEEN ? AND ? ORDER BY id", (first, end)).fetchall()
        if not fused:
            c.execute(END, (batch,))
        batches += 1
    print(batches / (time.perf_counter() - start))


main(*sys.argv[1:])
