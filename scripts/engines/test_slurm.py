"""Runs examples/slurm in a cluster of one node: slurmctld, slurmd and munged of Debian, started here."""
import os
import re
import signal
import socket
import subprocess
import sys
import time

from ground import REPOSITORY, Fault, Ground, free_ports, load, perform, record, say, until

SCRIPT = str(REPOSITORY / "examples" / "slurm" / "work.sbatch")
JOB = "checksum"
CONFIGURATION = """
ClusterName=tranche
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={daemon}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=30
RequeueExit=75
MinJobAge=300
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1,sched_min_interval=1000
NodeName={host} NodeAddr=127.0.0.1 CPUs=32 State=UNKNOWN
PartitionName=low Nodes={host} Default=YES PriorityTier=1 State=UP
PartitionName=high Nodes={host} PriorityTier=9 PreemptMode=OFF State=UP
"""


class Cluster:
    def __init__(self, folder):
        self.folder, self.daemons = folder, {}
        for name in ("state", "spool"):
            os.makedirs(os.path.join(folder, name))
        self.file = os.path.join(folder, "slurm.conf")
        self.environment = {**os.environ, "SLURM_CONF": self.file}
        controller, daemon = free_ports(2)
        with open(self.file, "w") as file:
            file.write(CONFIGURATION.format(
                host=socket.gethostname(), folder=folder,
                controller=controller, daemon=daemon,
            ))
        key = os.path.join(folder, "munge.key")
        subprocess.run(["mungekey", "-c", "-k", key, "-b", "1024"], check=True)
        self.start(
            "munged", "-F", "--force", f"--key-file={key}", f"--socket={folder}/munge.socket",
            f"--pid-file={folder}/munge.pid", f"--log-file={folder}/munge.log", f"--seed-file={folder}/munge.seed",
        )
        until("munged", lambda: os.path.exists(f"{folder}/munge.socket"))
        self.start("slurmctld", "-D", "-c")
        self.start("slurmd", "-D")
        until("a node that is idle", lambda: self.ask("sinfo", "-h", "-p", "low", "-o", "%t").strip() == "idle")

    def start(self, name, *arguments):
        with open(os.path.join(self.folder, f"{name}.out"), "a") as file:
            self.daemons[name] = subprocess.Popen(
                [name, *arguments], env=self.environment, stdout=file, stderr=file, cwd=self.folder
            )

    def ask(self, *line):
        done = subprocess.run(line, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.stdout

    def submit(self, ground, *options, script=SCRIPT, **variables):
        """Submits the example as it is, from the folder of its program."""
        environment = {**self.environment, **ground.environment, "META": ground.name, **variables}
        done = subprocess.run(
            ["sbatch", "--parsable", *options, script], env=environment, cwd=ground.folder,
            stdout=subprocess.PIPE, text=True, check=True,
        )
        return done.stdout.strip()

    def tasks(self, job):
        """The tasks of a job, as scontrol shows them."""
        shown = self.ask("scontrol", "-o", "show", "job", job)
        return [dict(re.findall(r"(\w+)=(\S*)", line)) for line in shown.splitlines() if "JobId=" in line]

    def ended(self, job, limit=180):
        busy = {"PENDING", "RUNNING", "COMPLETING", "CONFIGURING", "SUSPENDED"}
        return until(
            f"the end of Slurm job {job}",
            lambda: (found := self.tasks(job)) and not busy & {task["JobState"] for task in found} and found, limit,
        )

    def codes(self, tasks):
        return sorted({f"{task['JobState']} {task['ExitCode']}" for task in tasks})

    def close(self):
        self.ask("scancel", "--user=root", "--signal=KILL", "--full")
        for daemon in reversed(self.daemons.values()):
            daemon.terminate()
        for daemon in self.daemons.values():
            try:
                daemon.wait(timeout=15)
            except subprocess.TimeoutExpired:
                daemon.kill()


def compare(cluster, make):
    """An array of 32 tasks of 4 workers, and the same by hand."""
    seconds = {}
    for way in ("slurm", "hand"):
        ground = make(f"array_{way}", 12_800)
        variables = {"PAUSE": "1", "COUNT": "10"}
        begun = time.monotonic()
        if way == "slurm":
            tasks = cluster.ended(cluster.submit(ground, "--array=1-32", **variables))
            codes = cluster.codes(tasks)
        else:
            environment = {**cluster.environment, **ground.environment, "META": ground.name, **variables}
            started = [
                subprocess.Popen(["bash", SCRIPT], env=environment, cwd=ground.folder, stderr=subprocess.DEVNULL)
                for _ in range(32)
            ]
            for process in started:
                process.wait()
        # From the submission to the last success, as the inventory has it.
        span = ground.sql(f"SELECT extract(epoch FROM now() - max(processing_end)) FROM {ground.name}_inventory")
        seconds[way] = time.monotonic() - begun - float(span)
        batches = ground.check(JOB)
    ratio = seconds["hand"] / seconds["slurm"]
    return (
        "array of 32 tasks of 4 workers, beside 32 processes started by hand",
        f"{batches} batches of 1 s: {seconds['slurm']:.1f} s, by hand {seconds['hand']:.1f} s: {ratio:.2f};"
        f" tasks {', '.join(codes)}; load {load()}",
    )


def cancel(cluster, make):
    ground = make("cancelled", 180)
    job = cluster.submit(ground, "--array=1-6", COUNT="10", WORKERS="2", PAUSE="6")
    until("12 batches in hand", lambda: len(ground.running(JOB)) == 12)
    begun = time.monotonic()
    cluster.ask("scancel", f"{job}_[1-3]")
    until("6 batches given back", lambda: len(ground.running(JOB)) <= 6 and released(ground) == 6, 60)
    took = time.monotonic() - begun
    if ground.failures(JOB):
        raise Fault("a cancelled task counted as a failure")
    codes = cluster.codes(cluster.ended(job))
    ground.check(JOB)
    return "`scancel` of 3 of 6 tasks", f"6 batches released after {took:.1f} s, no failure; {', '.join(codes)}; all done"


def released(ground):
    return sum(1 for batch in ground.batches(JOB) if batch["status"] == "released")


def time_limit(cluster, make):
    ground = make("limited", 100)
    job = cluster.submit(ground, "--array=1", "--time=1", COUNT="50", WORKERS="2", PAUSE="600")
    until("2 batches in hand", lambda: len(ground.running(JOB)) == 2)
    codes = cluster.codes(cluster.ended(job))
    if released(ground) != 2 or ground.failures(JOB):
        raise Fault("the batches of a task beyond its time were not released")
    cluster.ended(cluster.submit(ground, "--array=1"))
    ground.check(JOB)
    return "`--time=1`, programs of 600 s", f"{', '.join(codes)}; both batches released, no failure, done by the next job"


def preempt(cluster, make):
    ground = make("preempted", 320)
    job = cluster.submit(ground, "--array=1-2", "-n16", COUNT="10", WORKERS="2", PAUSE="3")
    until("4 batches in hand", lambda: len(ground.running(JOB)) == 4)
    cluster.ask("sbatch", "-p", "high", "-n32", "--output=/dev/null", "--wrap", "sleep 2")
    until("a task that was preempted", lambda: any(task["Restarts"] != "0" for task in cluster.tasks(job)))
    # Slurm waits two minutes before it starts what it has requeued.
    cluster.ask("scontrol", "update", f"JobId={job}", "StartTime=now")
    tasks = cluster.ended(job, 240)
    ground.check(JOB)
    if ground.failures(JOB):
        raise Fault("a preempted task counted as a failure")
    restarts = sum(int(task["Restarts"]) for task in tasks)
    return "preemption by a partition of higher priority", f"{restarts} tasks requeued, no failure; {', '.join(cluster.codes(tasks))}"


def kill_daemon(cluster, make):
    ground = make("daemonless", 100)
    job = cluster.submit(ground, "--array=1", COUNT="10", WORKERS="2", PAUSE="2")
    until("2 batches in hand", lambda: len(ground.running(JOB)) == 2)
    cluster.daemons["slurmd"].kill()
    cluster.daemons["slurmd"].wait()
    before = ground.succeeded(JOB)
    until("work without slurmd", lambda: ground.succeeded(JOB) > before)
    cluster.start("slurmd", "-D")
    codes = cluster.codes(cluster.ended(job))
    ground.check(JOB)
    if ground.attempts(JOB) != 10:
        raise Fault("a batch was worked on twice though nobody was stopped")
    return "`kill -9` of slurmd, and a new one", f"the job goes on, 10 batches of 1 attempt; {', '.join(codes)}"


def kill_node(cluster, make):
    """All of a task dies at once, as with its node: nobody can give anything back."""
    ground = make("nodeless", 100)
    job = cluster.submit(ground, "--array=1", COUNT="10", WORKERS="2", PAUSE="2")
    until("2 batches in hand", lambda: len(ground.running(JOB)) == 2)
    cluster.daemons["slurmd"].kill()
    for process in of_task(ground.folder):
        os.kill(process, signal.SIGKILL)
    cluster.daemons["slurmd"].wait()
    begun = time.monotonic()
    cluster.start("slurmd", "-D")
    first = cluster.ended(job)
    cluster.ended(cluster.submit(ground, "--array=1"))
    took = time.monotonic() - begun
    ground.check(JOB)
    return "`kill -9` of slurmd and of all in the task", f"{', '.join(cluster.codes(first))}; done by the next job {took:.0f} s later"


def of_task(folder):
    """The processes of a task, which work in its folder, and who watches them."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/comm") as file:
                watches = file.read().strip() == "slurmstepd" and folder in os.readlink(f"/proc/{name}/cwd")
            if watches or os.readlink(f"/proc/{name}/cwd") == folder:
                found.append(int(name))
        except OSError:
            continue
    return found


def paused(cluster, make):
    """A run that is paused exits with 75, which slurm.conf's RequeueExit takes for "again later"."""
    ground = make("paused", 40)
    ground.run("acquire", "--job", JOB, "--meta", ground.name, "--count", "10", "--lease", "1s", "--json")
    ground.run("pause", "--job", JOB, "--reason", "maintenance")
    job = cluster.submit(ground, "--array=1", COUNT="10")
    until("a requeue", lambda: cluster.tasks(job)[0]["Restarts"] != "0")
    ground.run("resume", "--job", JOB)
    until("its second start", lambda: (
        cluster.ask("scontrol", "update", f"JobId={job}", "StartTime=now"), ground.succeeded(JOB) == 40)[1], 150, 10)
    codes = cluster.codes(cluster.ended(job))
    ground.check(JOB)
    return "a paused run, with `RequeueExit=75` in slurm.conf", f"requeued by itself, and after `tranche resume` {', '.join(codes)}"


def main(folder, url):
    folder = os.path.join(folder, "slurm")
    os.makedirs(folder)
    cluster = Cluster(folder)
    make = lambda name, items: Ground(folder, url, name, items)
    # Paused goes first: after a preemption Slurm did not always start its second try when it was told to.
    scenarios = [paused, cancel, time_limit, preempt, kill_daemon, kill_node, compare]
    try:
        rows = perform("slurm", {step.__name__: lambda step=step: step(cluster, make) for step in scenarios})
    except Fault:
        say(cluster.ask("scontrol", "-o", "show", "job"), cluster.ask("tail", "-n", "15", f"{folder}/slurmctld.log"))
        raise
    finally:
        cluster.close()
    version = cluster.ask("sbatch", "--version").strip()
    record("slurm", f"{version} of Debian 12, PostgreSQL 15", rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
