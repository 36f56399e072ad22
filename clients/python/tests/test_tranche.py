"""Runs workers made with the module under `tranche work`, once per batch and from batch to batch.

Needs tranche in PATH, or its path in TRANCHE:  python3 -m unittest discover clients/python/tests
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import unittest
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import tranche

TRANCHE = os.environ.get("TRANCHE") or shutil.which("tranche")
MODULE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MODES = ([], ["--persistent"])


class Outcomes(unittest.TestCase):
    """What is said of a batch, by the module alone."""

    def outcome(self, work, lines=()):
        names = ("BATCH", "ATTEMPT", "ID_START", "ID_END")
        variables = {f"TRANCHE_{name}": "1" for name in names}
        variables.update(TRANCHE_JOB="j", TRANCHE_RUN="", TRANCHE_KIND="", TRANCHE_EXACT="1")
        with mock.patch("sys.stderr"):
            status, result = tranche._work(work, tranche.Batch(variables, lines))
        return status, json.loads(result)

    def test_the_end_of_a_file_that_work_reads_is_a_failure(self):
        def work(batch):
            raise EOFError("Compressed file ended before the end-of-stream marker was reached")

        status, result = self.outcome(work)
        self.assertEqual(status, 1)
        self.assertTrue(result["error"].startswith("EOFError: Compressed file ended"), result)

    def test_the_end_of_tranche_is_none(self):
        with self.assertRaises(EOFError):
            self.outcome(list, tranche._items([]))

    def test_what_is_no_json_does_not_hide_the_failure(self):
        def work(batch):
            batch.bad(1, "qty is odd")
            batch.leave(object())
            raise tranche.Transient("no disk")

        status, result = self.outcome(work)
        self.assertEqual(status, 75)
        self.assertEqual(result["error"], "tranche.Transient: no disk")
        self.assertEqual(result["bad"], [{"id": 1, "error": "qty is odd"}])
        self.assertNotIn("note", result)

        def blame(batch):
            batch.leave("half")
            batch.bad(b"5")
            batch.bad(5)
            raise ValueError("no such day")

        self.assertEqual(self.outcome(blame), (1, {"error": "ValueError: no such day", "note": "half"}))

    def test_a_time_that_is_none_is_a_failure(self):
        for seconds in (float("inf"), float("nan"), object()):
            def work(batch):
                batch.leave("half")
                raise tranche.RetryLater(seconds)

            status, result = self.outcome(work)
            self.assertEqual((status, result["note"]), (1, "half"))
            self.assertIn("JSON", result["error"])


    def test_what_no_database_holds_is_replaced_and_all_else_stays(self):
        def work(batch):
            raise ValueError("a\0b \ud800 \\u0000 \U0001f600")

        self.assertEqual(self.outcome(work), (1, {"error": "ValueError: ab ? \\u0000 \U0001f600"}))

    def test_bad_items_of_the_result_and_of_the_batch_are_joined_and_stand_first(self):
        def work(batch):
            batch.leave("half")
            batch.bad(2, "qty is odd")
            return {"rows": 5, "bad": [{"id": 1}]}

        _, result = self.outcome(work)
        self.assertEqual(list(result), ["bad", "note", "rows"])
        self.assertEqual(result["bad"], [{"id": 1}, {"id": 2, "error": "qty is odd"}])

        def blame(batch):
            batch.bad(2)
            return {"bad": {"id": 1}}

        status, result = self.outcome(blame)
        self.assertEqual((status, result["bad"]), (1, [{"id": 2, "error": ""}]))


class Workers(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.inventory, self.items = "inventory.db", "orders.db"
        database = sqlite3.connect(self.path("orders.db"))
        database.execute("CREATE TABLE orders (uid INTEGER PRIMARY KEY, item TEXT, qty, note TEXT)")
        rows = [(id, f'/data/{id} "é"\n', id * 10, None) for id in range(1, 11)]
        database.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", rows)
        database.commit()
        database.close()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def tranche(self, *arguments, status=0):
        environment = {
            **os.environ,
            "TRANCHE_INVENTORY": f"sqlite:{self.path(self.inventory)}",
            "TRANCHE_META_DB": f"sqlite:{self.path(self.items)}",
            "PYTHONPATH": MODULE,
            "PYTHONDONTWRITEBYTECODE": "1",
            "SEEN": self.path("seen"),
        }
        done = subprocess.run(
            [TRANCHE, *arguments], env=environment, capture_output=True, text=True, timeout=300
        )
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def work(self, mode, program, *options, job="j", status=0):
        """Runs a program, in a job and with an inventory of its own."""
        if self.inventory != self.items and os.path.exists(self.path(self.inventory)):
            os.remove(self.path(self.inventory))
        self.tranche("migrate", "up")
        with open(self.path("worker.py"), "w", encoding="utf-8") as file:
            file.write("import os, sys\nimport tranche\n" + textwrap.dedent(program))
        limits = [*options, *mode]
        for option, value in (("--count", "5"), ("--max-attempts", "1")):
            limits += [] if option in options else [option, value]
        return self.tranche(
            "work", "--job", job, "--meta", "orders", *limits,
            "--", sys.executable, self.path("worker.py"), status=status,
        )

    def batches(self):
        listed = json.loads(self.tranche("batches", "--json").stdout)["batches"]
        return sorted(listed, key=lambda batch: batch["batch"])

    def test_each_item_comes_once_with_its_row_in_both_modes(self):
        program = """
            def work(batch):
                items = list(batch)
                assert [item.id for item in items] == list(range(batch.id_start, batch.id_end + 1))
                assert all(item.row == {"qty": item.id * 10, "note": None} for item in items)
                assert items[0].item == f'/data/{items[0].id} "é"\\n', items[0]
                assert os.environ["TRANCHE_BATCH"] == str(batch.id)
                print("said on the way", batch.id, batch.attempt, batch.job, batch.is_exact)
                return {"qty": sum(item.row["qty"] for item in items)}
            tranche.run(work)
        """
        for mode in MODES:
            with self.subTest(mode=mode):
                done = self.work(mode, program, "--columns", "qty,note")
                self.assertIn("said on the way 1 1 j True\n", done.stderr)
                results = [batch["result"] for batch in self.batches()]
                self.assertEqual(results, [{"qty": 150}, {"qty": 400}])

    def test_whole_numbers_are_exact(self):
        database = sqlite3.connect(self.path("orders.db"))
        database.execute("UPDATE orders SET qty = 9007199254740993 WHERE uid = 1")
        database.commit()
        database.close()
        program = """
            def work(batch):
                return {"qty": next(iter(batch)).row["qty"]}
            tranche.run(work)
        """
        for mode in MODES:
            with self.subTest(mode=mode):
                self.work(mode, program, "--columns", "*")
                self.assertEqual(self.batches()[0]["result"], {"qty": 9007199254740993})

    def test_one_process_works_on_many_batches(self):
        program = """
            with open(os.environ["SEEN"], "a") as seen:
                print(os.getpid(), file=seen)
            tranche.run(lambda batch: {"items": len(list(batch))})
        """
        self.work(["--persistent"], program, "--count", "1")
        with open(self.path("seen"), encoding="utf-8") as seen:
            self.assertEqual(len(seen.readlines()), 1)
        self.assertEqual(len(self.batches()), 10)

    def test_bad_items_are_quarantined_and_the_others_go_on(self):
        program = """
            def work(batch):
                for item in batch:
                    with open(os.environ["SEEN"], "a") as seen:
                        print(item.id, file=seen)
                    if item.id == 4:
                        batch.bad(item, "qty is odd")
            tranche.run(work)
        """
        for mode in MODES:
            with self.subTest(mode=mode):
                self.work(mode, program, status=1)
                quarantined = json.loads(
                    self.tranche("batches", "--status", "quarantined", "--json").stdout
                )["batches"]
                self.assertEqual([batch["id_start"] for batch in quarantined], [4])
                self.assertIn("qty is odd", json.dumps(quarantined))
                done = [b["count"] for b in self.batches() if b["status"] == "succeeded"]
                self.assertEqual(sum(done), 9)
                with open(self.path("seen"), encoding="utf-8") as seen:
                    self.assertEqual(sorted(map(int, seen)), list(range(1, 11)))
                os.remove(self.path("seen"))

    def test_uids_that_are_not_integers_are_texts(self):
        program = """
            def work(batch):
                for item in batch:
                    if item.id == "c":
                        batch.bad(item, "qty is odd")
                batch.bad("17", "qty is even")
                return {"ends": [batch.id_start, batch.id_end]}
            tranche.run(work)
        """
        for mode in MODES:
            with self.subTest(mode=mode):
                # The items must be where the inventory is.
                self.inventory = self.items = f"named{len(mode)}.db"
                database = sqlite3.connect(self.path(self.items))
                database.executescript(
                    "CREATE TABLE orders (uid TEXT PRIMARY KEY, item TEXT);"
                    "INSERT INTO orders VALUES ('a', NULL), ('c', NULL), ('17', NULL), ('d', NULL)"
                )
                database.close()
                self.work(mode, program, status=1)
                ends = {tuple(b["result"]["ends"]) for b in self.batches() if b["result"]}
                self.assertEqual(ends, {(17, "d")})
                done = [b["count"] for b in self.batches() if b["status"] == "succeeded"]
                self.assertEqual(sum(done), 2)

    def test_an_exception_fails_the_batch_and_its_traceback_is_kept(self):
        program = """
            def work(batch):
                for item in batch:
                    if item.id == 7:
                        raise ValueError("qty is not a number")
            tranche.run(work)
        """
        for mode in MODES:
            with self.subTest(mode=mode):
                done = self.work(mode, program, status=1)
                self.assertIn("ValueError: qty is not a number", done.stderr)
                states = [batch["status"] for batch in self.batches()]
                self.assertEqual(states, ["succeeded", "failed"])
                logs = self.tranche("logs", "--batch", "2").stdout
                self.assertIn("Traceback (most recent call last)", logs)

    def test_a_note_reaches_the_next_attempt_and_no_other_batch(self):
        program = """
            def work(batch):
                if batch.id == 1 and batch.attempt == 1:
                    batch.leave("half")
                    raise tranche.Transient("once more")
                return {"note_before": batch.note, "variable": os.environ.get("TRANCHE_NOTE")}
            tranche.run(work)
        """
        for mode in MODES:
            with self.subTest(mode=mode):
                self.work(mode, program, "--max-attempts", "2", "--backoff", "10ms")
                results = [batch["result"]["note_before"] for batch in self.batches()]
                self.assertEqual(results, ["half", None])
                self.assertEqual([b["result"]["variable"] for b in self.batches()], results)

    def test_a_result_that_is_none_fails_the_batch(self):
        for value in ("5", '{"n": float("nan")}', '{"n": object()}'):
            for mode in MODES:
                with self.subTest(value=value, mode=mode):
                    program = f"tranche.run(lambda batch: {value})"
                    self.work(mode, program, status=1)
                    self.assertEqual({b["status"] for b in self.batches()}, {"failed"})

    def test_an_error_with_what_no_database_holds_fails_the_batch(self):
        program = """
            def work(batch):
                raise ValueError("no file " + os.fsdecode(b"\\xe9") + chr(0))
            tranche.run(work)
        """
        for mode in MODES:
            with self.subTest(mode=mode):
                self.work(mode, program, "--timeout", "60s", status=1)
                for batch in self.batches():
                    self.assertIn("ValueError: no file ?", batch["logging"])

    def test_what_work_runs_takes_no_items_from_standard_input(self):
        database = sqlite3.connect(self.path("orders.db"))
        database.execute("DELETE FROM orders")
        rows = ((id, f"/data/{id}", id, None) for id in range(1001, 2001))
        database.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", rows)
        database.commit()
        database.close()
        program = """
            import subprocess
            def work(batch):
                count = 0
                for item in batch:
                    count += 1
                    if count == 1:
                        subprocess.run(["head", "-c", "100000"], stdout=subprocess.DEVNULL, check=True)
                return {"items": count}
            tranche.run(work)
        """
        for mode in MODES:
            with self.subTest(mode=mode):
                self.work(mode, program, "--count", "500", "--timeout", "60s")
                results = [batch["result"] for batch in self.batches()]
                self.assertEqual(results, [{"items": 500}] * 2)

    def test_work_that_ends_the_process_has_failed(self):
        program = """
            def work(batch):
                batch.bad(batch.id_start)
                sys.exit(0)
            tranche.run(work)
        """
        for mode in MODES:
            with self.subTest(mode=mode):
                self.work(mode, program, status=1)
                for batch in self.batches():
                    self.assertEqual(batch["status"], "failed")
                    self.assertIn("SystemExit: 0", batch["logging"])

    def test_bad_items_of_the_result_are_quarantined_beside_those_of_the_batch(self):
        program = """
            def work(batch):
                batch.bad(batch.id_start)
                return {"bad": [{"id": batch.id_end, "error": "qty is odd"}]}
            tranche.run(work)
        """
        for mode in MODES:
            with self.subTest(mode=mode):
                self.work(mode, program, status=1)
                quarantined = [b["id_start"] for b in self.batches() if b["status"] == "quarantined"]
                self.assertEqual(sorted(quarantined), [1, 5, 6, 10])

    def test_bad_items_behind_what_is_kept_of_a_result_fail_the_batch(self):
        program = """
            def work(batch):
                return {"text": "x" * 1200000, "bad": [{"id": batch.id_start}]}
            tranche.run(work)
        """
        for mode in MODES:
            with self.subTest(mode=mode):
                self.work(mode, program, status=1)
                self.assertEqual({batch["status"] for batch in self.batches()}, {"failed"})

    def test_a_batch_comes_back_later(self):
        program = """
            def work(batch):
                if not os.path.exists(os.environ["SEEN"] + str(batch.id)):
                    open(os.environ["SEEN"] + str(batch.id), "w").close()
                    raise tranche.RetryLater(0.05, reason="the service is busy")
            tranche.run(work)
        """
        for mode in MODES:
            with self.subTest(mode=mode):
                for name in os.listdir(self.folder.name):
                    if name.startswith("seen"):
                        os.remove(self.path(name))
                self.work(mode, program)
                self.assertEqual({b["status"] for b in self.batches()}, {"succeeded"})

    def test_a_process_that_dies_is_started_again(self):
        program = """
            def work(batch):
                if batch.attempt == 1:
                    os._exit(9)
                return {"items": len(list(batch))}
            tranche.run(work)
        """
        self.work(["--persistent"], program, "--max-attempts", "2", "--backoff", "10ms")
        self.assertEqual([b["status"] for b in self.batches()], ["succeeded"] * 2)

    def test_a_batch_that_is_read_in_part_leaves_the_next_whole(self):
        program = """
            def work(batch):
                return {"first": next(iter(batch)).id}
            tranche.run(work)
        """
        self.work(["--persistent"], program, "--count", "2")
        self.assertEqual([b["result"]["first"] for b in self.batches()], [1, 3, 5, 7, 9])

    def test_variables_are_utf8_whatever_the_locale_is(self):
        variables = {f"TRANCHE_{name}": "1" for name in (
            "BATCH", "ATTEMPT", "JOB", "RUN", "KIND", "EXACT", "ID_START", "ID_END")}
        variables["TRANCHE_NOTE"] = "é"
        locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
        alone = {name.encode(): value.encode() for name, value in variables.items()}
        header = json.dumps({"batch": 1, "env": variables}, ensure_ascii=False)
        for environment, lines in (
            (alone, ""), ({b"TRANCHE_PERSISTENT": b"1"}, header + '\n{"end":1}\n')
        ):
            environment.update({name.encode(): value.encode() for name, value in locale.items()})
            environment.update({b"PYTHONPATH": os.fsencode(MODULE), b"PYTHONDONTWRITEBYTECODE": b"1"})
            done = subprocess.run(
                [sys.executable, "-c", "import tranche; tranche.run(lambda batch: {'note': batch.note})"],
                env=environment, input=lines.encode(), capture_output=True, check=False,
            )
            self.assertEqual(done.returncode, 0, done.stderr)
            answer = json.loads(done.stdout)
            self.assertEqual(answer.get("result", answer)["note"], "é")

    def test_run_by_hand_it_says_who_runs_it(self):
        done = subprocess.run(
            [sys.executable, "-c", "import tranche; tranche.run(print)"],
            env={"PYTHONPATH": MODULE, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )
        self.assertEqual(done.returncode, 1)
        self.assertIn("run by 'tranche work'", done.stderr)


if __name__ == "__main__":
    unittest.main()
