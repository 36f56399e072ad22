"""Has systemd verify examples/systemd, and runs what the unit starts, with its environment and signals."""
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time

from ground import REPOSITORY, Fault, Ground, family, record, until

FOLDER = REPOSITORY / "examples" / "systemd"
JOB = "checksum"


def settings():
    """What the unit says, by key; the last one of a key counts."""
    lines = (FOLDER / "tranche-work@.service").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def verify(folder, ground):
    """The units as they are, but for the program's place: systemd looks for it."""
    units = os.path.join(folder, "units")
    os.makedirs(units)
    for name in ("tranche-work@.service", "tranche-work@.timer"):
        text = (FOLDER / name).read_text().replace("/usr/bin/tranche", ground.environment["TRANCHE"])
        with open(os.path.join(units, name), "w") as file:
            file.write(text)
    instances = [os.path.join(units, f"tranche-work@{JOB}.{kind}") for kind in ("service", "timer")]
    for path in instances:
        shutil.copy(path.replace(f"@{JOB}", "@"), path)
    done = subprocess.run(["systemd-analyze", "verify", *instances], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    # Units of the machine itself are verified too, and are none of ours.
    ours = [line for line in done.stdout.splitlines() if "tranche-work" in line]
    if ours or done.returncode:
        raise Fault(f"systemd-analyze verify: {done.returncode}: {done.stdout}")
    with open(instances[0], "a") as file:
        file.write("[Service]\nRestartPreventExitStatuses=1\n")
    done = subprocess.run(["systemd-analyze", "verify", instances[0]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if "RestartPreventExitStatuses" not in done.stdout:
        raise Fault("a misspelt setting is not noticed")
    return "`systemd-analyze verify`", "nothing to say; a misspelt setting is named"


def start(ground, **more):
    """What ExecStart says, as systemd would start it."""
    environment = {**ground.environment, "META": ground.name, "COUNT": "10", "PROGRAM": ground.program, **more}
    words = shlex.split(settings()["ExecStart"].replace("%i", JOB).replace("/usr/bin/tranche", ground.environment["TRANCHE"]))
    line = [environment[word[2:-1]] if word.startswith("${") else word for word in words]
    return subprocess.Popen(line, env=environment, cwd=ground.folder, stderr=subprocess.DEVNULL)


def stop(ground):
    """As KillMode=control-group does: all at once."""
    worker = start(ground, PAUSE="300")
    until("a batch in hand", lambda: ground.running(JOB))
    # Its program runs by now, or will see the signal as a stop too.
    begun = time.monotonic()
    for process in family(worker.pid):
        os.kill(process, signal.SIGTERM)
    code = worker.wait(timeout=95)
    took = time.monotonic() - begun
    if str(code) not in settings()["SuccessExitStatus"].split() or ground.failures(JOB):
        raise Fault(f"a stop ended with {code}, {ground.failures(JOB)} failures")
    if took >= float(settings()["TimeoutStopSec"]):
        raise Fault(f"a stop took {took:.0f} s")
    return "SIGTERM to the whole unit", f"ended after {took:.1f} s with {code}, a success to the unit; batch released, no failure"


def kill(ground):
    worker = start(ground, PAUSE="300")
    until("a batch in hand", lambda: ground.running(JOB))
    for process in reversed(family(worker.pid)):
        os.kill(process, signal.SIGKILL)
    worker.wait()
    begun = time.monotonic()
    code = start(ground).wait()
    took = time.monotonic() - begun
    if code or took > 30:
        raise Fault(f"the next start ended with {code} after {took:.0f} s")
    return "SIGKILL to the whole unit", f"the next start did all, in {ground.check(JOB)} batches, {took:.1f} s later (lease 60 s)"


def paused(ground):
    ground.sql(f"INSERT INTO {ground.name} (item, weight) SELECT 'new', 1 FROM generate_series(1, 20)")
    ground.items += 20
    ground.run("pause", "--job", JOB, "--reason", "maintenance")
    code = start(ground).wait()
    if str(code) not in settings()["RestartForceExitStatus"].split():
        raise Fault(f"a paused run ended with {code}")
    ground.run("resume", "--job", JOB)
    last = start(ground).wait()
    ground.check(JOB)
    return "a paused run", f"exit {code}, for which the unit starts again; after `tranche resume` exit {last}"


def main(folder, url):
    ground = Ground(folder, url, "file", 100)
    rows = [verify(folder, ground), stop(ground), kill(ground), paused(ground)]
    version = subprocess.run(["systemd-analyze", "--version"], stdout=subprocess.PIPE, text=True).stdout.split("\n")[0]
    record("systemd", f"{version}; no manager ran", rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
