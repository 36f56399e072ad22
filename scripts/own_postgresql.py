"""A PostgreSQL server that lives as long as its owner, for scripts that kill it and its clients."""
import glob
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time


class Fault(Exception):
    """What a script has found."""


def exit_on_sigterm():
    """Has SIGTERM raise SystemExit: what was started is put away however a script ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


class OwnPostgreSQL:
    """A server of its own, on a port of its own, without a password."""

    def __init__(self):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin")) or [os.path.dirname(shutil.which("initdb") or "")]
        self.programs = found[-1]
        self.folder = tempfile.mkdtemp(prefix="tranche-server-")
        self.as_postgres = []
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres")
            self.as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        try:
            # Whatever the locale is.
            self.call(
                "initdb", "-D", f"{self.folder}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8",
                "--locale=C.UTF-8", "--no-sync",
            )
            self.start()
        except BaseException:
            self.close()
            raise

    def call(self, program, *arguments, check=True):
        return subprocess.run(
            [*self.as_postgres, f"{self.programs}/{program}", *arguments], check=check, cwd=self.folder,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
        )

    def start(self, connections=200):
        options = (
            f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
            f" -c max_connections={connections}"
        )
        for _ in range(100):
            started = self.call(
                "pg_ctl", "-D", f"{self.folder}/data", "-l", f"{self.folder}/log", "-o", options, "-w", "start",
                check=False,
            )
            if started.returncode == 0:
                return
            # What served the clients of the killed one has not ended yet.
            time.sleep(0.1)
        raise Fault(f"the server does not start: {started.stdout}")

    def crash(self):
        with open(f"{self.folder}/data/postmaster.pid") as file:
            os.kill(int(file.readline()), signal.SIGKILL)
        self.start()

    def url(self, database="postgres"):
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def psql(self, query, database="postgres", check=True):
        return self.call(
            "psql", "-X", "-q", "-A", "-t", "-F", "\t", "-P", "null=NULL", "-v", "ON_ERROR_STOP=1",
            "-h", self.folder, "-p", str(self.port), "-U", "postgres", "-c", query, database, check=check,
        ).stdout

    def rows(self, query, database="postgres"):
        lines = self.psql(query, database).splitlines()
        return [[None if v == "NULL" else v for v in line.split("\t")] for line in lines]

    def close(self):
        self.call("pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "-s", "stop", check=False)
        shutil.rmtree(self.folder)


class Session:
    """A session in which one question is asked after the other, each with one line of answer."""

    def __init__(self, server, database="postgres"):
        self.process = subprocess.Popen(
            [f"{server.programs}/psql", "-qXAt", "-F", "\t", "-v", "ON_ERROR_STOP=1", server.url(database)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )

    def line(self, query):
        self.process.stdin.write(query.replace("\n", " ") + ";\n")
        return self.process.stdout.readline().rstrip("\n")

    def close(self):
        self.process.stdin.close()
        self.process.wait()
