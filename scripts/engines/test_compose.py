"""Runs examples/compose by podman-compose: PostgreSQL and workers in containers, on the host's network.

Both images are made here of this machine's programs and libraries, as no registry is needed for that.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

from ground import REPOSITORY, Fault, Ground, expect, free_ports, record, say, until

JOB, ITEMS = "checksum", 400
FILE = REPOSITORY / "examples" / "compose" / "compose.yaml"
COMPOSE = os.path.join(os.path.dirname(sys.executable), "podman-compose")
CONTAINERS = """
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=20000:20000"]
netns = "host"
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "{folder}/tmp"
[network]
network_config_dir = "{folder}/networks"
"""
STORAGE = """
[storage]
driver = "overlay"
graphroot = "{folder}/store"
runroot = "{folder}/run"
"""
DATABASE = """#!/bin/sh
[ -s $PGDATA/PG_VERSION ] || initdb -D $PGDATA -A trust --locale=C -E UTF8 --no-sync
exec postgres -D $PGDATA -k /tmp -c listen_addresses=127.0.0.1 -c max_connections=200
"""
# What the test puts over the example: its images, ports, program, and a lease that ends soon.
OVERRIDE = """
services:
  db:
    image: localhost/postgres-test:1
    network_mode: host
    environment: {{PGPORT: "{port}", PGDATA: /var/lib/postgresql/data, PATH: "{programs}:/bin"}}
  migrate:
    network_mode: host
  worker:
    network_mode: host
    command: ["work", "--job", "checksum", "--meta", "file", "--count", "10", "--lease", "5s", "--follow",
              "--", "{folder}/work.sh"]
    environment: {{TRANCHE_INVENTORY: "{url}", DONE: "{folder}/done/d", PAUSE: "1", PATH: /bin}}
    volumes: ["{folder}:{folder}"]
