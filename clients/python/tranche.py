"""Works on the batches that `tranche work` hands out.

    import tranche

    def work(batch):
        total = 0
        for item in batch:
            if item.row["qty"] is None:
                batch.bad(item, "qty is missing")
                continue
            total += item.row["qty"]
        return {"total": total}

    tranche.run(work)

The same program runs once per batch, and with --persistent from batch to batch:

    tranche work --job sum --meta orders --columns qty -- python3 sum.py
    tranche work --job sum --meta orders --columns qty --persistent -- python3 sum.py

Needs Python 3.8, and nothing but its standard library. What the program prints goes to standard
error: standard output belongs to the result. Standard input is empty for what the program runs: the
items are for `run` alone.
"""

import contextlib
import json
import os
import re
import sys
import traceback

__all__ = ["Batch", "Item", "RetryLater", "Transient", "run"]

PROTOCOL = "1"
"""The number of the protocol that this module speaks with --persistent."""

_TEMPORARY_FAILURE = 75


class Transient(Exception):
    """A failure that another try may mend: it says nothing about the items."""


class RetryLater(Transient):
    """The batch is to come back later; that is no failure.

    seconds: after which time, above 0; 900 at most.
    budget: a budget of the run that is parked as long, so that nobody else tries meanwhile.
    """

    def __init__(self, seconds, budget=None, reason=""):
        super().__init__(reason or f"come back in {seconds} s")
        self.seconds = seconds
        self.budget = budget


class _Ended(EOFError):
    """tranche has ended: nobody would hear an answer. The work's own EOFErrors are failures."""


class Item:
    """An item of a batch.

    id: its id, an int; a str where the uids of the table are not integers.
    item: its payload, as JSON has it; None for NULL.
    weight: its weight.
    row: with --columns, its row as a dict; None where what should be a record is none.
    error: why it is none.
    """

    __slots__ = ("id", "item", "weight", "row", "error")

    def __init__(self, fields):
        self.id = fields["id"]
        self.item = fields["item"]
        self.weight = fields["weight"]
        self.row = fields.get("row")
        self.error = fields.get("error")

    def __repr__(self):
        return f"Item(id={self.id}, item={self.item!r}, weight={self.weight}, row={self.row!r})"


class Batch:
    """A batch in hand; iterating over it reads its items, once, in order of their ids.

    id, attempt: the batch's number, and which hand-out this is, from 1.
    job, run: their names; run is empty for the open-ended run.
    kind: how the batch came to be, such as "incremental".
    is_exact: whether an unfiltered reader of id_start...id_end sees just these items.
    id_start, id_end: the ids of the first item and the last, each an int; a str where it is
        not spelt as an integer.
    from_time, to_time: with --by, or bounds of time, from which moment until before which the
        items' times are, as texts such as "2026-03-29T00:00:00+01:00"; else None.
    note: what the attempt before has left, a str; None where it left nothing.
    """

    def __init__(self, variables, lines):
        self.id = int(variables["TRANCHE_BATCH"])
        self.attempt = int(variables["TRANCHE_ATTEMPT"])
        self.job = variables["TRANCHE_JOB"]
        self.run = variables["TRANCHE_RUN"]
        self.kind = variables["TRANCHE_KIND"]
        self.is_exact = variables["TRANCHE_EXACT"] == "1"
        self.id_start = _id(variables["TRANCHE_ID_START"])
        self.id_end = _id(variables["TRANCHE_ID_END"])
        self.from_time = variables.get("TRANCHE_FROM")
        self.to_time = variables.get("TRANCHE_TO")
        self.note = variables.get("TRANCHE_NOTE")
        self._lines = lines
        self._bad = {}
        self._left = None

    def __iter__(self):
        for line in self._lines:
            try:
                yield Item(json.loads(line))
            except (ValueError, TypeError, KeyError) as error:
                raise ValueError(f"no item: {line[:200]!r}; give no --lines") from error

    def bad(self, item, error=""):
        """Blames an item, or the id of one: it is quarantined, the others are done all the same.

        Where work raises, they are a batch again.
        """
        self._bad[item.id if isinstance(item, Item) else _id(item)] = str(error)

    def leave(self, note):
        """Leaves a note for the next attempt, a str or what JSON can hold, of at most 8 KiB."""
        self._left = note

    def progress(self, words):
        """Says something to standard error, which is progress where --idle bounds the time without."""
        print(words, file=sys.stderr, flush=True)


