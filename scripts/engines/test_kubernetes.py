"""Validates examples/kubernetes against the API's schemas, and runs what its containers run, without a cluster."""
import copy
import importlib.metadata
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request

import kubernetes_validate
import yaml

from ground import REPOSITORY, Fault, Ground, free_ports, record, until

FOLDER = REPOSITORY / "examples" / "kubernetes"


def documents(name):
    return list(yaml.safe_load_all((FOLDER / name).read_text()))


def as_job(scaled):
    """What KEDA makes of a ScaledJob."""
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": scaled["metadata"], "spec": scaled["spec"]["jobTargetRef"]}


def validate(version):
    found = documents("worker.yaml") + documents("metrics.yaml") + [as_job(one) for one in documents("keda.yaml")]
    for document in found:
        kubernetes_validate.validate(document, version, strict=True)
    # A validator that takes everything proves nothing.
    wrong = copy.deepcopy(found[0])
    wrong["spec"]["podFailurePolicy"]["rules"][0]["onExitCode"] = {}
    try:
        kubernetes_validate.validate(wrong, version, strict=True)
    except kubernetes_validate.ValidationError:
        return "the files, with strict schemas", f"{len(found)} objects are valid in {version}; a misspelt field is refused"
    raise Fault("a misspelt field is valid")


def container(document):
    return document["spec"]["template"]["spec"]["containers"][0]


def command(document, ground):
    arguments = [ground.program if word == "/work.sh" else word for word in container(document)["args"]]
    return [ground.environment["TRANCHE"], *arguments]


def stop(ground):
    """What a pod does that is deleted: its program takes no notice of the first signal."""
    [document] = documents("worker.yaml")
    gives = document["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    worker = subprocess.Popen(command(document, ground), env={**ground.environment, "PAUSE": "300"}, cwd=ground.folder,
                              stderr=subprocess.DEVNULL)
    until("a batch in hand", lambda: ground.running("checksum"))
    begun = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    code = worker.wait(timeout=60)
    took = time.monotonic() - begun
    if took >= gives or code != 130 or ground.failures("checksum"):
        raise Fault(f"a stop took {took:.1f} s of {gives}, exit {code}, {ground.failures('checksum')} failures")
    return "SIGTERM to what a pod runs, programs of 300 s", f"{took:.1f} s of {gives}, exit {code}, batch released, no failure"


def run(ground):
    [document] = documents("worker.yaml")
    done = subprocess.run(command(document, ground), env=ground.environment, cwd=ground.folder, stderr=subprocess.DEVNULL)
    if done.returncode:
        raise Fault(f"the worker ended with {done.returncode}")
    return "what the Job's pod runs", f"{ground.check('checksum')} batches, each item done once, exit 0"


def serve(ground):
    """The metric that KEDA asks Prometheus for is one that the server has, and probes get their answer."""
    [scaled] = documents("keda.yaml")
    name = re.search(r"sum\((\w+)\{", scaled["spec"]["triggers"][0]["metadata"]["query"]).group(1)
    made = subprocess.run([ground.environment["TRANCHE"], "serve", "--new-token", "prometheus"], env=ground.environment,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True)
    tokens = os.path.join(ground.folder, "tokens")
    with open(tokens, "w") as file:
        file.write(made.stdout)
    token = made.stderr.split()[-1]
    [port] = free_ports(1)
    document = documents("metrics.yaml")[0]
    arguments = [
        word.replace("0.0.0.0:7483", f"0.0.0.0:{port}").replace("/tokens/tokens", tokens)
        for word in container(document)["args"]
    ]
    server = subprocess.Popen([ground.environment["TRANCHE"], *arguments], env=ground.environment, cwd=ground.folder,
                              stderr=subprocess.DEVNULL)

    def get(path, **headers):
        # A probe names the pod's address, Prometheus the service.
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.read().decode()
        except OSError:
            return None

    try:
        until("an answer to the probe", lambda: get("/readyz", Host="10.1.2.3:7483") is not None, 20)
        metrics = get("/metrics", Host="tranche:7483", Authorization=f"Bearer {token}")
        if metrics is None or not re.search(rf"(?m)^{name}\{{.*job_name=\"checksum\"", metrics):
            raise Fault(f"there is no {name} at /metrics: {(metrics or '')[:500]}")
    finally:
        server.terminate()
        server.wait(timeout=30)
    return "what the Deployment runs", f"probes answered; `{name}` at /metrics with a token"


def main(folder, url):
    ground = Ground(folder, url, "file", 300)
    versions = importlib.metadata.version("kubernetes-validate")
    version = kubernetes_validate.latest_version()
    rows = [validate(version), stop(ground), run(ground), serve(ground)]
    record("kubernetes", f"Kubernetes {version}, by the schemas of kubernetes-validate {versions}; no cluster", rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
