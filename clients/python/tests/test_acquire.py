"""Has this process acquire batches itself, and looks at what becomes of them.

Needs tranche in PATH, or its path in TRANCHE:  python3 -m unittest discover clients/python/tests
"""

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import unittest
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import tranche
import tranche_acquire


class Ended(unittest.TestCase):
    """How a batch is ended, with a program that stands for tranche."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.calls = f"{folder.name}/calls"
        program = f"{folder.name}/tranche"
        with open(program, "w", encoding="utf-8") as file:
            # Python, since a shell's words are not those of all bytes.
            file.write(f"#!{sys.executable}\nimport json, sys\n"
                       f"open({self.calls!r}, 'a').write(json.dumps(sys.argv[1:]) + chr(10))\n"
                       "note = sys.argv[-1] if '--note' in sys.argv else ''\n"
                       "sys.exit(75 if note == 'not now' else 64 if len(note) > 8192 else 0)\n")
        os.chmod(program, 0o755)
        patch = mock.patch.dict(os.environ, {"TRANCHE": program})
        patch.start()
        self.addCleanup(patch.stop)
        document = {
            "batch": 7, "attempt": 1, "job": "j", "run": "", "kind": "incremental", "id_start": 1,
            "id_end": 2, "exact": True, "count": 2, "weight": 2, "lease_s": 180,
            "items": [{"id": id, "item": None, "weight": 1} for id in (1, 2)],
        }
        self.held = tranche_acquire.Held(document)

    def work(self, work):
        with mock.patch("sys.stderr"):
            state = self.held.work(work)
        with open(self.calls, encoding="utf-8") as calls:
            return state, [json.loads(call) for call in calls]

    def test_the_end_of_a_file_that_work_reads_is_a_failure(self):
        def work(batch):
            raise EOFError("the file is cut")

        state, calls = self.work(work)
        self.assertEqual(state, "failed")
        self.assertEqual(calls, [["fail", "7", "--attempt", "1", "--error", "EOFError: the file is cut"]])

    def test_a_result_that_no_argument_can_hold_ends_the_batch(self):
        state, calls = self.work(lambda batch: {"text": "x" * 200_000})
        self.assertEqual(state, "failed")
        self.assertEqual([call[0] for call in calls], ["fail"])
        self.assertIn("too long to be given to tranche", calls[0][5])

    def test_bad_items_that_no_argument_can_hold_end_the_batch(self):
        def work(batch):
            batch.bad(1, "x" * 200_000)
            raise ValueError("no such day")

        state, calls = self.work(work)
        self.assertEqual(state, "failed")
        self.assertEqual([call[0] for call in calls], ["fail"])
        self.assertIn("ValueError: no such day: its result or bad items", calls[0][5])

    def test_an_error_is_cut_and_is_an_argument(self):
        def work(batch):
            raise ValueError("\0\ud800" + "é" * 200_000)

        state, calls = self.work(work)
        self.assertEqual(state, "failed")
        error = calls[0][5]
        self.assertTrue(error.startswith("ValueError: ?é") and error.endswith("é…"), error[:40])
        self.assertLess(len(error), 10_000)

    def test_a_note_that_cannot_be_left_does_not_hide_the_failure(self):
        for note in ("x" * 200_000, "x" * 9000, "a\0b", "not now"):
            def work(batch):
                batch.leave(note)
                raise ValueError("no such day")

            state, calls = self.work(work)
            self.assertEqual((state, calls[-1][5]), ("failed", "ValueError: no such day"))

    def test_items_that_are_to_blame_go_before_a_failure_that_may_pass(self):
        def work(batch):
            batch.bad(1, "no such day")
            raise tranche.Transient("no disk")

        _, calls = self.work(work)
        self.assertEqual(calls[-1][6:], ["--bad", '[{"id": 1, "error": "no such day"}]'])

    def test_bad_items_of_the_result_are_named_in_each_way_that_a_program_has(self):
        for result, options in (
            ({"bad": 3}, ["--result", '{"bad": 3}']), ({"bad_ids": "all"}, ["--bad", '"all"']),
            ({"bad": {"id": 2}}, ["--bad", '{"id": 2}']), ({"bad": [], "bad_ids": []}, []),
        ):
            _, calls = self.work(lambda batch: result)
            self.assertEqual(calls[-1][4:], options)
        for result, bad in (
            ({"bad_ids": [2]}, '[{"id": 2}, {"id": 1, "error": "odd"}]'),
            ({"bad": [{"id": 2}]}, '[{"id": 2}, {"id": 1, "error": "odd"}]'),
        ):
            def work(batch):
                batch.bad(1, "odd")
                return result

            _, calls = self.work(work)
            self.assertEqual(calls[-1][4:], ["--bad", bad])

    def test_a_time_that_is_no_number_is_a_failure(self):
        def work(batch):
            raise tranche.RetryLater("soon")

        state, calls = self.work(work)
        self.assertEqual((state, calls[-1][0]), ("failed", "fail"))
        self.assertIn("not 'soon'", calls[-1][5])

    def test_heartbeats_are_a_third_of_the_lease_unless_said_otherwise(self):
        self.assertEqual(self.held._heartbeat, 60)

    def test_heartbeats_go_on_after_one_that_could_not_be_started(self):
        self.held._heartbeat = 0.001
        begun, beaten = subprocess.run, threading.Event()
        tries = []

        def run(command, **options):
            if command[1] == b"heartbeat":
                tries.append(command)
                if len(tries) == 1:
                    raise BlockingIOError(11, "Resource temporarily unavailable")
                beaten.set()
            return begun(command, **options)

        with mock.patch("subprocess.run", run):
            state, _ = self.work(lambda batch: {"beaten": beaten.wait(20)})
        self.assertEqual(state, "succeeded")
        self.assertTrue(beaten.is_set())


class Acquired(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        with sqlite3.connect(f"{folder.name}/items.db") as database:
            database.execute("CREATE TABLE item (uid INTEGER PRIMARY KEY, item TEXT)")
            database.executemany("INSERT INTO item VALUES (?, ?)", [(id, f'"é" {id}') for id in range(1, 11)])
        database.close()
        before = dict(os.environ)
        self.addCleanup(lambda: (os.environ.clear(), os.environ.update(before)))
        os.environ["TRANCHE_INVENTORY"] = f"sqlite:{folder.name}/inventory.db"
        os.environ["TRANCHE_META_DB"] = f"sqlite:{folder.name}/items.db"
        self.tranche("migrate", "up")
        policy = ["--backoff", "0s", "--max-attempts", "2"]
        self.job = tranche_acquire.Job("j", "--meta", "item", "--count", "5", policy=policy, heartbeat=0.05)

    def tranche(self, *arguments):
        program = os.environ.get("TRANCHE", "tranche")
        return subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout

    def batches(self):
        listed = json.loads(self.tranche("batches", "--json"))["batches"]
        return sorted(listed, key=lambda batch: batch["batch"])

    def test_each_item_is_given_once_and_the_results_are_kept(self):
        self.assertEqual(self.job.plan(), 2)
        states = [held.work(lambda batch: {"ids": [item.id for item in batch]}) for held in self.job.batches()]
        self.assertEqual(states, ["succeeded", "succeeded"])
        results = [batch["result"]["ids"] for batch in self.batches()]
        self.assertEqual(results, [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]])
        self.assertEqual((self.job.plan(), self.job.failed()), (0, 0))
        self.assertIsNone(self.job.acquire())

    def test_an_exception_fails_the_batch_until_it_may_fail_no_more(self):
        def work(batch):
            if batch.id_start > 5:
                raise ValueError("no such day")

        states = [held.work(work) for held in self.job.batches()]
        self.assertEqual(states, ["succeeded", "failed", "failed"])
        self.assertEqual(self.job.failed(), 1)
        self.assertIn("ValueError: no such day", self.batches()[1]["logging"])

    def test_what_failed_in_another_run_or_source_is_not_counted(self):
        def fail(batch):
            raise ValueError("no such day")

        for held in self.job.batches():
            held.work(fail)
        self.assertEqual(self.job.failed(), 2)
        with contextlib.closing(sqlite3.connect(os.environ["TRANCHE_META_DB"].removeprefix("sqlite:"))) as database:
            database.executescript("CREATE TABLE other (uid INTEGER PRIMARY KEY); INSERT INTO other VALUES (1)")
        # Another run of a source has batches of the size that the first has.
        others = (
            (["--meta=item", "--run=again", "--from=1"], 2),
            (["--meta", "item", "--run", "more", "--from", "1"], 2),
            (["--meta", "other"], 1),
        )
        for options, batches in others:
            job = tranche_acquire.Job("j", *options)
            self.assertEqual([held.work(lambda batch: None) for held in job.batches()], ["succeeded"] * batches)
            self.assertEqual(job.failed(), 0, options)

    def test_bad_items_are_quarantined_and_the_others_are_done(self):
        def work(batch):
            for item in batch:
                if item.id == 4:
                    batch.bad(item, "qty is odd")

        for held in self.job.batches():
            self.assertEqual(held.work(work), "succeeded")
        done = sum(batch["count"] for batch in self.batches() if batch["status"] == "succeeded")
        self.assertEqual((done, self.job.failed()), (9, 1))

    def test_an_end_that_is_refused_fails_the_batch_and_the_loop_goes_on(self):
        def done(batch):
            batch.bad(999, "no such day")

        def failed(batch):
            batch.bad(999)
            raise ValueError("no such month")

        for work, words in ((done, "the work was done: "), (failed, "ValueError: no such month: ")):
            held = self.job.acquire()
            self.assertEqual(held.work(work), "failed")
            error = {batch["batch"]: batch for batch in self.batches()}[held.batch.id]["logging"]
            self.assertTrue(error.startswith(words) and "999" in error, error)

    def test_texts_are_utf8_whatever_the_locale_is(self):
        program = (
            "import tranche_acquire\n"
            "job = tranche_acquire.Job(chr(233), '--meta', 'item', '--count', '5')\n"
            "def work(batch):\n"
            "    return {'item': next(iter(batch)).item}\n"
            "print(job.acquire().work(work))\n"
        )
        locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
        module = os.path.dirname(os.path.abspath(tranche_acquire.__file__))
        done = subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, **locale, "PYTHONPATH": module},
            capture_output=True, text=True, check=False,
        )
        self.assertEqual((done.stdout, done.stderr), ("succeeded\n", ""))
        listed = json.loads(self.tranche("batches", "--job", "é", "--json"))["batches"]
        self.assertEqual([batch["result"] for batch in listed], [{"item": '"é" 1'}])

    def test_a_stop_releases_the_batch_and_counts_nothing(self):
        def work(batch):
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            self.job.acquire().work(work)
        batch = self.batches()[0]
        self.assertEqual((batch["status"], batch["failures"]), ("released", 0))

    def test_a_note_reaches_the_next_attempt_and_no_other_batch(self):
        notes = []

        def work(batch):
            notes.append((batch.id, batch.attempt, batch.note))
            if batch.id == 1 and batch.attempt == 1:
                batch.leave("half")
                raise tranche.Transient("once more")

        for held in self.job.batches(wait=0.05):
            held.work(work)
        self.assertEqual(sorted(notes), [(1, 1, None), (1, 2, "half"), (2, 1, None)])

    def test_a_batch_comes_back_in_at_least_a_second_and_at_most_fifteen_minutes(self):
        for seconds in (0.5, 3600):
            def work(batch):
                raise tranche.RetryLater(seconds)

            self.assertEqual(self.job.acquire().work(work), "deferred")
        self.assertEqual({batch["status"] for batch in self.batches()}, {"released"})

    def test_uids_that_are_not_integers_are_texts(self):
        with contextlib.closing(sqlite3.connect(os.environ["TRANCHE_INVENTORY"].removeprefix("sqlite:"))) as database:
            database.executescript("CREATE TABLE named (uid TEXT PRIMARY KEY, item TEXT); "
                                   "INSERT INTO named VALUES ('a', NULL), ('b', NULL), ('17', NULL)")
        os.environ["TRANCHE_META_DB"] = os.environ["TRANCHE_INVENTORY"]
        seen = []

        def work(batch):
            items = [item.id for item in batch]
            seen.append((batch.id_start, batch.id_end, items))
            batch.bad("b", "no such day")

        self.assertEqual(tranche_acquire.Job("n", "--meta", "named").acquire().work(work), "succeeded")
        self.assertEqual(seen, [(17, "b", ["17", "a", "b"])])
        done = sum(batch["count"] for batch in self.batches() if batch["status"] == "succeeded")
        self.assertEqual(done, 2)

    def test_what_comes_back_later_is_deferred(self):
        def work(batch):
            raise tranche.RetryLater(60)

        self.assertEqual(self.job.acquire().work(work), "deferred")
        self.assertEqual(self.batches()[0]["failures"], 0)

    def test_a_batch_that_a_later_process_gave_back_is_lost_to_the_earlier_one(self):
        held = self.job.acquire()
        again = []

        def work(batch):
            self.assertTrue(tranche_acquire.release(**held.key))
            again.append(self.job.acquire())

        self.assertEqual(held.work(work), "lost")
        self.assertEqual((again[0].batch.id, again[0].batch.attempt), (held.batch.id, 2))
        self.assertFalse(tranche_acquire.release(**held.key))
        self.assertEqual(again[0].work(lambda batch: None), "succeeded")

    def test_heartbeats_extend_the_lease_while_the_work_goes_on(self):
        held = self.job.acquire()
        before = self.batches()[0]["lease_expires_at"]
        later = []

        def work(batch):
            while not later or later[-1] == before:
                later.append(self.batches()[0]["lease_expires_at"])

        self.assertEqual(held.work(work), "succeeded")
        self.assertGreater(later[-1], before)

    def test_heartbeats_keep_a_lease_that_the_policy_shortens(self):
        policy = [*self.job.policy, "--lease", "15s"]
        held = tranche_acquire.Job("j", "--meta", "item", "--count", "5", policy=policy).acquire()
        self.assertEqual(held._heartbeat, 5)
        self.assertEqual(held.work(lambda batch: None), "succeeded")

    def test_a_paused_run_has_none_now_and_a_wrong_option_is_refused(self):
        self.job.acquire().work(lambda batch: None)
        self.tranche("pause", "--job", "j")
        self.assertIsNone(self.job.acquire())
        self.assertEqual(self.job.plan(), 1)
        with self.assertRaisesRegex(tranche_acquire.Refused, "--no-such"):
            tranche_acquire.Job("j", "--meta", "item", "--no-such").acquire()


if __name__ == "__main__":
    unittest.main()
