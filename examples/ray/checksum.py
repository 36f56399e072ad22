"""Checksums of files by actors, which load what is slow to load once and go from batch to batch.

python3 checksum.py [ACTORS]
"""

import collections
import hashlib
import sys

import ray
import tranche_acquire

# Where a node dies, its batches wait for the end of the lease: a heartbeat is due every third of it.
JOB = tranche_acquire.Job("checksum", "--meta", "file", "--count", "100", policy=["--lease", "15s"])


@ray.remote(num_cpus=1, max_restarts=-1, max_task_retries=-1)
class Worker:
    def __init__(self):
        self.digest = hashlib.sha256  # here a model would be loaded

    def checksum(self, batch):
        digest = self.digest()
        for item in batch:
            digest.update(item.item.encode())
        return {"sha256": digest.hexdigest()}

    def work(self):
        """Works until all is done, also what others died over; counts batches by state."""
        counts = collections.Counter()
        for held in JOB.batches(wait=2.0):
            counts[held.work(self.checksum)] += 1
        return counts


if __name__ == "__main__":
    ray.init()
    workers = [Worker.remote() for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 4)]
    print(dict(sum(ray.get([worker.work.remote() for worker in workers]), collections.Counter())))
    sys.exit(1 if JOB.failed() else 0)
