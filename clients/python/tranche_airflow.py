"""Operators of Apache Airflow 3 that work on the batches of a job.

    workers = WorkersOperator(task_id="plan", job="sum", options=OPTIONS, most=8)
    BatchesOperator.partial(task_id="work", job="sum", options=OPTIONS, work=work, retries=3).expand(
        worker=workers.output
    )

examples/airflow has a DAG, and what happens at a time limit, a stop and a retry.
"""

import asyncio
import collections

import tranche
import tranche_acquire
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
from airflow.triggers.base import BaseTrigger, TriggerEvent


class WorkersOperator(BaseOperator):
    """The names of as many workers as there are batches to be done: what BatchesOperator expands over.

    job, options: as of `tranche plan`.
    most: how many at most.
    wait: whether to wait, without a slot of a worker, until there is something; else it skips.
    every: seconds between two looks meanwhile.
    """

    template_fields = ("job", "options")

    def __init__(self, *, job, options, most=8, wait=False, every=30.0, **more):
        super().__init__(**more)
        self.job, self.options, self.most, self.wait, self.every = job, options, most, wait, every

    def execute(self, context, event=None):
        try:
            batches = event or tranche_acquire.Job(self.job, *self.options).plan()
        except tranche_acquire.Refused as error:
            raise AirflowFailException(str(error)) from error
        if batches == 0 and self.wait:
            trigger = BacklogTrigger(self.job, list(self.options), self.every)
            self.defer(trigger=trigger, method_name="execute")
        if batches == 0:
            raise AirflowSkipException("nothing to do")
        return [f"worker-{number}" for number in range(min(batches, self.most))]


class BacklogTrigger(BaseTrigger):
    """Fires when there are batches to be done, with their number."""

    def __init__(self, job, options, every):
        super().__init__()
        self.job, self.options, self.every = job, options, every

    def serialize(self):
        return "tranche_airflow.BacklogTrigger", {
            "job": self.job, "options": self.options, "every": self.every,
        }

    async def run(self):
        job = tranche_acquire.Job(self.job, *self.options)
        while True:
            try:
                batches = await asyncio.to_thread(job.plan)
            except tranche.Transient:
                batches = 0
            if batches:
                yield TriggerEvent(batches)
                return
            await asyncio.sleep(self.every)


class BatchesOperator(BaseOperator):
    """Works on batches until there are none now; its XCom counts items, and batches by state.

    job, options, policy: as of tranche_acquire.Job.
    work: the function that `tranche.run` takes.
    worker: a name, which `tranche batches` shows.

    The batch in hand is in the task's state store, where a retry finds it: it gives that batch back,
    so that the process before it can record nothing should it still live, and takes it up again.
    It skips where there was nothing to do, is tried again where a batch is, and fails for good where
    batches have failed for good, or where another try is of no use.
    """

    template_fields = ("job", "options", "policy")

    def __init__(self, *, job, options, work, policy=(), worker="worker", **more):
        super().__init__(**more)
        self.job, self.options, self.policy = job, options, policy
        self.work, self.worker, self.held = work, worker, None

    def execute(self, context):
        # Airflow clears the XCom of a task before each try, and keeps its state store.
        store = context["task_state_store"]
        counts = collections.Counter(store.get("counts"))
        try:
            if before := store.get("held"):
                tranche_acquire.release(**before)
            again = self._work_on_all(store, counts)
            failed = tranche_acquire.Job(self.job, *self.options).failed()
        except tranche_acquire.Refused as error:
            raise AirflowFailException(str(error)) from error
        if failed:
            raise AirflowFailException(f"{failed} batches of {self.job} have failed: tranche batches")
        if again:
            raise AirflowException(f"{again} batches of {self.job} are to be tried again")
        if not counts:
            raise AirflowSkipException("nothing to do")
        return dict(counts)

    def _work_on_all(self, store, counts):
        """How many batches of this try are to be tried again."""
        policy, again = [*self.policy, "--worker", self.worker], 0
        job = tranche_acquire.Job(self.job, *self.options, policy=policy)
        for held in job.batches():
            self.held = held.key
            store.set("held", self.held)
            self.log.info("batch %(batch)s, attempt %(attempt)s", self.held)
            state = held.work(self.work)
            again += state in ("failed", "deferred")
            counts.update({state: 1, "items": held.count if state == "succeeded" else 0})
            self.held = None
            store.set("counts", dict(counts))
            store.delete("held")
        return again

    def on_kill(self):
        # A stop interrupts nothing: Airflow calls this, and ends the process by SIGKILL 5 s later.
        if self.held:
            tranche_acquire.release(**self.held)
