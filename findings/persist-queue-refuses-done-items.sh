#!/usr/bin/env bash
# persist-queue 1.1.0, UniqueAckQ: put of an item that was taken and acknowledged before.
# Expected: it is queued, as UniqueQ of the same package queues an item anew once it was taken; unique are the items
# that wait.
# Seen: the acknowledged item stays in the table, which is unique over all of it, and put drops the new one: it returns
# None instead of an id, and raises nothing. The same for an item that was given up with ack_failed, and after a
# restart. It is taken only once clear_acked_data was called, which keeps the newest 1,000 unless told.
# A file or key that comes a second time, changed, is never processed again; and one that failed is never retried.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check persist-queue==1.1.0

env/bin/python - <<'PY'
from importlib.metadata import version

import persistqueue

print("persist-queue", version("persist-queue"))
plain = persistqueue.UniqueQ("plain")
plain.put("day.csv")
assert plain.put("day.csv") is None
assert plain.get() == "day.csv"
assert plain.put("day.csv") is not None
assert plain.size == 1

queue = persistqueue.UniqueAckQ("jobs")
assert queue.put("day.csv") is not None
assert queue.put("week.csv") is not None
queue.ack(queue.get())
queue.ack_failed(queue.get())
del queue

queue = persistqueue.UniqueAckQ("jobs")
again = [queue.put("day.csv"), queue.put("week.csv")]
print("put again:", again, "waiting:", queue.size)
assert again == [None, None], again
assert queue.size == 0, queue.size
queue.clear_acked_data()
assert queue.put("day.csv") is None
queue.clear_acked_data(keep_latest=0)
assert queue.put("day.csv") is not None
assert queue.size == 1, queue.size
PY
