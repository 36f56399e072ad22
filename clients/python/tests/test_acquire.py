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
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import tranche
import tranche_acquire


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

    def test_a_paused_run_has_none_now_and_a_wrong_option_is_refused(self):
        self.job.acquire().work(lambda batch: None)
        self.tranche("pause", "--job", "j")
        self.assertIsNone(self.job.acquire())
        self.assertEqual(self.job.plan(), 1)
        with self.assertRaisesRegex(tranche_acquire.Refused, "--no-such"):
            tranche_acquire.Job("j", "--meta", "item", "--no-such").acquire()


if __name__ == "__main__":
    unittest.main()
