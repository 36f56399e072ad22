"""A PostgreSQL cluster that Patroni keeps, for scripts that take its leader away.

Two nodes, each in a network namespace of its own with a pgbouncer in session mode beside its server, and one etcd.
Needs root, for the namespaces, and the Debian packages patroni, etcd-server and pgbouncer.
"""
import glob
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from own_postgresql import Fault

AS_POSTGRES = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--inh-caps=-all"]


def call(*arguments, check=True):
    done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if check and done.returncode:
        raise Fault(f"{' '.join(arguments)}: exit {done.returncode}: {done.stdout.strip()}")
    return done.stdout


def processes_in(namespace):
    return [int(line) for line in call("ip", "netns", "pids", namespace, check=False).split()]


class Node:
    """A server, its Patroni and its pooler, behind a network link that can be cut."""

    def __init__(self, cluster, number):
        self.cluster, self.number = cluster, number
        self.name = f"node{number}"
        self.namespace = f"{cluster.prefix}n{number}"
        self.link = f"{cluster.prefix}v{number}"
        self.address = f"{cluster.subnet}.{number + 1}"
        self.folder = f"{cluster.folder}/{self.name}"
        self.programs = {}
        os.mkdir(self.folder, 0o700)
        shutil.chown(self.folder, "postgres", "postgres")
        call("ip", "netns", "add", self.namespace)
        call("ip", "link", "add", self.link, "type", "veth", "peer", "name", "eth0", "netns", self.namespace)
        call("ip", "link", "set", self.link, "master", cluster.bridge, "up")
        for command in (
            ["addr", "add", f"{self.address}/24", "dev", "eth0"], ["link", "set", "eth0", "up"],
            ["link", "set", "lo", "up"],
        ):
            call("ip", "-n", self.namespace, *command)
        self.configure()

    def configure(self):
        cluster = self.cluster
        configuration = {
            "scope": "tranche", "name": self.name,
            "restapi": {"listen": f"{self.address}:8008", "connect_address": f"{self.address}:8008"},
            "etcd3": {"host": f"{cluster.subnet}.1:2379"},
            "bootstrap": {
                "dcs": {
                    "ttl": cluster.ttl, "loop_wait": cluster.loop_wait, "retry_timeout": cluster.retry_timeout,
                    "synchronous_mode": cluster.is_synchronous, "maximum_lag_on_failover": 1 << 40,
                    "postgresql": {
                        "use_pg_rewind": True,
                        "parameters": {"max_connections": 300, "wal_log_hints": "on", "wal_keep_size": "128MB"},
                    },
                },
                "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}, "no-sync"],
            },
            "postgresql": {
                "listen": f"{self.address}:5432", "connect_address": f"{self.address}:5432",
                "data_dir": f"{self.folder}/data", "bin_dir": cluster.programs, "pgpass": f"{self.folder}/pgpass",
                "authentication": {
                    "superuser": {"username": "postgres"}, "replication": {"username": "postgres"},
                    "rewind": {"username": "postgres"},
                },
                "pg_hba": ["local all all trust", "host all all 0.0.0.0/0 trust",
                           "host replication all 0.0.0.0/0 trust"],
                "parameters": {"unix_socket_directories": self.folder, "fsync": "off", "shared_buffers": "32MB"},
            },
        }
        # JSON is YAML.
        with open(f"{self.folder}/patroni.yml", "w") as file:
            json.dump(configuration, file, indent=2)
        with open(f"{self.folder}/pgbouncer.ini", "w") as file:
            file.write(
                f"[databases]\n* = host={self.address} port=5432 user=postgres\n[pgbouncer]\n"
                f"listen_addr = {self.address}\nlisten_port = 6432\nunix_socket_dir =\nauth_type = any\n"
                f"auth_file = {self.folder}/users\npool_mode = session\n"
                "default_pool_size = 250\nmax_client_conn = 500\nserver_idle_timeout = 10\n"
            )
        with open(f"{self.folder}/users", "w") as file:
            file.write('"postgres" ""\n')

    def spawn(self, what, *arguments):
        with open(f"{self.folder}/{what}.log", "a") as log:
            self.programs[what] = subprocess.Popen(
                ["ip", "netns", "exec", self.namespace, *AS_POSTGRES, *arguments],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )

    def start(self):
        if "pgbouncer" not in self.programs:
            self.spawn("pgbouncer", shutil.which("pgbouncer") or "/usr/sbin/pgbouncer", f"{self.folder}/pgbouncer.ini")
        self.spawn("patroni", shutil.which("patroni"), f"{self.folder}/patroni.yml")

    # What befalls it

    def database_processes(self):
        """Patroni and PostgreSQL; the pooler stays, as it would on a host of its own."""
        pooler = self.programs["pgbouncer"].pid
        return [process for process in processes_in(self.namespace) if process != pooler]

    def signal(self, number):
        for process in self.database_processes():
            try:
                os.kill(process, number)
            except ProcessLookupError:
                pass

    def kill(self):
        self.signal(signal.SIGKILL)
        self.programs["patroni"].wait()

    def hold_back_standby(self):
        """Stops what sends the log: from now on a standby lacks what is committed."""
        for process, in self.rows("SELECT pid FROM pg_stat_replication"):
            os.kill(int(process), signal.SIGSTOP)

    def cut(self):
        call("ip", "link", "set", self.link, "down")

    def join(self):
        call("ip", "link", "set", self.link, "up")

    # What it is

    def state(self):
        """What Patroni says of the node; empty where it does not answer."""
        try:
            with urllib.request.urlopen(f"http://{self.address}:8008/patroni", timeout=2) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)
        except (OSError, ValueError):
            return {}

    def url(self, database="tranche"):
        return f"postgresql://postgres@{self.address}:5432/{database}?connect_timeout=2"

    def psql(self, query, database="tranche", check=True):
        done = subprocess.run(
            [f"{self.cluster.programs}/psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-c", query,
             self.url(database)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
        )
        if check and done.returncode:
            raise Fault(f"{self.name}: {done.stderr.strip()}")
        return done.stdout if done.returncode == 0 else None

    def rows(self, query):
        return [line.split("\t") for line in self.psql(query).splitlines()]

    def close(self):
        for process in processes_in(self.namespace):
            try:
                os.kill(process, signal.SIGCONT)
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for program in self.programs.values():
            program.wait()
        call("ip", "netns", "del", self.namespace, check=False)
        call("ip", "link", "del", self.link, check=False)


class OwnCluster:
    """Two nodes, of which one leads."""

    def __init__(self, ttl=30, loop_wait=10, retry_timeout=10, is_synchronous=True):
        for program in ("patroni", "etcd", "ip", "setpriv"):
            if not shutil.which(program):
                raise Fault(f"{program} is missing: apt-get install patroni etcd-server pgbouncer iproute2")
        if os.getuid() != 0:
            raise Fault("network namespaces need root")
        self.ttl, self.loop_wait, self.retry_timeout = ttl, loop_wait, retry_timeout
        self.is_synchronous = is_synchronous
        self.programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.folder = tempfile.mkdtemp(prefix="tranche-cluster-")
        os.chmod(self.folder, 0o755)
        mark = os.getpid() % 10000
        self.prefix, self.bridge = f"tf{mark}", f"tf{mark}b"
        # 198.18.0.0/15 is kept for measuring networks. Source: RFC 2544.
        self.subnet = f"198.18.{mark % 250}"
        self.nodes, self.etcd = [], None
        try:
            self.begin()
        except BaseException:
            self.close()
            raise

    def begin(self):
        call("ip", "link", "add", self.bridge, "type", "bridge")
        call("ip", "addr", "add", f"{self.subnet}.1/24", "dev", self.bridge)
        call("ip", "link", "set", self.bridge, "up")
        with open(f"{self.folder}/etcd.log", "w") as log:
            self.etcd = subprocess.Popen(
                ["etcd", "--data-dir", f"{self.folder}/etcd", "--listen-client-urls", f"http://{self.subnet}.1:2379",
                 "--advertise-client-urls", f"http://{self.subnet}.1:2379", "--listen-peer-urls",
                 f"http://{self.subnet}.1:2380", "--unsafe-no-fsync"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )
        time.sleep(1)
        for number in (1, 2):
            node = Node(self, number)
            self.nodes.append(node)
            node.start()
            self.wait("a leader", lambda: self.leader)
        self.wait_for_standby()
        self.leader.psql("CREATE DATABASE tranche", "postgres")

    @property
    def leader(self):
        for node in self.nodes:
            if node.state().get("role") in ("master", "primary") and node.state().get("state") == "running":
                return node
        return None

    def other(self, node):
        return next(other for other in self.nodes if other is not node)

    def wait(self, what, condition, limit=120):
        end = time.monotonic() + limit
        while time.monotonic() < end:
            if answer := condition():
                return answer
            time.sleep(0.1)
        raise Fault(f"there is not {what} within {limit} s; the logs lie in {self.folder}")

    def wait_for_standby(self):
        """Waits until a standby has all, and the leader waits for it at each commit where it should."""
        wanted = "sync" if self.is_synchronous else "async"

        def has_standby():
            leader = self.leader
            if not leader:
                return False
            found = leader.psql(
                "SELECT sync_state FROM pg_stat_replication WHERE state = 'streaming'", "postgres", check=False
            )
            if found is None or found.strip() != wanted:
                return False
            # What Patroni knows, by which it allows a switchover, follows a little later.
            return not self.is_synchronous or "sync_standby" in self.roles(leader)

        self.wait(f"a standby that is {wanted}", has_standby, 180)

    def roles(self, node):
        """The roles of all nodes, as one of them knows them."""
        try:
            with urllib.request.urlopen(f"http://{node.address}:8008/cluster", timeout=2) as answer:
                return [member["role"] for member in json.load(answer)["members"]]
        except (OSError, ValueError):
            return []

    def url(self, port=5432, options=""):
        hosts = ",".join(f"{node.address}:{port}" for node in self.nodes)
        return f"postgresql://postgres@{hosts}/tranche{options}"

    def switch_over(self):
        leader = self.leader
        request = urllib.request.Request(
            f"http://{leader.address}:8008/switchover",
            json.dumps({"leader": leader.name, "candidate": self.other(leader).name}).encode(),
            {"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                answer.read()
        except urllib.error.HTTPError as error:
            raise Fault(f"the switchover is refused: {error.read().decode()}") from error

    def close(self):
        for node in self.nodes:
            node.close()
        if self.etcd:
            self.etcd.kill()
            self.etcd.wait()
        call("ip", "link", "del", self.bridge, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
