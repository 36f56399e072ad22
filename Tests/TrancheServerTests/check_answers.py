"""Holds the answers of a server against its own description, by openapi-core.

Usage: check_answers.py URL. The server has the job 'thumbs', of which nothing was acquired.
Prints one JSON object: which operations were checked, which were not, and what is wrong.
"""

import json
import sys

import requests
from openapi_core import OpenAPI
from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse
from openapi_spec_validator import validate

BASE = sys.argv[1].rstrip("/")


def close(schema):
    """What is not described must not be told."""
    if isinstance(schema, dict):
        if schema.get("type") == "object" and "properties" in schema:
            schema["additionalProperties"] = False
        for value in schema.values():
            close(value)
    elif isinstance(schema, list):
        for value in schema:
            close(value)


description = requests.get(BASE + "/v1/openapi.json").json()
validate(description)
close(description["components"]["schemas"])
description["servers"] = [{"url": BASE}]
# This server asks for no tokens.
for methods in description["paths"].values():
    for operation in methods.values():
        operation.pop("security", None)
openapi = OpenAPI.from_dict(description)

checked, errors = set(), []
session = requests.Session()


def call(method, path, body=None, status=200):
    data = None if body is None else json.dumps(body)
    headers = {} if body is None else {"Content-Type": "application/json"}
    request = requests.Request(method, BASE + path, data=data, headers=headers)
    answer = session.send(session.prepare_request(request))
    if answer.status_code != status:
        errors.append(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
    asked = RequestsOpenAPIRequest(request)
    try:
        openapi.validate_request(asked)
    except Exception as error:  # Each is told, whatever it is.
        if status < 400:
            errors.append(f"{method} {path}, the request: {error!r} {error.__cause__!r}")
    try:
        openapi.validate_response(asked, RequestsOpenAPIResponse(answer))
    except Exception as error:
        faults = getattr(error.__cause__, "schema_errors", [error.__cause__])
        words = [f"{getattr(one, 'json_path', '')} {getattr(one, 'message', one)}" for one in faults]
        errors.append(f"{method} {path}: {error!r} {words}"[:1500])
    parts = path.split("?")[0].split("/")
    for known in description["paths"]:
        pattern = known.split("/")
        if len(pattern) == len(parts) and all(
            want == have or want.startswith("{") for want, have in zip(pattern, parts)
        ):
            if method.lower() in description["paths"][known]:
                checked.add(f"{method} {known}")
                break
    return answer.json() if answer.text and "json" in answer.headers["Content-Type"] else None


def acquire():
    answer = call("POST", "/v1/jobs/thumbs/acquire", {"worker": "check", "count": 2})
    return answer["batch"]["batch"], answer["token"]


first, token = acquire()
call("GET", f"/v1/batches/{first}/items")
call("POST", f"/v1/batches/{first}/heartbeat", {"token": token, "note": "half"})
call("POST", "/v1/heartbeats", {"batches": [{"id": first, "token": token}, {"id": 99, "token": "99.1"}]})
call("POST", f"/v1/batches/{first}/succeed", {"token": token, "result": {"files": [1, None]}})
call("POST", f"/v1/batches/{first}/succeed", {"token": f"{first}.7"}, status=409)
second, token = acquire()
call("POST", f"/v1/batches/{second}/release", {"token": token})
second, token = acquire()
call("POST", f"/v1/batches/{second}/fail", {"token": token, "error": "no"})
second, token = acquire()
call("POST", f"/v1/batches/{second}/fail", {"token": token, "error": "no", "transient": False})
run = "/v1/runs/thumbs/-"
for path in [
    "/v1/overview", "/v1/runs", "/v1/runs?limit=1", run, run + "/batches", run + "/batches?status=failed",
    run + "/gaps", run + "/plan", run + "/audit", run + "/audit?from=1&to=4&after=1&seconds=0&thorough=true",
    f"/v1/batches/{first}", f"/v1/batches/{second}/attempts",
    f"/v1/batches/{second}/attempts/1/logs", "/v1/items/1", "/v1/budgets", "/v1/workflows", "/v1/graph",
    "/v1/changes", "/v1/session", "/metrics", "/healthz", "/readyz", "/v1/openapi.json",
]:
    call("GET", path)
call("GET", "/v1/batches/999", status=404)
call("GET", "/v1/runs/no/-", status=404)
call("GET", "/v1/runs?limit=x", status=400)
call("GET", "/v1/changes?job=no&run=-", status=404)
call("GET", run + "/gaps?limit=1&after=0")
call("GET", run + "/audit?from=4&to=1", status=400)
call("GET", "/v1/items/none", status=400)
found = call("POST", "/v1/actions", {"action": "retry", "filter": {"job": "thumbs"}})
call("POST", "/v1/actions/" + found["token"], {"reason": "check"})
call("POST", "/v1/actions/" + found["token"], {}, status=410)
second, token = acquire()
call("POST", f"/v1/batches/{second}/fail", {"token": token, "error": "no"})
second, token = acquire()
call("POST", f"/v1/batches/{second}/fail", {"token": token, "error": "no"})
call("POST", f"/v1/batches/{second}/retry", {"reason": "check"})
second, token = acquire()
call("POST", f"/v1/batches/{second}/retry", {}, status=409)
call("POST", f"/v1/batches/{second}/fail", {"token": token, "error": "no"})
second, token = acquire()
call("POST", f"/v1/batches/{second}/fail", {"token": token, "error": "no"})
call("POST", f"/v1/batches/{second}/split", {})
third, token = acquire()
call("POST", f"/v1/batches/{third}/cancel", {"reason": "check"})
third, token = acquire()
ids = call("GET", f"/v1/batches/{third}")
call(
    "POST", f"/v1/batches/{third}/fail", {"token": token, "error": "no", "bad_ids": [ids["id_start"]]}
)
bad = call("GET", run + "/batches?status=quarantined")["batches"]
if bad:
    call("POST", f"/v1/batches/{bad[0]['batch']}/redrive", {})
call("POST", "/v1/budgets/api/set", {"batches": 3, "rate_per_s": 5, "reason": "check"})
call("GET", "/v1/budgets/api")
call("GET", "/v1/budgets")
for action, body in [("pause", {}), ("resume", {}), ("park", {"seconds": 2}), ("unpark", {})]:
    call("POST", f"/v1/budgets/api/{action}", body)
call("POST", run + "/set", {"parallelism": 4, "budgets": ["api"], "share": 2, "reason": "check"})
call("POST", run + "/pause", {"reason": "check"})
call("GET", run)
call("GET", "/v1/overview")
call("POST", "/v1/jobs/thumbs/acquire", {}, status=204)
call("POST", run + "/resume", {"batches": 2})
call("POST", "/v1/jobs/thumbs/backfill", {"run": "may", "from": 1, "to": 4})
call("GET", "/v1/overview")
call("POST", run + "/cancel", {"reason": "check"})
call("POST", "/v1/jobs/thumbs/acquire", {}, status=409)
call("GET", "/v1/changes")

every = {
    f"{method.upper()} {path}"
    for path, methods in description["paths"].items()
    for method in methods
}
print(json.dumps({"checked": sorted(checked), "left": sorted(every - checked), "errors": errors}))
