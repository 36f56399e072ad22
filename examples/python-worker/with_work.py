"""Runs worker.py once per batch through `tranche work`, which does all the bookkeeping."""

import json
import os
import sys
import tempfile

from common import JOB, make_files, tranche

with tempfile.TemporaryDirectory() as folder:
    make_files(folder)
    os.environ["FAIL_ONCE"] = "yes"
    worker = os.path.join(os.path.dirname(os.path.abspath(__file__)), "worker.py")
    limits = ["--weight", "100", "--workers", "2", "--backoff", "0s"]
    tranche("work", *JOB, *limits, "--", sys.executable, worker)

    # Each batch failed once and then succeeded; together they hold every item once.
    _, output = tranche("batches", "--job", "sum", "--json")
    batches = json.loads(output)["batches"]
    assert [batch["status"] for batch in batches] == ["succeeded"] * len(batches), batches
    assert {batch["attempt"] for batch in batches} == {2}, batches
    assert sum(batch["count"] for batch in batches) == 10, batches
    assert sum(batch["result"]["bytes"] for batch in batches) == 550, batches
    print(f"{len(batches)} batches, 10 items")
