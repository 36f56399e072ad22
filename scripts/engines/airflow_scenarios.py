"""The DAGs of the test of examples/airflow: one operator each, with what it is to meet."""
import os
import time
from datetime import timedelta

from airflow.sdk import DAG, task
from tranche_airflow import BatchesOperator, WorkersOperator

OPTIONS = ["--meta", "file", "--count", "50"]
POLICY = ["--backoff", "1s", "--max-attempts", "2"]
DONE = os.environ["DONE"]


def note(batch):
    """Notes what it has done, as the program of the other engines does."""
    lines = [f"{batch.id}.{batch.attempt} {item.id}\n" for item in batch]
    with open(f"{DONE}.{batch.id}.{batch.attempt}.{os.getpid()}", "w") as file:
        file.writelines(lines)
    return {"items": len(lines)}


def hang_once(batch):
    """Hangs in the first attempt at a job's second batch, and says which process that is."""
    if batch.attempt == 1 and batch.id_start > 1 and not os.path.exists(f"{DONE}-{batch.job}"):
        with open(f"{DONE}-{batch.job}.part", "w") as file:
            file.write(f"{os.getpid()} {batch.id}")
        os.rename(f"{DONE}-{batch.job}.part", f"{DONE}-{batch.job}")
        time.sleep(600)
    return note(batch)


def fail(batch):
    if batch.id_start > 50:
        raise ValueError("no such day")
    return note(batch)


def dag(job, work, policy=POLICY, wait=False, **more):
    """A job with two workers at most."""
    with DAG(job, schedule=None, catchup=False):
        plan = WorkersOperator(task_id="plan", job=job, options=OPTIONS, most=2, wait=wait, every=1.0)
        BatchesOperator.partial(
            task_id="work", job=job, options=OPTIONS, policy=policy, work=work,
            retry_delay=timedelta(seconds=1), **more
        ).expand(worker=plan.output)


dag("limited", hang_once, retries=1, execution_timeout=timedelta(seconds=8))
dag("stopped", hang_once, retries=0)
dag("killed", hang_once, retries=1)
dag("failing", fail, retries=5)
dag("waiting", note, wait=True)
dag("wrong", note, policy=["--no-such-option"], retries=5)

with DAG("misspelt", schedule=None, catchup=False):
    WorkersOperator(task_id="plan", job="misspelt", options=["--no-such-option"], retries=5)

with DAG("empty", schedule=None, catchup=False):

    @task
    def nothing(number):
        pass

    nothing.expand(number=list(range(16)))
