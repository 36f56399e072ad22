"""Makes a client of a server's own description, by openapi-python-client, and does a whole job with it.

Usage: drive_client.py URL FOLDER. The server has the job 'thumbs' over ten photos, three a batch and two attempts, of
which nothing was acquired. Every answer is held against the description by openapi-core. Prints one JSON object: what
the generator said, how many functions it has made, and what is wrong.
"""

import importlib
import json
import os
import pathlib
import subprocess
import sys

import httpx
from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters

BASE, FOLDER = sys.argv[1].rstrip("/"), pathlib.Path(sys.argv[2])
errors = []

# MARK: Making the client

text = httpx.get(BASE + "/v1/openapi.json").text
(FOLDER / "openapi.json").write_text(text)
generator = pathlib.Path(sys.executable).parent / "openapi-python-client"
made = subprocess.run(
    [generator, "generate", "--path", FOLDER / "openapi.json", "--meta", "none", "--fail-on-warning",
     "--output-path", FOLDER / "tranche_client"],
    env={**os.environ, "PATH": f"{generator.parent}:/usr/bin:/bin"}, capture_output=True, text=True,
)
said = (made.stdout + made.stderr).strip()
if made.returncode != 0:
    print(json.dumps({"said": said, "operations": 0, "functions": 0, "checked": 0, "errors": ["no client was made"]}))
    sys.exit()
sys.path.insert(0, str(FOLDER))
import tranche_client  # noqa: E402, it is there since a moment
from tranche_client import models  # noqa: E402

functions = list((FOLDER / "tranche_client/api/default").glob("[a-z]*.py"))

# MARK: Looking on

description = json.loads(text)
operations = sum(len(methods) for methods in description["paths"].values())
description["servers"] = [{"url": BASE}]
for methods in description["paths"].values():
    for operation in methods.values():
        operation.pop("security", None)
openapi = OpenAPI.from_dict(description)
checked = 0


class Asked:
    """A request of httpx, as openapi-core takes it."""

    def __init__(self, request):
        url = request.url
        self.method = request.method.lower()
        self.host_url = f"{url.scheme}://{url.netloc.decode()}"
        self.path = url.raw_path.decode().split("?")[0]
        self.body = request.content or None
        self.content_type = request.headers.get("content-type", "")
        query = {name: url.params.get_list(name) for name in url.params}
        self.parameters = RequestParameters(
            query={name: values[-1] for name, values in query.items()}, header=dict(request.headers)
        )


class Answered:
    """An answer of httpx, as openapi-core takes it."""

    def __init__(self, response):
        self.status_code = response.status_code
        self.headers = dict(response.headers)
        self.content_type = response.headers.get("content-type", "")
        self.data = response.content


def look_on(response):
    global checked
    response.read()
    asked = Asked(response.request)
    for check in [lambda: openapi.validate_request(asked),
                  lambda: openapi.validate_response(asked, Answered(response))]:
        try:
            check()
        except Exception as error:  # Each is told, whatever it is.
            errors.append(f"{asked.method} {asked.path}: {error!r} {error.__cause__!r}"[:1000])
    checked += 1


# MARK: The job

client = tranche_client.Client(
    base_url=BASE, httpx_args={"event_hooks": {"response": [look_on]}}, raise_on_unexpected_status=True, timeout=60
)


def call(name, *path, status=200, also=None, filter_={}, **arguments):
    function = importlib.import_module("tranche_client.api.default." + name)
    answer = function.sync_detailed(*path, client=client, **filter_, **arguments)
    if answer.status_code != status and answer.status_code != also:
        errors.append(f"{name} {path}: {answer.status_code} {answer.content[:300]!r}")
    return answer.parsed


def expect(what, found, wanted):
    if found != wanted:
        errors.append(f"{what}: {found!r}, and not {wanted!r}")


def acquire(key):
    return call(
        "post_v1_jobs_job_acquire", "thumbs", body=models.AcquireBody(worker="client", count=3, wait=5.0),
        idempotency_key=key, also=204,
    )


