"""Works on batches that this process acquires itself, with `tranche` in PATH or its path in TRANCHE.

    import tranche_acquire

    job = tranche_acquire.Job("sum", "--meta", "orders", "--count", "500")
    for held in job.batches():
        print(held.work(work))

`work` is the function that `tranche.run` takes. Take this where an engine makes the processes, as
Airflow and Ray do, and `tranche work` everywhere else: that also retries, waits and prefetches.

A batch in hand is kept alive by heartbeats of a thread. It is ended by the outcome of the work, and
released when the process is stopped. After a SIGKILL its lease must run out.
"""

import contextlib
import errno
import json
import os
import subprocess
import sys
import threading
import time

import tranche

__all__ = ["Held", "Job", "Refused", "release"]

NOTHING_NOW, LOST, CANCELLED, LATER = 3, 4, 5, 75
VARIABLES = ("batch", "attempt", "job", "run", "kind", "id_start", "id_end")

_LONGEST_ERROR = 8000
"""Characters of an error that are kept. Linux takes no argument above 128 KiB."""


class Refused(RuntimeError):
    """An error that another try does not mend: a wrong option, a cancelled run, a refused login."""


def _run(*arguments, may_exit_with=()):
    """The exit status and standard output of tranche."""
    program = os.environ.get("TRANCHE", "tranche")
    # UTF-8 whatever the locale is, as tranche has it; a name may have bytes that are none.
    arguments = [os.fspath(argument) for argument in arguments]
    arguments = [
        argument.encode("utf-8", "surrogateescape") if isinstance(argument, str) else argument
        for argument in arguments
    ]
    # Its own group: a signal to this process's group is for this process to handle.
    done = subprocess.run(
        [program, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, start_new_session=True,
    )
    if done.returncode in (0, *may_exit_with):
        return done.returncode, done.stdout.decode("utf-8")
    words = _message(done.stderr.decode("utf-8", "replace"))
    if done.returncode == LATER:
        raise tranche.Transient(words)
    raise Refused(f"tranche {arguments[0].decode()} ended with {done.returncode}: {words}")


def _message(stderr):
    """What went wrong: with --json the last line is a document."""
    line = stderr.strip().rsplit("\n", 1)[-1]
    with contextlib.suppress(ValueError, TypeError, KeyError):
        return json.loads(line)["message"]
    return line


class Job:
    """A job whose batches are acquired here.

    name: its name.
    options: those of `tranche plan`, such as "--meta", "orders", "--count", "500".
    policy: more for `tranche acquire`, such as "--lease", "15s", "--max-attempts", "5".
    heartbeat: seconds between heartbeats; a third of the batch's lease by default.
    """

    def __init__(self, name, *options, policy=(), heartbeat=None):
        self.name, self.options, self.policy, self.heartbeat = name, options, policy, heartbeat

    def acquire(self):
        """The next batch as a Held; None when there is none now, or while the run is paused or held.

        Raises tranche.Transient while the database is away, and Refused where another try is of no
        use.
        """
        options = ["--job", self.name, *self.options, *self.policy, "--json"]
        status, output = _run("acquire", *options, may_exit_with=[NOTHING_NOW])
        if status == NOTHING_NOW:
            return None
        document = json.loads(output)
        try:
            return Held(document, self.heartbeat, note=_note_before(**_key(document)))
        except BaseException:
            # Nobody else knows of the batch.
            release(**_key(document))
            raise

    def batches(self, wait=None):
        """Each batch when it has been acquired, until there are none now.

        wait: seconds between two looks until none is due later or held by others either, such as by
            a process that died; None ends at once.
        """
        while True:
            held = self.acquire()
            if held is not None:
                yield held
            elif wait is None or self.plan() == 0:
                return
            else:
                time.sleep(wait)

    def plan(self):
        """How many batches there are to be done, those included that others hold; 100 at most."""
        options = ["--job", self.name, *self.options, "--json"]
        status, output = _run("plan", *options, may_exit_with=[NOTHING_NOW])
        return 0 if status == NOTHING_NOW else json.loads(output)["batches"]

    def failed(self):
        """How many batches of the run that the options name have failed for good or are quarantined.

        Other runs of the job, and other sources, have failures of their own.
        """
        named = {"--run": "", **self._given("--run", "--meta", "--schema")}
        words = [word for option in named.items() for word in option]
        _, output = _run("status", "--job", self.name, *words, "--json")
        totals = [run["totals"] for run in json.loads(output)["runs"]]
        return sum(each[state]["batches"] for each in totals for state in ("failed", "quarantined"))

    def _given(self, *names):
        """The values of the options that are given, by these names."""
        words, found = iter(self.options), {}
        for word in words:
            name, sign, value = word.partition("=")
            if name in names:
                found[name] = value if sign else next(words, "")
        return found


class Held:
    """A batch that this process holds.

    batch: the batch and its items, a tranche.Batch.
    count, weight: how many items it has, and what they weigh.
    """

    def __init__(self, document, heartbeat=None, note=None):
        variables = {f"TRANCHE_{name.upper()}": str(document[name]) for name in VARIABLES}
        ids = [item["id"] for item in document["items"]]
        if ids and all(isinstance(id, str) for id in ids):
            # Uids that are not integers, which the document has by their numbers.
            variables["TRANCHE_ID_START"], variables["TRANCHE_ID_END"] = ids[0], ids[-1]
        if note is not None:
            variables["TRANCHE_NOTE"] = note
        variables["TRANCHE_EXACT"] = "1" if document["exact"] else "0"
        for name in ("from", "to"):
            if document.get(name) is not None:
                variables[f"TRANCHE_{name.upper()}"] = document[name]
        self.batch = tranche.Batch(variables, map(json.dumps, document["items"]))
        self.count, self.weight = document["count"], document["weight"]
        # A tranche that is older than this module does not say it.
        self._heartbeat = document.get("lease_s", 60) / 3 if heartbeat is None else heartbeat

    @property
    def key(self):
        """What names the batch and the attempt that holds it, for a later process to give back."""
        return {"batch": self.batch.id, "attempt": self.batch.attempt}

    def work(self, work):
        """Has a function work on the batch, and ends it; says how.

        "succeeded", "failed", "deferred", or "lost" where it was no longer held or was cancelled:
        then others do it. What stops this process, such as KeyboardInterrupt, releases it.
        """
        try:
            with self._kept_alive():
                status, output = tranche._work(work, self.batch)
        except BaseException:
            release(**self.key)
            raise
        said = json.loads(output or "{}")
        note = said.pop("note", None)
        if note is not None and status != 0:
            self._leave(note)
        bad = _blame(said)
        if status == 0:
            result = ["--result", json.dumps(said)] if said else []
            try:
                return self._end("succeed", *result, *bad, as_state="succeeded")
            except (OSError, Refused) as reason:
                return self._fail_as_refused(reason, "the work was done")
        if "retry_after" in said:
            seconds = said["retry_after"]
            if not isinstance(seconds, (int, float)):
                return self._fail(f"RetryLater takes a number of seconds, not {seconds!r}")
            # As long as `tranche work` would put it off.
            seconds = min(max(seconds, 1), 900)
            return self._end("release", "--for", f"{seconds}s", as_state="deferred")
        # The items that are to blame go before, as with `tranche work`.
        transient = ["--transient"] if status == LATER and not bad else []
        error = said.get("error", "failed")
        try:
            return self._fail(error, *transient, *bad)
        except (OSError, Refused) as reason:
            return self._fail_as_refused(reason, error)

    def _leave(self, note):
        """Leaves a note for the next attempt; one that cannot be left does not hide the failure."""
        note = note if isinstance(note, str) else json.dumps(note)
        try:
            self._end("heartbeat", "--note", note)
        except (Refused, tranche.Transient, OSError, ValueError) as error:
            print(f"batch {self.batch.id}: the note is left out: {error}", file=sys.stderr)

    def _fail(self, error, *options):
        # No argument can hold a NUL, or half of a surrogate pair.
        words = error.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
        words = words if len(words) <= _LONGEST_ERROR else words[:_LONGEST_ERROR] + "…"
        return self._end("fail", "--error", words, *options, as_state="failed")

    def _fail_as_refused(self, reason, words):
        """Fails the batch whose result or bad items cannot be passed on, or tranche refuses.

        Where that is refused as well, the batch is given back.
        """
        if isinstance(reason, OSError):
            if reason.errno != errno.E2BIG:
                raise reason
            reason = "its result or bad items are too long to be given to tranche"
        try:
            return self._fail(f"{words[:_LONGEST_ERROR // 2]}: {reason}")
        except Refused:
            release(**self.key)
            raise

    def _end(self, verb, *options, as_state=""):
        status, _ = _run(
            verb, str(self.batch.id), "--attempt", str(self.batch.attempt), *options,
            may_exit_with=[LOST, CANCELLED],
        )
        return as_state if status == 0 else "lost"

    @contextlib.contextmanager
    def _kept_alive(self):
        ended = threading.Event()

        def beat():
            while not ended.wait(self._heartbeat):
                # An outage ends by itself, as does a want of processes, or the lease does, which the
                # end of the batch will say.
                with contextlib.suppress(tranche.Transient, Refused, OSError):
                    if self._end("heartbeat") == "lost":
                        return

        thread = threading.Thread(target=beat, name=f"heartbeat of {self.batch.id}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def _key(document):
    return {"batch": document["batch"], "attempt": document["attempt"]}


def _blame(said):
    """Takes the bad items out of a result, as options; a number of them is a result as any other."""
    bad = said.pop("bad") if isinstance(said.get("bad"), (list, dict)) else []
    ids = said.pop("bad_ids", None) or []
    if isinstance(bad, list) and isinstance(ids, list):
        # An item that is named in both has the reason that the former gives.
        bad = [*({"id": id} for id in ids), *bad]
    elif ids:
        # No list of items, which tranche refuses.
        bad = ids
    return ["--bad", json.dumps(bad)] if bad else []


def _note_before(batch, attempt):
    """The last note that one of the ten attempts before has left; None where none has."""
    for before in range(attempt - 1, max(attempt - 11, 0), -1):
        status, output = _run(
            "logs", "--batch", str(batch), "--attempt", str(before), "--json",
            may_exit_with=[NOTHING_NOW],
        )
        note = None if status == NOTHING_NOW else json.loads(output)["note"]
        if note is not None:
            return note
    return None


def release(batch, attempt):
    """Gives a batch back, where that attempt still holds it; says whether it did."""
    status, _ = _run(
        "release", str(batch), "--attempt", str(attempt), may_exit_with=[LOST, CANCELLED]
    )
    return status == 0
