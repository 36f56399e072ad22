"""Checksums of files, in batches, with as many workers as there is work for."""

import hashlib

from airflow.sdk import DAG
from tranche_airflow import BatchesOperator, WorkersOperator

OPTIONS = ["--meta", "file", "--count", "100"]


def checksum(batch):
    digest = hashlib.sha256()
    for item in batch:
        digest.update(item.item.encode())
    return {"sha256": digest.hexdigest()}


with DAG("checksum", schedule="@hourly", catchup=False, max_active_runs=1):
    plan = WorkersOperator(task_id="plan", job="checksum", options=OPTIONS, most=8)
    BatchesOperator.partial(
        task_id="work", job="checksum", options=OPTIONS, work=checksum, retries=3
    ).expand(worker=plan.output)