"""


class Compose:
    def __init__(self, folder, ground):
        self.folder = folder
        for name in ("tmp", "networks", "project"):
            os.makedirs(os.path.join(folder, name))
        for name, text in (("containers.conf", CONTAINERS), ("storage.conf", STORAGE)):
            pathlib.Path(folder, name).write_text(text.format(folder=folder))
        self.environment = {
            **os.environ,
            "CONTAINERS_CONF": f"{folder}/containers.conf",
            "CONTAINERS_STORAGE_CONF": f"{folder}/storage.conf",
            "TRANCHE_IMAGE": "localhost/tranche-test:1",
            "TRANCHE_INVENTORY": ground.url,
        }
        self.programs = subprocess.run(["pg_config", "--bindir"], stdout=subprocess.PIPE, text=True).stdout.strip()
        pathlib.Path(folder, "override.yaml").write_text(OVERRIDE.format(
            folder=ground.folder, url=ground.url, programs=self.programs, port=ground.url.rsplit(":", 1)[1].split("/")[0]
        ))
        self.image("tranche-test", [os.path.realpath(os.environ["TRANCHE"])], "tranche")
        self.database_image()

    def podman(self, *line, check=False):
        return subprocess.run(["podman", *line], env=self.environment, cwd=self.folder, check=check,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout

    def compose(self, *line):
        done = subprocess.run(
            [COMPOSE, "-p", "example", "-f", str(FILE), "-f", f"{self.folder}/override.yaml", *line],
            env=self.environment, cwd=f"{self.folder}/project", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        if done.returncode:
            raise Fault(f"podman-compose {line[0]} ended with {done.returncode}: {done.stdout[-2000:]}")
        return done.stdout

    def image(self, name, programs, entry, prepare=lambda root: None, changes=()):
        """Makes an image of busybox and of programs with the libraries that they are linked with."""
        root = os.path.join(self.folder, "root")
        for path in ("bin", "tmp", "etc"):
            os.makedirs(f"{root}/{path}")
        os.chmod(f"{root}/tmp", 0o1777)
        shutil.copy(shutil.which("busybox"), f"{root}/bin/busybox")
        for applet in ("sh", "sleep", "sed", "cat"):
            os.symlink("busybox", f"{root}/bin/{applet}")
        pathlib.Path(root, "etc", "passwd").write_text("root:x:0:0::/:/bin/sh\npostgres:x:999:999::/:/bin/sh\n")
        for program in programs:
            for line in subprocess.run(["ldd", program], stdout=subprocess.PIPE, text=True).stdout.splitlines():
                library = next((word for word in line.split() if word.startswith("/")), None)
                if library and not os.path.exists(root + library):
                    os.makedirs(os.path.dirname(root + library), exist_ok=True)
                    shutil.copy(library, root + library)
            target = f"{root}/bin/{entry}" if program == programs[0] and entry == "tranche" else root + program
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(program, target)
        prepare(root)
        subprocess.run(["tar", "-C", root, "-cf", f"{self.folder}/image.tar", "."], check=True)
        options = [word for change in (f'ENTRYPOINT ["/bin/{entry}"]', *changes) for word in ("--change", change)]
        self.podman("import", "-q", *options, f"{self.folder}/image.tar", f"localhost/{name}:1", check=True)
        shutil.rmtree(root)
        os.remove(f"{self.folder}/image.tar")

    def database_image(self):
        library = subprocess.run(["pg_config", "--pkglibdir"], stdout=subprocess.PIPE, text=True).stdout.strip()
        share = subprocess.run(["pg_config", "--sharedir"], stdout=subprocess.PIPE, text=True).stdout.strip()

        def prepare(root):
            for tree in (library, share, "/usr/share/zoneinfo"):
                shutil.copytree(tree, root + tree, dirs_exist_ok=True, symlinks=True,
                                ignore=shutil.ignore_patterns("bitcode", "llvmjit*"))
            data = pathlib.Path(root, "var", "lib", "postgresql", "data")
            data.mkdir(parents=True)
            os.chown(data, 999, 999)
            entry = pathlib.Path(root, "bin", "database")
            entry.write_text(DATABASE)
            entry.chmod(0o755)

        programs = [f"{self.programs}/{name}" for name in ("postgres", "initdb")]
        self.image("postgres-test", programs, "database", prepare, ["USER postgres"])

    def workers(self, *options):
        listed = self.podman("ps", *options, "--filter", "name=worker", "--format", "{{.Names}}")
        return sorted(name for name in listed.split() if "worker" in name)

    def close(self):
        self.podman("rm", "--all", "--force", "--time", "0")
        self.podman("volume", "rm", "--all", "--force")
        subprocess.run(["umount", f"{self.folder}/store/overlay"], stderr=subprocess.DEVNULL)


def steps(compose, ground):
    compose.compose("config")
    compose.compose("up", "-d", "db")
    until("the database", lambda: ready(ground), 60, 0.5)
    compose.compose("up", "-d", "--scale", "worker=3")
    until("an inventory that is migrated", lambda: ground.sql("SELECT to_regclass('inventory')").strip(), 60, 0.5)
    until("3 workers", lambda: len({batch["worker"] for batch in ground.batches(JOB)}) == 3, 60)
    yield "`up --scale worker=3`", "the inventory is migrated by the first container, 3 workers in parallel"

    stopped = compose.workers()[0]
    begun = time.monotonic()
    compose.podman("stop", stopped)
    took = time.monotonic() - begun
    code = compose.podman("inspect", "--format", "{{.State.ExitCode}}", stopped).strip()
    expect(f"a stop took {took:.1f} s, exit {code}", took < 10 and code in ("0", "130"))
    expect("a stop counts as a failure", ground.failures(JOB) == 0)
    yield "`podman stop` of a worker", f"ended after {took:.1f} s of 10 with {code}, no failure"

    killed = compose.workers()[0]
    # By its process: who uses `podman kill` wants it dead, and podman starts nothing again.
    os.kill(int(compose.podman("inspect", "--format", "{{.State.Pid}}", killed)), signal.SIGKILL)
    until("a restart", lambda: killed in compose.workers() and compose.podman(
        "inspect", "--format", "{{.RestartCount}}", killed).strip() not in ("", "0"), 30)
    yield "`kill -9` of a worker", "restarted by `restart: on-failure`; its batches wait for their lease"

    database = next(name for name in compose.podman("ps", "--format", "{{.Names}}").split() if "db" in name)
    compose.podman("restart", "--time", "10", database)
    before = time.monotonic()
    until("a database that answers", lambda: answers(ground), 60, 0.5)
    until("all done", lambda: ground.succeeded(JOB) == ITEMS, 120, 0.5)
    took = time.monotonic() - before
    batches = ground.check(JOB)
    workers = len(compose.workers())
    expect(f"{workers} workers are left", workers == 2)
    yield "a restart of the database", f"the workers wait for it and go on; {batches} batches, each item done once"

    begun = time.monotonic()
    compose.compose("down")
    yield "`down`", f"ended after {time.monotonic() - begun:.1f} s"


def answers(ground):
    try:
        return ground.sql("SELECT 1")
    except subprocess.CalledProcessError:
        return None


def ready(ground):
    try:
        ground.make_items()
        return True
    except subprocess.CalledProcessError:
        return False


def main(folder, _):
    [port] = free_ports(1)
    url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    ground = Ground(folder, url, "file", ITEMS, begin=False)
    del ground.environment["TRANCHE_TABLE"]
    own = os.path.join(folder, "c")
    os.makedirs(own)
    compose = Compose(own, ground)
    rows = []
    try:
        for what, seen in steps(compose, ground):
            say("compose:", what, seen)
            rows.append((what, seen))
    except Fault:
        for name in compose.podman("ps", "-a", "--format", "{{.Names}}").split():
            say(f"--- {name}", compose.podman("logs", "--tail", "8", name))
        raise
    finally:
        compose.close()
    version = subprocess.run([COMPOSE, "--version"], stdout=subprocess.PIPE, text=True).stdout
    version = next((line for line in version.splitlines() if "compose" in line), "podman-compose")
    record("compose", f"{version.strip()}, {compose.podman('--version').strip()} with runc, PostgreSQL 15", rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
