"""A shop whose jobs have been at work, for the pictures of the page and for its tests: batches that failed, a bad item
in quarantine, rows that were committed late, a backfill, a budget that somebody waits for, ids beyond 2^53.

All of it is made by the program itself, in a folder of its own, on SQLite or PostgreSQL.
"""
import json
import os
import pathlib
import subprocess

BIG = 9007199254740993  # 2^53 + 1, the first integer that a browser's number cannot hold

TABLES = f"""
CREATE TABLE orders (id {{key}}, qty TEXT, grams BIGINT);
CREATE TABLE message (id {{key}}, recipient TEXT, bytes BIGINT);
CREATE TABLE photo (id {{key}}, path TEXT, bytes BIGINT);
CREATE TABLE ledger (id {{key}}, entry TEXT, cents BIGINT);
CREATE TABLE export (id {{key}}, file TEXT, bytes BIGINT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
INSERT INTO orders (id, qty, grams)
SELECT i, CASE i WHEN 417 THEN 'n/a' ELSE '' || (i % 9 + 1) END, 100 + i * 37 % 900 FROM n
WHERE i NOT BETWEEN 700 AND 704;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 240)
INSERT INTO message (id, recipient, bytes) SELECT i, 'customer' || i, 2000 + i * 131 % 7000 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900)
INSERT INTO photo (id, path, bytes) SELECT i, 'p/' || i || '.jpg', 1000000 + i * 71993 % 6000000 FROM n;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 59)
INSERT INTO ledger (id, entry, cents) SELECT {BIG} + i, 'entry ' || i, 100 + i FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 90)
INSERT INTO export (id, file, bytes) SELECT i, 'e/' || i || '.csv', 5000 + i FROM n;
"""

PARSE = """\
import json, sys

total = 0
for line in sys.stdin:                         # {"id":1,"item":"2","weight":137}
    order = json.loads(line)
    total += int(order["item"])
print(json.dumps({"total": total}))
"""

SEND = """\
import json, sys

messages = [json.loads(line) for line in sys.stdin]
print(f"sending {len(messages)} messages", file=sys.stderr)
if any(message["id"] in (90, 130, 131) for message in messages):
    sys.exit("421 mail.example: too many connections from this address")
print(json.dumps({"sent": len(messages)}))
"""

EVENT = """\
import sys

sys.stdin.read()
"""

PIPELINE = """\
name: shop
inputs:
  raw: {type: directory, folder: raw, suffixes: [.csv], quiet: 0s}
processes:
  validate: {type: program, command: [python3, event.py]}
  store: {type: program, command: [python3, event.py]}
  notify: {type: program, command: [python3, event.py]}
links:
  - raw -> validate
  - validate -> store
  - validate -> notify
jobs:
  prices:
    source: {at: "csv:prices.csv"}
    weight: 64B
    command: [python3, event.py]
"""