def run(work):
    """Has a function work on each batch that this process is given.

    work is given a Batch. It returns the batch's result, a dict that JSON can hold, or None. When it
    raises, the batch fails, and is tried again as the run's policy says; so it does when it ends the
    process, also by sys.exit(0).

    Does not return where the program ends with its batch: it exits as `tranche work` wants it.
    """
    lines, answers = _take_standard_input(), _take_standard_output()
    protocol = os.environ.get("TRANCHE_PERSISTENT")
    if protocol is None:
        if "TRANCHE_BATCH" not in os.environ:
            sys.exit("this program is run by 'tranche work': there is no TRANCHE_BATCH")
        with _an_exit_is_a_failure():
            status, result = _work(work, Batch(_environment(), lines))
        if result is not None:
            answers.write(result + "\n")
        _flush(answers)
        sys.exit(status)
    if protocol != PROTOCOL:
        sys.exit(f"tranche speaks protocol {protocol}, and this module {PROTOCOL}: take its own")
    variables = {}
    for header in lines:
        # A variable of the batch before, such as its note, is not one of this batch.
        for name in variables:
            os.environ.pop(name, None)
        variables = json.loads(header)["env"]
        for name, value in variables.items():
            os.environb[name.encode()] = value.encode()
        items = _items(lines)
        batch = Batch(variables, items)
        with _an_exit_is_a_failure():
            status, result = _work(work, batch)
        for _ in items:
            pass
        sys.stdout.flush()
        sys.stderr.flush()
        rest = "" if result is None else f',"result":{result}'
        answers.write(f'{{"done":{batch.id},"exit":{status}{rest}}}\n')
        answers.flush()


def _environment():
    """The variables of this process, in UTF-8 whatever the locale is."""
    def text(data):
        return data.decode("utf-8", "surrogateescape")

    return {text(name): text(value) for name, value in os.environb.items()}


def _items(lines):
    """The lines of a batch's items, up to its end."""
    for line in lines:
        if line.startswith(b'{"end":'):
            return
        yield line
    raise _Ended("tranche has ended in the middle of a batch")


def _work(work, batch):
    """The exit status and the result as JSON, or None."""
    try:
        result = work(batch)
        if result is not None and not isinstance(result, dict):
            raise TypeError(f"the result is a {type(result).__name__}; return a dict, or None")
        result = _with_said(result, batch)
        return 0, None if result is None else _json(result)
    except _Ended:
        raise
    except RetryLater as error:
        print(error, file=sys.stderr)
        try:
            later = {"retry_after": error.seconds, **_said(batch)}
            if error.budget is not None:
                later["budget"] = error.budget
            return _TEMPORARY_FAILURE, _json(later)
        except Exception as flaw:
            return _failed(flaw, batch)
    except Exception as error:
        return _failed(error, batch)


@contextlib.contextmanager
def _an_exit_is_a_failure():
    """Lets work end the process, but with no status that says that the batch is done."""
    try:
        yield
    except SystemExit as error:
        if error.code is None or isinstance(error.code, int) and error.code % 256 == 0:
            traceback.print_exc()
            sys.exit(1)
        raise


def _failed(error, batch):
    """The exit status and the result as JSON of work that raised."""
    traceback.print_exception(type(error), error, error.__traceback__)
    words = "".join(traceback.format_exception_only(type(error), error)).strip()
    status = _TEMPORARY_FAILURE if isinstance(error, Transient) else 1
    # What work has said of the batch may be no JSON, which is not to hide why it failed.
    for left_out in ([], ["note"], ["bad"]):
        with contextlib.suppress(Exception):
            result = _json({"error": words, **_said(batch, left_out)})
            for name in left_out:
                print(f"left out, since it is no JSON: {name}", file=sys.stderr)
            return status, result
    return status, _json({"error": words})


def _with_said(result, batch):
    """The result with what work has said of the batch beside it, which stands first; None for none.

    Of a result of more than 1 MiB only the first 64 KiB are kept.
    """
    said, own = _said(batch), (result or {}).get("bad")
    if "bad" in said and isinstance(own, list):
        said["bad"] = [*own, *said["bad"]]
    elif "bad" in said and isinstance(own, dict):
        raise TypeError('the "bad" of the result is no list')
    return {**said, **result, **said} if result is not None else said or None


def _said(batch, left_out=()):
    """What work has said of the batch beside its result."""
    said = {}
    if batch._bad and "bad" not in left_out:
        ids = sorted(batch._bad, key=lambda id: (isinstance(id, str), id))
        said["bad"] = [{"id": id, "error": batch._bad[id]} for id in ids]
    if batch._left is not None and "note" not in left_out:
        said["note"] = batch._left
    return said


def _id(id):
    """An id as an int, or as the text that it is where it is spelt as no int is."""
    with contextlib.suppress(ValueError):
        if str(int(id)) == str(id):
            return int(id)
    return id


# An escaped backslash or a whole surrogate pair; else a NUL, or half of a pair.
_UNFIT = re.compile(r"(\\\\|\\ud[89ab]..\\ud[c-f]..)|\\u(0000|d[89a-f]..)")


def _json(value):
    """The value as JSON in ASCII: without NULs, and with a ? for half of a surrogate pair.

    An error or a file's name may have them, and neither tranche nor a database takes them.
    """
    text = json.dumps(value, allow_nan=False)
    return _UNFIT.sub(lambda found: found[1] or ("" if found[2] == "0000" else "?"), text)


def _take_standard_input():
    """Keeps standard input for what tranche says; what work runs would read its items from it."""
    lines = os.fdopen(os.dup(0), "rb")
    with open(os.devnull, "rb") as null:
        os.dup2(null.fileno(), 0)
    return lines


def _take_standard_output():
    """Keeps standard output for what is said to tranche; what is printed goes to standard error."""
    sys.stdout.flush()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True, write_through=False)
    return answers


def _flush(answers):
    sys.stdout.flush()
    sys.stderr.flush()
    answers.flush()
