"""Runs examples/ray in a cluster of two nodes on this machine, and drives it from here."""
import os
import shutil
import signal
import subprocess
import sys
import time

from ground import REPOSITORY, Fault, Ground, expect, family, free_ports, load, perform, record, until

ITEMS = 400


class Cluster:
    """A head with 2 cores, and a node with 2 that can be killed."""

    def __init__(self, folder, ground):
        self.folder = folder
        head, client, self.dashboard = free_ports(3)
        self.address = f"127.0.0.1:{head}"
        paths = [REPOSITORY / "clients" / "python", REPOSITORY / "scripts" / "engines"]
        self.environment = {
            **ground.environment,
            "PATH": f"{os.path.dirname(sys.executable)}:{ground.environment['PATH']}",
            "PYTHONPATH": ":".join(map(str, paths)),
            "PYTHONDONTWRITEBYTECODE": "1",
            "RAY_ADDRESS": self.address,
            "RAY_AUTH_MODE": "disabled",
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_DISABLE_IMPORT_WARNING": "1",
        }
        os.environ.update(self.environment)
        sys.path += map(str, paths)
        self.nodes = {}
        self.start(
            "head", "--head", f"--port={head}", f"--dashboard-port={self.dashboard}", "--include-dashboard=true",
            f"--ray-client-server-port={client}", f"--temp-dir={folder}/ray",
        )
        self.start("node", f"--address={self.address}", "--resources={\"node\": 2}")

    def start(self, name, *arguments):
        """Starts a node that stays in the foreground, so that it is known which processes are its own."""
        line = ["ray", "start", "--block", "--num-cpus=2", "--node-ip-address=127.0.0.1", "--min-worker-port=0",
                "--max-worker-port=0", "--object-store-memory=100000000", *arguments]
        with open(os.path.join(self.folder, f"{name}.log"), "a") as log:
            self.nodes[name] = subprocess.Popen(
                line, env={**self.environment, "RAY_ADDRESS": ""} if name == "head" else self.environment,
                cwd=self.folder, stdout=log, stderr=log, start_new_session=True,
            )

    def kill(self, name):
        """All processes of a node at once, as when its machine is gone."""
        for process in family(self.nodes[name].pid):
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.nodes[name].wait()

    def close(self):
        for name in reversed(self.nodes):
            self.kill(name)