class Shop:
    """A folder with a shop's tables and an inventory, and the program run over them."""

    def __init__(self, program, folder, url=None):
        """Takes the program, a folder, and the address of an empty PostgreSQL database; SQLite without one."""
        self.program, self.folder = pathlib.Path(program).resolve(), pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.url = url
        kept = {key: value for key, value in os.environ.items() if not key.startswith("TRANCHE_")}
        kept.update(
            TRANCHE_INVENTORY=url or "sqlite:inventory.db", TRANCHE_META_DB=url or "sqlite:shop.db",
            # libmongoc warns where shared memory is missing; nothing here speaks to MongoDB.
            MONGOC_DISABLE_SHM="1", LC_ALL="C.UTF-8",
        )
        self.settings = kept

    def tranche(self, *words, worker="etl-1", status=(0,)):
        """Runs a command line; gives what it printed."""
        done = subprocess.run(
            [self.program, *map(str, words)], cwd=self.folder, text=True, capture_output=True,
            env=self.settings | {"TRANCHE_WORKER": worker}, stdin=subprocess.DEVNULL,
        )
        if done.returncode not in status:
            raise RuntimeError(f"{' '.join(map(str, words))}: exit {done.returncode}\n{done.stderr}")
        return done.stdout

    def sql(self, text):
        """Runs SQL where the shop's tables are."""
        command = ["psql", "-qXv", "ON_ERROR_STOP=1", self.url] if self.url else ["sqlite3", "shop.db"]
        subprocess.run(command, cwd=self.folder, input=text, text=True, check=True, capture_output=True)

    def write(self, name, text):
        """Writes a file of the folder."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    # MARK: What has happened

    def fill(self):
        """Makes the tables, and has the jobs work."""
        self.sql(TABLES.format(key="BIGINT PRIMARY KEY" if self.url else "INTEGER PRIMARY KEY AUTOINCREMENT"))
        for name, text in [("parse.py", PARSE), ("send.py", SEND), ("event.py", EVENT), ("pipeline.yaml", PIPELINE)]:
            self.write(name, text)
        for number in range(3):
            self.write(f"raw/day{number}.csv", "a,b\n1,2\n")
        self.write("prices.csv", "id,price\n" + "".join(f"{i},{i * 3}\n" for i in range(1, 200)))
        self.tranche("migrate", "up")
        self.parse()
        self.mail()
        self.photos()
        self.ledger()
        self.export()
        self.tranche("run", "pipeline.yaml", "--drain")

    def parse(self):
        """Orders, of which one is bad; five come late; a backfill that is in the middle."""
        orders = ["--meta", "orders", "--uid", "id", "--item", "qty", "--weight-column", "grams"]
        quick = ["--backoff", "0s", "--max-attempts", "1", "--on-exhausted", "split"]
        work = ["--job", "parse", *orders, "--weight", "20000", *quick, "--workers", "2"]
        self.tranche("work", *work, "--", "python3", "parse.py", status=(0, 1))
        self.sql("INSERT INTO orders (id, qty, grams) SELECT id + 100, '3', 250 FROM orders WHERE id BETWEEN 600 AND 604")
        self.tranche("work", *work, "--", "python3", "parse.py", status=(0, 1, 3))
        backfill = ["--job", "parse", *orders, "--run", "fix-2026-11", "--from", "1", "--to", "600"]
        for number in range(4):
            self.tranche("acquire", *backfill, "--count", "100", worker="etl-2")
            if number < 3:
                batch = self.held("parse", "fix-2026-11")[0]
                self.tranche("succeed", batch, "--attempt", "1", worker="etl-2")

    def mail(self):
        """Messages, of which three batches fail for good."""
        self.tranche(
            "work", "--job", "mail", "--meta", "message", "--uid", "id", "--item", "recipient", "--weight-column", "bytes",
            "--count", "20", "--max-attempts", "1", "--", "python3", "send.py", status=(0, 1),
        )

    def photos(self):
        """Photos, some of which are in hand; the budget has no room for more."""
        photos = ["--job", "thumbs", "--meta", "photo", "--uid", "id", "--item", "path", "--weight-column", "bytes"]
        self.tranche("budget", "set", "disk", "--batches", "3", "--weight", "1GiB", "--reason", "the disk is slow")
        for _ in range(4):
            self.tranche("acquire", *photos, "--count", "120", "--lease", "2h")
            self.tranche("succeed", self.held("thumbs")[0], "--attempt", "1")
        self.tranche("set", "--job", "thumbs", "--parallelism", "4", "--budget", "disk", "--reason", "the night is over",
                     worker="anna")
        for number in range(3):
            self.tranche("acquire", *photos, "--count", "40", "--lease", "2h", worker=f"etl-{number + 1}")
        self.tranche("acquire", *photos, "--count", "40", "--lease", "2h", worker="etl-4", status=(3, 75))

    def ledger(self):
        """Ids beyond what a browser's numbers hold; one batch failed."""
        ledger = ["--job", "ledger", "--meta", "ledger", "--uid", "id", "--item", "entry", "--weight-column", "cents"]
        for number in range(3):
            self.tranche("acquire", *ledger, "--count", "15", "--max-attempts", "1")
            batch = self.held("ledger")[0]
            if number == 1:
                self.tranche("fail", batch, "--attempt", "1", "--error", f"entry {BIG + 17} does not balance")
            else:
                self.tranche("succeed", batch, "--attempt", "1")

    def export(self):
        """A job that somebody paused."""
        export = ["--job", "export", "--meta", "export", "--uid", "id", "--item", "file", "--weight-column", "bytes"]
        self.tranche("acquire", *export, "--count", "30")
        self.tranche("succeed", self.held("export")[0], "--attempt", "1")
        self.tranche("pause", "--job", "export", "--reason", "the bank's server is down until Monday", worker="anna")

    def held(self, job, run=""):
        """The numbers of the batches that are in hand of a run, the newest first."""
        words = ["batches", "--job", job, "--status", "running", "--json"] + (["--run", run] if run else [])
        return [batch["batch"] for batch in json.loads(self.tranche(*words))["batches"] if batch["run"] == run]

    # MARK: Serving

    def serve(self, *words, listen="127.0.0.1:0"):
        """Starts the server; gives it and its address."""
        server = subprocess.Popen(
            [self.program, "serve", "--listen", listen, "--pipeline", "pipeline.yaml", *words], cwd=self.folder, text=True,
            env=self.settings | {"TRANCHE_WORKER": "serve", "USER": "anna"}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        line = server.stdout.readline()
        if not line.startswith("serving "):
            server.kill()
            raise RuntimeError(f"the server did not begin: {line or server.wait()}")
        return server, line.split()[1]
