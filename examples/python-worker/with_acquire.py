"""Acquires batches one by one, and ends each by hand: for programs with a loop of their own."""

import json
import tempfile

from common import JOB, make_files, tranche

NOTHING_NOW = 3


def work(items):
    """Adds up the sizes; refuses item 4 the first time it comes."""
    for item in items:
        if item["id"] == 4 and not refused:
            refused.append(item["id"])
            raise ValueError(f"cannot read {item['item']}")
    return {"bytes": sum(item["weight"] for item in items)}


refused, done = [], []
with tempfile.TemporaryDirectory() as folder:
    make_files(folder)
    while True:
        limits = ["--weight", "100", "--backoff", "0s"]
        status, output = tranche("acquire", *JOB, *limits, "--json", may_exit_with=[NOTHING_NOW])
        if status == NOTHING_NOW:
            break
        batch = json.loads(output)
        # The attempt fences: who was too slow cannot overwrite who came after.
        held = [str(batch["batch"]), "--attempt", str(batch["attempt"])]
        try:
            result = work(batch["items"])
        except ValueError as error:
            tranche("fail", *held, "--error", str(error))
        else:
            tranche("succeed", *held, "--result", json.dumps(result))
            done += [item["id"] for item in batch["items"]]

assert refused == [4], refused
assert sorted(done) == list(range(1, 11)), done
print("10 items, one batch tried twice")