def example(cluster, ground):
    script = str(REPOSITORY / "examples" / "ray" / "checksum.py")
    done = subprocess.run([sys.executable, script, "4"], env=cluster.environment, cwd=cluster.folder,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
    expect(f"checksum: exit {done.returncode}: {done.stderr[-2000:]}", done.returncode == 0)
    expect("checksum: items are missing", ground.succeeded("checksum") == ITEMS)
    return "the example, 4 actors on 2 nodes", f"{done.stdout.strip().splitlines()[-1]}, exit 0"


def cancel(ray, scenarios, ground, force):
    job = "forced" if force else "cancelled"
    reference = scenarios.one.remote(job)
    process, number = ground.hanging(job)
    begun = time.monotonic()
    ray.cancel(reference, force=force)
    error = "none"
    try:
        ray.get(reference, timeout=30)
    except Exception as raised:
        error = type(raised).__name__
    after = ground.batch(job, number)
    expect(f"{job}: its batch counts as {after['status']}", after["status"] in ("running", "released"))
    expect(f"{job}: no batch succeeded", ground.succeeded(job) == 0)
    # Others do it, at once or when the lease has ended.
    until(f"{job}: another attempt at its batch", lambda: ray.get(scenarios.Worker.remote().work.remote(job)) is not None
          and ground.batch(job, number)["attempt"] == 2, 60)
    took = time.monotonic() - begun
    ground.check(job)
    return f"`ray.cancel(force={force})`", (
        f"{error}; its batch is {after['status']}, not done; done by others {took:.1f} s later (lease 8 s);"
        f" {ground.failures(job)} failures")


def kill_actor(ray, scenarios, ground):
    worker = scenarios.Worker.remote()
    reference = worker.work.remote("actor")
    process, number = ground.hanging("actor")
    begun = time.monotonic()
    os.kill(process, signal.SIGKILL)
    states = ray.get(reference, timeout=120)
    took = time.monotonic() - begun
    ground.check("actor")
    expect("the batch of the dead actor had no second attempt", ground.batch("actor", number)["attempt"] == 2)
    return "`kill -9` of an actor", f"restarted by Ray, all done {took:.1f} s later (lease 8 s), its batch as attempt 2"


def lose_node(ray, scenarios, ground, cluster):
    worker = scenarios.Worker.options(scheduling_strategy="SPREAD", resources={"node": 0.5}).remote()
    reference = worker.work.remote("node")
    process, number = ground.hanging("node")
    begun = time.monotonic()
    cluster.kill("node")
    cluster.start("node", f"--address={cluster.address}", "--resources={\"node\": 2}")
    ray.get(reference, timeout=180)
    took = time.monotonic() - begun
    ground.check("node")
    return "all processes of a node killed by -9", f"its actor is started on a new node, all done {took:.1f} s later"


def stop_job(ray, scenarios, ground, cluster):
    environment = {**cluster.environment, "RAY_ADDRESS": f"http://127.0.0.1:{cluster.dashboard}"}
    ask = lambda *line: subprocess.run(["ray", "job", *line], env=environment, cwd=cluster.folder, text=True,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout
    script = str(REPOSITORY / "scripts" / "engines" / "ray_scenarios.py")
    said = ask("submit", "--no-wait", "--submission-id", "stopped", "--", sys.executable, script)
    try:
        process, number = ground.hanging("submitted")
    except Fault:
        raise Fault(said + ask("logs", "stopped"))
    begun = time.monotonic()
    ask("stop", "stopped")
    state = next((word for word in ("STOPPED", "SUCCEEDED", "FAILED") if word.lower() in ask("status", "stopped").lower()), "?")
    after = ground.batch("submitted", number)
    expect(f"a stopped job's batch counts as {after['status']}", after["status"] != "succeeded")
    ray.get(scenarios.Worker.remote().work.remote("submitted"), timeout=60)
    ground.check("submitted")
    return "`ray job stop`", (f"{state}; the actor's batch is {after['status']}, not done; done by others"
                              f" {time.monotonic() - begun:.1f} s later")


def overhead(ray, scenarios):
    ray.get([scenarios.nothing.remote() for _ in range(100)])
    begun = time.monotonic()
    ray.get([scenarios.nothing.remote() for _ in range(1000)])
    many = (time.monotonic() - begun) / 1000
    begun = time.monotonic()
    for _ in range(100):
        ray.get(scenarios.nothing.remote())
    one = (time.monotonic() - begun) / 100
    return "tasks that do nothing", f"{many * 1000:.2f} ms each of 1,000, {one * 1000:.2f} ms one by one; load {load()}"


def main(folder, url):
    ground = Ground(folder, url, "file", ITEMS)
    # A short name: Ray's sockets are in it.
    folder = os.path.join(folder, "r")
    os.makedirs(folder)
    cluster = Cluster(folder, ground)
    try:
        import ray
        import ray_scenarios as scenarios

        until("two nodes", lambda: connect(ray, cluster), 90, 1)
        steps = {
            "overhead": lambda: overhead(ray, scenarios),
            "example": lambda: example(cluster, ground),
            "cancel": lambda: cancel(ray, scenarios, ground, False),
            "force": lambda: cancel(ray, scenarios, ground, True),
            "kill_actor": lambda: kill_actor(ray, scenarios, ground),
            "stop_job": lambda: stop_job(ray, scenarios, ground, cluster),
            "lose_node": lambda: lose_node(ray, scenarios, ground, cluster),
        }
        rows = perform("ray", steps)
        ray.shutdown()
    finally:
        cluster.close()
        shutil.rmtree(folder, ignore_errors=True)
    record("ray", f"Ray {ray.__version__}, Python {sys.version.split()[0]}, two nodes of 2 CPUs on one machine", rows)


def connect(ray, cluster):
    try:
        if not ray.is_initialized():
            ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
        return len([node for node in ray.nodes() if node["Alive"]]) == 2
    except ConnectionError:
        return False


if __name__ == "__main__":
    main(*sys.argv[1:])