first = acquire("a")
expect("the same key", acquire("a").token, first.token)
expect("the items", [(one.id, one.item) for one in first.items], [(1, "p1.jpg"), (2, "p2.jpg"), (3, "p3.jpg")])
second = acquire("b")
held = [models.HeartbeatsBodyHolding(id=one.batch.batch, token=one.token) for one in (first, second)]
beats = call("post_v1_heartbeats", body=models.HeartbeatsBody(
    batches=held + [models.HeartbeatsBodyHolding(id=99, token="99.1")]
))
expect("heartbeats", [one.code or None for one in beats.batches], [None, None, "unknownBatch"])
expect("leases", [one.lease_expires_at is not None for one in beats.batches[:2]], [True, True])
done = call("post_v1_batches_id_succeed", first.batch.batch, body=models.SucceedBody(
    token=first.token, result={"files": [1, None, {"a": "ä"}]}
))
expect("the end", done.status, models.BatchStatus.SUCCEEDED)
expect("the result", done.result, {"files": [1, None, {"a": "ä"}]})
lost = call("post_v1_batches_id_succeed", first.batch.batch, status=409, body=models.SucceedBody(
    token=f"{first.batch.batch}.7"
))
expect("what is lost", (lost.code, bool(lost.error), bool(lost.remedy)), ("batchLost", True, True))
call("post_v1_batches_id_fail", second.batch.batch, body=models.FailBody(
    token=second.token, error="some are bad", bad=[models.BadItemBody(id=5, error="no such day")], bad_ids=[4]
))
third = acquire("c")
released = call("post_v1_batches_id_release", third.batch.batch, body=models.ReleaseBody(token=third.token))
expect("what was given back", released.status, models.BatchStatus.RELEASED)
rest = 0
while True:
    batch = acquire(f"d{rest}")
    if batch is None:
        break
    call("post_v1_batches_id_succeed", batch.batch.batch, body=models.SucceedBody(token=batch.token))
    rest += len(batch.items)
expect("the rest", rest, 5)

# MARK: Looking and steering

runs = call("get_v1_runs", limit=10)
expect("runs", [(one.job, one.run) for one in runs.runs], [("thumbs", "")])
bad = call("get_v1_runs_job_run_batches", "thumbs", "-", filter_={
    "status": models.GetV1RunsJobRunBatchesStatus.QUARANTINED
})
expect("bad items", sorted((one.id_start, one.logging) for one in bad.batches), [(4, "some are bad"), (5, "no such day")])
page = call("get_v1_runs_job_run_batches", "thumbs", "-", limit=2)
following = call("get_v1_runs_job_run_batches", "thumbs", "-", limit=2, after=int(page.next_))
expect("pages", len({one.batch for one in page.batches + following.batches}), 4)
call("get_v1_batches_id_attempts", second.batch.batch)
call("get_v1_runs_job_run", "thumbs", "-")
expect("a run that is not", call("get_v1_runs_job_run", "a/b", "x y", status=404).code, "unknownRun")
expect("a page that is not", call("get_v1_runs", limit=1000, status=400).field, "limit")
call("post_v1_runs_job_run_pause", "thumbs", "-", body=models.ReasonBody(reason="disk"))
expect("paused", acquire("p"), None)
call("post_v1_runs_job_run_resume", "thumbs", "-", body=models.ResumeBody(reason="there is room"))
limits = call("post_v1_runs_job_run_set", "thumbs", "-", body=models.SetBody(parallelism=4, reason="slowly"))
expect("parallelism", limits.parallelism, 4)
call("post_v1_budgets_name_set", "api", body=models.BudgetBody(batches=2, rate_per_s=5.5, reason="slowly"))
changes = call("get_v1_changes", job="thumbs", run="-")
expect("changes of the run", {one.job for one in changes.changes}, {"thumbs"})
expect("changes of the budget", {one.budget for one in call("get_v1_changes", budget="api").changes}, {"api"})
found = call("post_v1_actions", body=models.ActionPreview(
    action=models.ActionPreviewAction.REDRIVE, filter_=models.ActionFilter(job="thumbs")
))
expect("to be redriven", found.count, 2)
expect("redriven", call("post_v1_actions_token", found.token, body=models.ReasonBody()).done, 2)
for name in ["overview", "budgets", "workflows", "graph", "session", "openapijson"]:
    call("get_v1_" + name)
expect("readiness", call("get_readyz"), "ok\n")
call("get_metrics")

print(json.dumps({
    "said": said, "operations": operations, "functions": len(functions), "checked": checked, "errors": errors,
}))
