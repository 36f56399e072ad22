"""Has two versions of the program work on one inventory under kills, and compares every id.

usage: old_and_new.py OLD NEW ROUNDS

Workers of the old version begin. While they work the new one migrates, and workers of the new one
come; all are killed at random and started again, the old ones for as long as the inventory lets
them in. In the end each id must have been handed out in just one batch, and written in the
attempt that succeeded.
"""
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

from own_postgresql import exit_on_sigterm

ITEMS = 4000
WORK = 'cat > "$OUT/.$TRANCHE_BATCH.$TRANCHE_ATTEMPT" && mv "$OUT/.$TRANCHE_BATCH.$TRANCHE_ATTEMPT" ' \
    '"$OUT/$TRANCHE_BATCH.$TRANCHE_ATTEMPT"; sleep 0.02'


class Round:
    def __init__(self, old, new, seed):
        self.old, self.new = old, new
        self.rng = random.Random(seed)
        self.folder = tempfile.mkdtemp(prefix="tranche-old-and-new-")
        self.out = os.path.join(self.folder, "out")
        os.mkdir(self.out)
        self.path = os.path.join(self.folder, "inventory.db")
        self.environment = {
            "PATH": "/usr/bin:/bin", "OUT": self.out, "TRANCHE_INVENTORY": "sqlite:" + self.path,
        }
        self.errors = open(os.path.join(self.folder, "errors"), "ab")
        self.kills = 0

    def run(self, program, *arguments):
        return subprocess.run(
            [program, *arguments], env=self.environment, cwd=self.folder, stdin=subprocess.DEVNULL,
            capture_output=True, text=True,
        )

    def worker(self, program):
        return subprocess.Popen(
            [program, "work", "--job", "j", "--meta", "item", "--count", "7", "--workers", "2",
             "--lease", "1s", "--max-attempts", "1000", "--backoff", "100ms", "--follow",
             "--", "sh", "-c", WORK],
            env=self.environment, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=self.errors,
        )

    def query(self, sql):
        with sqlite3.connect(self.path, timeout=30) as database:
            return database.execute(sql).fetchall()

    def add(self, first, last):
        with sqlite3.connect(self.path, timeout=30) as database:
            database.executemany(
                "INSERT INTO item VALUES (?, 'x', 1)", [(number,) for number in range(first, last + 1)]
            )

    def play(self):
        made = self.run(self.old, "migrate", "up")
        if made.returncode != 0:
            sys.exit(made.stderr)
        with sqlite3.connect(self.path) as database:
            database.execute("CREATE TABLE item (uid INTEGER PRIMARY KEY, item TEXT, weight INTEGER)")
        self.add(1, ITEMS // 2)
        workers = []
        try:
            self.begin(workers, self.old)
            self.wait_for(ITEMS // 10)
            asked = self.run(self.new, "migrate", "up")
            migrated = self.run(self.new, "migrate", "up", "--yes")
            if migrated.returncode != 0:
                sys.exit(migrated.stderr)
            self.begin(workers, self.new)
            self.add(ITEMS // 2 + 1, ITEMS)
            self.kill(workers)
            for _, worker in workers:
                worker.send_signal(signal.SIGTERM)
            for _, worker in workers:
                worker.wait(timeout=60)
        finally:
            for _, worker in workers:
                if worker.poll() is None:
                    worker.kill()
                worker.wait()
        return asked, self.faults()

    def begin(self, workers, program):
        for _ in range(2):
            workers.append([program, self.worker(program)])

    def wait_for(self, items, limit=120):
        end = time.monotonic() + limit
        while time.monotonic() < end:
            done = self.query("SELECT coalesce(sum(batch_count), 0) FROM inventory WHERE status = 'succeeded'")
            if done[0][0] >= items:
                return True
            time.sleep(0.05)
        return False

    def kill(self, workers):
        end = time.monotonic() + 240
        while not self.wait_for(ITEMS, limit=self.rng.random() * 0.8) and time.monotonic() < end:
            place = self.rng.randrange(len(workers))
            program, worker = workers[place]
            if worker.poll() is None:
                worker.kill()
                self.kills += 1
            worker.wait()
            workers[place][1] = self.worker(program)
            time.sleep(0.1)
            if workers[place][1].poll() is not None:
                # The inventory does not let the old version in any more.
                workers[place] = [self.new, self.worker(self.new)]

    def faults(self):
        faults = []
        rows = self.query(
            "SELECT id, attempt, status, batch_count FROM inventory WHERE status <> 'released' ORDER BY id"
        )
        left = [row for row in rows if row[2] not in ("succeeded", "split")]
        if left:
            faults.append(f"not succeeded: {left[:5]}")
        seen = {}
        for batch, attempt, status, _ in rows:
            if status != "succeeded":
                continue
            try:
                with open(os.path.join(self.out, f"{batch}.{attempt}"), encoding="utf-8") as file:
                    ids = [int(line.split('"id":')[1].split(",")[0]) for line in file]
            except FileNotFoundError:
                faults.append(f"batch {batch} succeeded in attempt {attempt}, which wrote nothing")
                continue
            for number in ids:
                if number in seen:
                    faults.append(f"id {number} is in batches {seen[number]} and {batch}")
                seen[number] = batch
        missing = set(range(1, ITEMS + 1)) - set(seen)
        if missing:
            faults.append(f"{len(missing)} ids are missing, such as {sorted(missing)[:5]}")
        return faults


def main(old, new, rounds):
    exit_on_sigterm()
    names = [subprocess.run([each, "--version"], capture_output=True, text=True).stdout.strip() for each in (old, new)]
    print(f"{names[0]} and {names[1]}", flush=True)
    for number in range(rounds):
        seed = random.SystemRandom().getrandbits(32)
        game = Round(os.path.realpath(old), os.path.realpath(new), seed)
        asked, faults = game.play()
        words = asked.stderr.strip().splitlines()[:1]
        print(f"round {number + 1}, seed {seed}: {game.kills} kills, {ITEMS} ids, {len(faults)} faults; "
              f"migrate without --yes: exit {asked.returncode} {words}", flush=True)
        if faults:
            for fault in faults[:20]:
                print(f"FAILED: {fault}")
            sys.exit(f"kept: {game.folder}")
        shutil.rmtree(game.folder)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
