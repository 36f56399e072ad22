"""What the test of examples/ray runs in the cluster, beside the example itself."""
import os
import time

import ray
import tranche_acquire

DONE = os.environ["DONE"]


def job(name):
    return tranche_acquire.Job(
        name, "--meta", "file", "--count", "50", policy=["--lease", "8s", "--backoff", "1s"], heartbeat=2.0
    )


def note(batch):
    """Notes what it has done, as the program of the other engines does."""
    lines = [f"{batch.id}.{batch.attempt} {item.id}\n" for item in batch]
    with open(f"{DONE}.{batch.id}.{batch.attempt}.{os.getpid()}", "w") as file:
        file.writelines(lines)


def hang_once(batch):
    """Hangs in the first attempt at a job's first batch, and says which process that is."""
    if batch.attempt == 1 and not os.path.exists(f"{DONE}-{batch.job}"):
        with open(f"{DONE}-{batch.job}.part", "w") as file:
            file.write(f"{os.getpid()} {batch.id}")
        os.rename(f"{DONE}-{batch.job}.part", f"{DONE}-{batch.job}")
        for _ in range(6000):
            time.sleep(0.1)
    note(batch)


@ray.remote(max_retries=0)
def one(name):
    """One batch, as a task."""
    return job(name).acquire().work(hang_once)


@ray.remote(num_cpus=1, max_restarts=-1, max_task_retries=-1)
class Worker:
    def work(self, name):
        return [held.work(hang_once) for held in job(name).batches(wait=0.5)]


@ray.remote
def nothing():
    pass


if __name__ == "__main__":
    # A job of `ray job submit`, which is stopped.
    ray.init()
    ray.get(Worker.remote().work.remote("submitted"))
