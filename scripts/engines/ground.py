"""What the tests of engines share: items and inventories in PostgreSQL, what was done, and where results are kept."""
import collections
import datetime
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import time

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent
RESULTS = REPOSITORY / "examples" / "RESULTS.md"
# Writes each item that it has done behind its batch and attempt, in one write.
PROGRAM = """#!/bin/sh
# Takes as long as PAUSE says, and notes what it has done.
sleep "${PAUSE:-0}" || exit
sed "s/^{\\"id\\":\\([0-9]*\\).*/$TRANCHE_BATCH.$TRANCHE_ATTEMPT \\1/" >"$DONE.$TRANCHE_BATCH.$TRANCHE_ATTEMPT.$$"
"""


class Fault(Exception):
    """Something that must not be."""


def expect(words, is_so):
    if not is_so:
        raise Fault(words)


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def until(words, question, limit=60.0, every=0.1):
    """Asks until the answer is true, and returns it."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        answer = question()
        if answer:
            return answer
        time.sleep(every)
    raise Fault(f"not within {limit:.0f} s: {words}")


def free_ports(count):
    """Ports on which nobody listens just now."""
    servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    found = [server.getsockname()[1] for server in servers]
    for server in servers:
        server.close()
    return found


def load():
    """What the machine did in the last minute: figures are only worth something in quiet."""
    return f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def family(root):
    """A process, and all that descend from it."""
    parents = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as file:
                parents[int(name)] = int(file.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
    found = [root]
    for process in found:
        found += [child for child, parent in parents.items() if parent == process]
    return found


class Ground:
    """A table of items, and an inventory of its own for them, in the PostgreSQL server that is given."""

    def __init__(self, folder, url, name, items, begin=True):
        self.folder = os.path.join(folder, name)
        os.makedirs(self.folder)
        self.url, self.name, self.items = url, name, items
        bin = os.path.join(self.folder, "bin")
        os.makedirs(bin)
        os.symlink(os.environ["TRANCHE"], os.path.join(bin, "tranche"))
        self.program = os.path.join(self.folder, "work.sh")
        with open(self.program, "w") as file:
            file.write(PROGRAM)
        os.chmod(self.program, 0o755)
        os.makedirs(os.path.join(self.folder, "done"))
        self.environment = {
            "PATH": f"{bin}:/usr/local/bin:/usr/bin:/bin",
            "HOME": self.folder,
            "TRANCHE": os.path.join(bin, "tranche"),
            "TRANCHE_INVENTORY": url,
            "TRANCHE_TABLE": f"{name}_inventory",
            "DONE": os.path.join(self.folder, "done", "d"),
        }
        if begin:
            self.make_items()
            self.run("migrate", "up")

    def make_items(self):
        self.sql(
            f"CREATE TABLE {self.name} (uid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item text NOT NULL,"
            f" weight integer NOT NULL); INSERT INTO {self.name} (item, weight)"
            f" SELECT 'file-' || i, 1 FROM generate_series(1, {self.items}) AS i"
        )

    def sql(self, text):
        return subprocess.run(
            ["psql", "-qXAt", "-v", "ON_ERROR_STOP=1", "-d", self.url, "-c", text],
            check=True, stdout=subprocess.PIPE, text=True,
        ).stdout

    def run(self, *arguments, may_exit_with=()):
        done = subprocess.run(
            [self.environment["TRANCHE"], *arguments], env=self.environment, cwd=self.folder,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        if done.returncode not in (0, *may_exit_with):
            raise Fault(f"tranche {arguments[0]} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def batches(self, job):
        """All batches of a job; none where it has not begun."""
        output = self.run("batches", "--job", job, "--json", "--limit", "100000", may_exit_with=[1])
        return json.loads(output)["batches"] if output else []

    def running(self, job):
        return [batch for batch in self.batches(job) if batch["status"] == "running"]

    def succeeded(self, job):
        return sum(batch["count"] for batch in self.batches(job) if batch["status"] == "succeeded")

    def failures(self, job):
        return sum(batch["failures"] for batch in self.batches(job))

    def attempts(self, job):
        return sum(batch["attempt"] for batch in self.batches(job))

    def batch(self, job, number):
        return next(found for found in self.batches(job) if found["batch"] == number)

    def hanging(self, job):
        """The process of a job that hangs, once it says so, and the number of its batch."""
        path = f"{self.environment['DONE']}-{job}"
        until(f"a process of {job} that hangs", lambda: os.path.exists(path), 60)
        with open(path) as file:
            return [int(word) for word in file.read().split()]

    def check(self, job):
        """That each item is in one batch that succeeded, and was done by the attempt that the inventory names."""
        batches = self.batches(job)
        left = [(batch["batch"], batch["status"]) for batch in batches if batch["status"] != "succeeded"]
        if left:
            raise Fault(f"{job}: not succeeded are {left[:10]}")
        done = collections.Counter()
        by_attempt = collections.defaultdict(set)
        for path in pathlib.Path(self.folder, "done").iterdir():
            for line in path.read_text().splitlines():
                attempt, item = line.split()
                by_attempt[attempt].add(int(item))
        for batch in batches:
            done.update(by_attempt[f"{batch['batch']}.{batch['attempt']}"])
        wrong = [item for item in range(1, self.items + 1) if done[item] != 1]
        if wrong or sum(done.values()) != self.items:
            raise Fault(f"{job}: {len(wrong)} items were not done exactly once, such as {wrong[:10]}")
        return len(batches)


def perform(engine, steps):
    """Takes the steps of an engine's test, by name, or only those that SCENARIOS names; returns their rows."""
    chosen = os.environ.get("SCENARIOS", "").split()
    rows = []
    for name, step in steps.items():
        if not chosen or name in chosen:
            say(f"{engine}: {name} ...")
            rows.append(step())
    return rows


def record(engine, versions, rows):
    """Puts an engine's results into examples/RESULTS.md, in place of its last ones; shows those of some steps."""
    if os.environ.get("SCENARIOS"):
        return say(rows)
    day = datetime.datetime.now(datetime.timezone.utc).date()
    section = f"## {engine}\n\n{day}: {versions}.\n\n| what | seen |\n| --- | --- |\n"
    section += "".join(f"| {what} | {seen} |\n" for what, seen in rows)
    text = RESULTS.read_text()
    parts = re.split(r"(?m)^(?=## )", text)
    head, sections = parts[0], {part.split("\n")[0][3:]: part.rstrip() + "\n" for part in parts[1:]}
    sections[engine] = section
    RESULTS.write_text("\n".join([head.rstrip() + "\n", *(sections[name] for name in sorted(sections))]))
    say(section)
