"""Runs examples/airflow in `airflow standalone` with its LocalExecutor and a database of its own."""
import collections
import datetime
import importlib.metadata
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

from ground import REPOSITORY, Fault, Ground, expect, free_ports, load, perform, record, say, until

ITEMS = 200


class Airflow:
    def __init__(self, folder, ground, url):
        self.folder = folder
        dags = os.path.join(folder, "dags")
        shutil.copytree(REPOSITORY / "examples" / "airflow" / "dags", dags)
        shutil.copy(REPOSITORY / "scripts" / "engines" / "airflow_scenarios.py", dags)
        ground.sql("CREATE DATABASE airflow")
        [self.port] = free_ports(1)
        self.base = f"http://127.0.0.1:{self.port}"
        database = url.rsplit("/", 1)[0].replace("postgresql://", "postgresql+psycopg2://") + "/airflow"
        programs = os.path.dirname(sys.executable)
        self.environment = {
            **ground.environment,
            "PATH": f"{programs}:{ground.environment['PATH']}",
            "PYTHONPATH": str(REPOSITORY / "clients" / "python"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "AIRFLOW_HOME": folder,
            "AIRFLOW__CORE__DAGS_FOLDER": dags,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.base}/execution/",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
            "AIRFLOW__TRIGGERER__CAPACITY": "10",
        }
        with open(os.path.join(folder, "standalone.log"), "w") as log:
            self.process = subprocess.Popen(
                ["airflow", "standalone"], env=self.environment, cwd=folder, stdout=log, stderr=log,
                start_new_session=True,
            )
        try:
            until("Airflow's API", self.answers, 180, 1)
            token = self.ask("GET", "/auth/token")
            self.token = token["access_token"]
            until("the DAGs", lambda: {"checksum", "empty"} <= self.dags(), 120, 1)
        except BaseException:
            self.close()
            raise

    def ask(self, verb, path, body=None):
        request = urllib.request.Request(
            self.base + path, method=verb, data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {getattr(self, 'token', '')}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")

    def answers(self):
        if self.process.poll() is not None:
            raise Fault(f"airflow ended: {open(self.folder + '/standalone.log').read()[-2000:]}")
        try:
            return self.ask("GET", "/api/v2/version")
        except OSError:
            return None

    def dags(self):
        return {found["dag_id"] for found in self.ask("GET", "/api/v2/dags?limit=100")["dags"]}

    def start(self, dag):
        return self.ask("POST", f"/api/v2/dags/{dag}/dagRuns", {"logical_date": None})["dag_run_id"]

    def tasks(self, dag, run):
        return self.ask("GET", f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances?limit=100")["task_instances"]

    def ended(self, dag, run, limit=180):
        """The state of a run, and its tasks, when it has ended."""
        path = f"/api/v2/dags/{dag}/dagRuns/{run}"
        state = until(
            f"the end of {dag}",
            lambda: (state := self.ask("GET", path)["state"]) in ("success", "failed") and state, limit, 0.5,
        )
        return state, self.tasks(dag, run)

    def counts(self, dag, run, tasks):
        """What the mapped tasks have counted."""
        total = collections.Counter()
        for each in tasks:
            if each["task_id"] == "work" and each["state"] == "success":
                path = f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/work/xcomEntries/return_value"
                value = self.ask("GET", f"{path}?map_index={each['map_index']}&deserialize=true")["value"]
                total.update(json.loads(value) if isinstance(value, str) else value)
        return total

    def close(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
                self.process.wait(timeout=20)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue


def states(tasks):
    return dict(collections.Counter(f"{task['task_id']} {task['state']}" for task in tasks))


def example(airflow, ground):
    run = airflow.start("checksum")
    state, tasks = airflow.ended("checksum", run)
    expect(f"checksum: {states(tasks)}", state == "success")
    expect("checksum: items are missing", ground.succeeded("checksum") == ITEMS)
    counts = airflow.counts("checksum", run, tasks)
    expect(f"checksum: XCom has {counts}", counts["items"] == ITEMS)
    again = airflow.start("checksum")
    state, skipped = airflow.ended("checksum", again)
    expect(f"checksum: {states(skipped)} with nothing to do", {t["state"] for t in skipped} == {"skipped"})
    return "the example", f"{states(tasks)}; XCom {dict(counts)}; with nothing to do {states(skipped)}"


def time_limit(airflow, ground):
    run = airflow.start("limited")
    _, batch = ground.hanging("limited")
    state, tasks = airflow.ended("limited", run)
    found = ground.batch("limited", batch)
    expect(f"limited: {states(tasks)}", state == "success")
    ground.check("limited")
    expect("the batch of a task beyond its time counts as failed", found["failures"] == 0)
    expect("the batch was not taken up again", found["attempt"] == 2)
    return "`execution_timeout`", f"batch released, no failure; done by the retry as attempt 2; {states(tasks)}"


def stop(airflow, ground):
    run = airflow.start("stopped")
    _, batch = ground.hanging("stopped")
    index = ground.batch("stopped", batch)["worker"].removeprefix("worker-")
    begun = time.monotonic()
    path = f"/api/v2/dags/stopped/dagRuns/{run}/taskInstances/work/{index}"
    airflow.ask("PATCH", path, {"new_state": "failed"})
    until("a batch that is given back or done by another", lambda: ground.batch("stopped", batch)["status"] != "running"
          or ground.batch("stopped", batch)["attempt"] > 1, 120)
    took = time.monotonic() - begun
    expect("a stopped task counts as a failure", ground.failures("stopped") == 0)
    airflow.ended("stopped", run)
    state, tasks = airflow.ended("stopped", airflow.start("stopped"))
    ground.check("stopped")
    return "a task marked as failed by hand", f"batch released {took:.1f} s later, no failure; done by the next run"


def kill(airflow, ground):
    run = airflow.start("killed")
    process, batch = ground.hanging("killed")
    os.kill(process, signal.SIGKILL)
    begun = time.monotonic()
    until("the batch's second attempt", lambda: ground.batch("killed", batch)["attempt"] == 2, 120)
    took = time.monotonic() - begun
    state, tasks = airflow.ended("killed", run)
    expect(f"killed: {states(tasks)}", state == "success")
    ground.check("killed")
    counts = airflow.counts("killed", run, tasks)
    expect(f"killed: XCom has {counts}", counts["items"] == ITEMS)
    return "`kill -9` of a task", f"its retry took its own batch up {took:.1f} s later (lease 60 s); XCom {dict(counts)}"


def failing(airflow, ground):
    run = airflow.start("failing")
    state, tasks = airflow.ended("failing", run)
    failed = [found for found in ground.batches("failing") if found["status"] == "failed"]
    tries = max(task["try_number"] for task in tasks)
    expect(f"failing: {states(tasks)}", state == "failed" and len(failed) == 3)
    expect(f"failing: {tries} tries", tries < 5)
    return "a function that raises", f"{states(tasks)}, {tries} tries: no more after the batches failed for good"


def wrong(airflow, ground):
    for name in ("misspelt", "wrong"):
        state, tasks = airflow.ended(name, airflow.start(name))
        tries = max(task["try_number"] for task in tasks)
        expect(f"{name}: {states(tasks)}, {tries} tries", state == "failed" and tries <= 1)
    return "a wrong option", f"{states(tasks)} at the first try, in spite of retries"


def waiting(airflow, ground):
    airflow.ended("waiting", airflow.start("waiting"))
    ground.check("waiting")
    run = airflow.start("waiting")
    until("a task that is deferred", lambda: any(t["state"] == "deferred" for t in airflow.tasks("waiting", run)))
    ground.sql("INSERT INTO file (item, weight) SELECT 'new', 1 FROM generate_series(1, 10)")
    ground.items += 10
    state, tasks = airflow.ended("waiting", run)
    expect(f"waiting: {states(tasks)}", state == "success")
    ground.check("waiting")
    return "`wait=True`", f"deferred, without a slot, until rows came; {states(tasks)}"


def overhead(airflow, ground):
    run = airflow.start("empty")
    begun = time.monotonic()
    _, tasks = airflow.ended("empty", run)
    took = time.monotonic() - begun
    moment = lambda text: datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    ran = sorted(moment(t["end_date"]) - moment(t["start_date"]) for t in tasks)
    return "16 tasks that do nothing, 4 at a time", f"{took / 16:.2f} s a task, {ran[8]:.2f} s of it running; load {load()}"


def show_logs(folder):
    """What the tasks of the last run wrote."""
    logs = sorted(pathlib.Path(folder, "logs").rglob("attempt=*.log"), key=lambda path: path.stat().st_mtime)
    for path in logs[-3:]:
        say(f"--- {path.relative_to(folder)}")
        for line in path.read_text().splitlines():
            entry = json.loads(line) if line.startswith("{") else {"event": line}
            faults = [found["exc_value"] for found in entry.get("error_detail") or []]
            say(entry.get("timestamp", "")[11:19], entry.get("level", ""), entry["event"][:300], *faults)


def main(folder, url):
    ground = Ground(folder, url, "file", ITEMS)
    folder = os.path.join(folder, "airflow")
    os.makedirs(folder)
    airflow = Airflow(folder, ground, url)
    scenarios = [example, time_limit, stop, kill, failing, wrong, overhead, waiting]
    try:
        rows = perform("airflow", {step.__name__: lambda step=step: step(airflow, ground) for step in scenarios})
    except Fault:
        show_logs(folder)
        raise
    finally:
        airflow.close()
    version = importlib.metadata.version
    record("airflow", f"Apache Airflow {version('apache-airflow')}, standard provider"
           f" {version('apache-airflow-providers-standard')}, LocalExecutor, Python {sys.version.split()[0]}", rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
