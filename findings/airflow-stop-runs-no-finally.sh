#!/usr/bin/env bash
# Apache Airflow 3.3.2, a Python task with try and finally that is marked as failed while it runs, LocalExecutor.
# Expected: the task is interrupted, and its finally runs, as it does after execution_timeout.
# Seen: nothing is raised in the task; its process is killed by SIGKILL about 5 s later, and finally never runs. What a
# task holds (a lock, a lease, a temporary table) stays held, unless its operator gives it back in on_kill.
set -euo pipefail

work=$(mktemp -d)
airflow=""
finish() {
    [ -z "$airflow" ] || kill -TERM -- "-$airflow" 2>/dev/null || true
    [ -z "$airflow" ] || { sleep 3; kill -KILL -- "-$airflow" 2>/dev/null || true; }
    rm -rf "$work"
}
trap finish EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check --only-binary :all: apache-airflow==3.3.2 \
    apache-airflow-providers-standard==1.21.0

mkdir dags
cat >dags/held.py <<'PY'
import os
import time
from datetime import timedelta

from airflow.sdk import DAG, task


def hold(name):
    with open(f"{os.environ['AIRFLOW_HOME']}/{name}.held", "w") as file:
        file.write(str(os.getpid()))
    try:
        for _ in range(600):
            time.sleep(0.1)
    finally:
        os.remove(f"{os.environ['AIRFLOW_HOME']}/{name}.held")


for name, limit in (("stopped", None), ("limited", timedelta(seconds=5))):
    with DAG(name, schedule=None):
        task(hold, task_id="hold", execution_timeout=limit)(name)
PY
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
export AIRFLOW_HOME=$work AIRFLOW__CORE__DAGS_FOLDER=$work/dags AIRFLOW__CORE__LOAD_EXAMPLES=False \
    AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION=False AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS=True \
    AIRFLOW__API__HOST=127.0.0.1 AIRFLOW__API__PORT="$port" AIRFLOW__CORE__EXECUTOR=LocalExecutor \
    AIRFLOW__CORE__EXECUTION_API_SERVER_URL="http://127.0.0.1:$port/execution/" PATH=$work/env/bin:$PATH
setsid airflow standalone >log 2>&1 &
airflow=$!

python3 - "$port" "$work" <<'PY'
import json
import os
import sys
import time
import urllib.request

base, folder, token = f"http://127.0.0.1:{sys.argv[1]}", sys.argv[2], ""


def ask(verb, path, body=None):
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(base + path, method=verb, data=data, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read() or "null")


def until(words, question, limit=180):
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        try:
            answer = question()
        except OSError:
            answer = None
        if answer:
            return answer
        time.sleep(0.1)
    raise SystemExit(f"not within {limit} s: {words}")


def start(dag):
    run = until(dag, lambda: ask("POST", f"/api/v2/dags/{dag}/dagRuns", {"logical_date": None}))["dag_run_id"]
    path = f"{folder}/{dag}.held"
    until("a task that holds", lambda: os.path.exists(path) and open(path).read())
    return run, path, int(open(path).read())


def is_there(process):
    try:
        return open(f"/proc/{process}/stat").read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


token = until("the API", lambda: ask("GET", "/auth/token"))["access_token"]
_, limited, process = start("limited")
until("the end of the limit", lambda: not is_there(process), 60)
after_limit = os.path.exists(limited)
run, stopped, process = start("stopped")
begun = time.monotonic()
ask("PATCH", f"/api/v2/dags/stopped/dagRuns/{run}/taskInstances/hold", {"new_state": "failed"})
until("the end of the process", lambda: not is_there(process), 60)
took = time.monotonic() - begun
after_stop = os.path.exists(stopped)
print(f"Airflow 3.3.2: held after execution_timeout: {after_limit}, after a stop: {after_stop} ({took:.0f} s)")
assert not after_limit and after_stop
PY
