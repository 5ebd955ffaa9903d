"""
Tests for L{mwproxy.master.generations}: what is remembered, going back, and trials.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from signal import SIGHUP
from typing import Any

from mwproxy.console.generations_view import GenerationRow, NotKept
from mwproxy.console.master_view import ReloadResult
from mwproxy.master.requests import Wish
from mwproxy.process.inheritance import MasterFacts, RequestFacts
from tests.master.fixture import SupervisorTestCase
from tests.process.memory import MemoryProcess


class GenerationsTestCase(SupervisorTestCase):
    """
    What these tests have in common.
    """

    def rows(self) -> list[GenerationRow]:
        """
        List the generations, oldest first.
        """
        return list(reversed(self.supervisor.generations.rows()))

    def results(self) -> list[str]:
        """
        Sum up the generations, oldest first.
        """
        return [f"{row.number} {row.what} {row.result}" for row in self.rows()]

    def serve(self, *lines: str, confirm: float = 0) -> MemoryProcess:
        """
        Load a configuration successfully.

        @param confirm: Seconds that it has on trial.
        """
        self.write(*lines)
        wish = Wish(by="somebody", confirm_ms=int(confirm * 1000))
        answer = self.supervisor.reload(wish=wish)
        return self.finish(answer)

    def finish(self, answer: Any) -> MemoryProcess:
        """
        Let the worker that loads become READY.
        """
        (worker,) = self.starting()
        worker.ready()
        self.assertTrue(self.successResultOf(answer).success)
        self.fill()
        return worker

    def let_fail(self, answer: Any) -> ReloadResult:
        """
        Let the worker that loads die.
        """
        (worker,) = self.starting()
        worker.exit(1)
        result: ReloadResult = self.successResultOf(answer)
        self.assertFalse(result.success)
        self.fill()
        return result

    def serving_text(self) -> str:
        """
        Tell what is served.
        """
        return self.instance.served.contents[str(self.file)].decode()


class RecordTests(GenerationsTestCase):
    """
    Tests of what is remembered.
    """

    def test_rows(self) -> None:
        """
        Each load is listed with its time, who asked, its files, how it ended and who serves it.
        """
        (first,) = self.start("nbproc 1")
        second = self.serve("    maxconn 5")
        one, two = self.rows()
        self.assertEqual((one.number, one.what, one.result), (1, "start", "served"))
        self.assertEqual((one.pids, two.pids), ([first.pid], [second.pid]))
        self.assertEqual((two.what, two.by, two.result), ("reload", "somebody", "serving"))
        self.assertEqual(two.files, [(str(self.file), len("global\n    maxconn 5\n"))])
        self.assertTrue(one.kept and two.kept)
        self.assertGreater(two.when, 1e9)

    def test_signal(self) -> None:
        """
        A reload by signal tells which.
        """
        self.start()
        self.supervisor.handle_signal(SIGHUP)
        self.assertEqual(self.rows()[-1].by, "SIGHUP")

    def test_hard(self) -> None:
        """
        A hard reload is told apart.
        """
        self.start()
        self.serve_next(hard=True)
        self.assertEqual(self.results(), ["1 start served", "2 hard-reload serving"])

    def test_failed_worker(self) -> None:
        """
        A generation whose worker died tells why, and cannot be loaded again.
        """
        self.start()
        answer, (worker,) = self.reload()
        worker.exit(1)
        self.successResultOf(answer)
        row = self.rows()[-1]
        self.assertEqual((row.result, row.kept), ("failed", False))
        self.assertIn("Failed to load worker", row.why[0])
        with self.assertRaises(NotKept) as caught:
            self.supervisor.generations.text(2)
        self.assertEqual(str(caught.exception), "Generation 2 was not accepted. Kept: 1.")

    def test_unreadable(self) -> None:
        """
        A generation whose files cannot be read tells why.
        """
        self.start()
        self.file.unlink()
        self.supervisor.reload()
        row = self.rows()[-1]
        self.assertEqual(row.result, "failed")
        self.assertIn("No such file or directory", row.why[0])
        self.assertEqual(self.rows()[0].result, "serving")

    def test_texts(self) -> None:
        """
        The text of a generation is what was loaded, not what the file says by now.
        """
        self.start("    maxconn 1")
        self.serve("    maxconn 2")
        self.write("    maxconn 3")
        generations = self.supervisor.generations
        name = str(self.file)
        self.assertEqual(generations.text(1), {name: b"global\n    maxconn 1\n"})
        self.assertEqual(generations.text(2), {name: b"global\n    maxconn 2\n"})
        self.assertEqual(generations.present_text(), {name: b"global\n    maxconn 3\n"})
        self.assertEqual(generations.before(2), 1)
        self.file.unlink()
        self.assertRaises(NotKept, generations.present_text)
        self.assertRaises(NotKept, generations.before, 1)

    def test_one_copy(self) -> None:
        """
        What is kept and what a replacement would load are the same objects, also if the same text
        was read twice.
        """
        self.start()
        self.serve_next()
        held = self.supervisor.generations.text(1)[str(self.file)]
        self.assertIs(self.instance.served.contents[str(self.file)], held)
        self.assertIs(self.supervisor.generations.text(2)[str(self.file)], held)

    def test_kept_generations(self) -> None:
        """
        C{kept-generations} of what serves bounds what is kept beside it.
        """
        self.start()
        for number in range(3):
            self.serve("    kept-generations 1", f"    maxconn {number + 1}")
        self.assertEqual([row.number for row in self.rows() if row.kept], [3, 4])
        self.serve("    kept-generations 0")
        self.assertEqual([row.number for row in self.rows() if row.kept], [5])
        with self.assertRaises(NotKept) as caught:
            self.supervisor.generations.rollback(3)
        self.assertEqual(str(caught.exception), "Generation 3 is not kept. Kept: 5.")
        with self.assertRaises(NotKept) as caught:
            self.supervisor.generations.rollback(77)
        self.assertIn("There is no generation 77, or it is forgotten.", str(caught.exception))


class RollbackTests(GenerationsTestCase):
    """
    Tests of going back.
    """

    def test_loads_the_kept_text(self) -> None:
        """
        The workers get the former text, whatever the file says or whether it exists.
        """
        self.start("    maxconn 1")
        self.serve("    maxconn 2")
        self.file.unlink()
        answer = self.supervisor.generations.rollback(1, by="me")
        worker = self.finish(answer)
        self.assertEqual(self.serving_text(), "global\n    maxconn 1\n")
        self.assertEqual(self.results()[-2:], ["2 reload served", "3 rollback 1 serving"])
        self.assertEqual(json.loads(worker.orders()[0]["order"])["mark"], " (generation 1)")
        self.assertIn(
            "N Generation 3 serves the text of generation 1. The files stay as they are: the next "
            "reload reads them.",
            self.said,
        )

    def test_marks_messages(self) -> None:
        """
        The master's own messages about a former text name its file, with a mark.
        """
        self.start("    setenv A B")
        self.serve("    maxconn 2")
        kept = self.supervisor.generations._kept(1)
        kept.contents[str(self.file)] = b"global\n    nbproc x\n"
        self.successResultOf(self.supervisor.generations.rollback(1))
        self.assertTrue(
            any(f"[{self.file} (generation 1):2]" in line for line in self.said), self.said
        )

    def test_changed_references(self) -> None:
        """
        Files beside the configuration that are not what they were are named.
        """
        path = Path(self.directory, "a.map")
        path.write_text("a b\n")
        found = path.stat()
        self.write()
        self.supervisor.start()
        (worker,) = self.starting()
        worker.hello()
        facts = {"references": {str(path): [found.st_mtime_ns, found.st_size]}}
        worker.channel.events.said_status("READY", facts)
        self.fill()
        self.serve("    maxconn 2")
        self.finish(self.supervisor.generations.rollback(1))
        self.assertFalse(any("not kept have changed" in line for line in self.said))
        self.serve("    maxconn 2")
        os.utime(path, ns=(0, 1))
        self.finish(self.supervisor.generations.rollback(1))
        self.assertIn(
            "W Files that are not kept have changed since generation 1, and were read as they are "
            f"now: {path}",
            self.said,
        )

    def test_changed_references_of_one_that_is_forgotten(self) -> None:
        """
        They are named also if what is gone back to is not kept any longer itself.
        """
        path = Path(self.directory, "a.map")
        self.write("    kept-generations 1")
        self.supervisor.start()
        (worker,) = self.starting()
        worker.hello()
        worker.channel.events.said_status("READY", {"references": {str(path): [1, 2]}})
        self.fill()
        self.serve("    kept-generations 1", "    maxconn 2")
        self.finish(self.supervisor.generations.rollback(1))
        self.assertEqual([row.number for row in self.rows() if row.kept], [2, 3])
        self.assertTrue(any(line.endswith(f"as they are now: {path}") for line in self.said))

    def test_of_a_rollback(self) -> None:
        """
        What a rollback loaded is a generation that can be gone back to.
        """
        self.start("    maxconn 1")
        self.serve("    maxconn 2")
        self.finish(self.supervisor.generations.rollback(1))
        self.serve("    maxconn 4")
        self.finish(self.supervisor.generations.rollback(3))
        self.assertEqual(self.serving_text(), "global\n    maxconn 1\n")

    def test_fails(self) -> None:
        """
        If the former text cannot be loaded any more, what serves serves on.
        """
        self.start("    maxconn 1")
        self.serve("    maxconn 2")
        self.let_fail(self.supervisor.generations.rollback(1))
        self.assertEqual(self.serving_text(), "global\n    maxconn 2\n")
        self.assertEqual(self.results()[-2:], ["2 reload serving", "3 rollback 1 failed"])

    def test_waits_in_line(self) -> None:
        """
        A rollback behind a reload loads what it was asked for, and says that it waits.
        """
        told: list[str] = []
        self.start("    maxconn 1")
        self.write("    maxconn 2")
        first = self.supervisor.reload()
        second = self.supervisor.generations.rollback(1, progress=told.append)
        (worker,) = self.starting()
        worker.ready()
        self.assertTrue(self.successResultOf(first).success)
        (worker,) = self.starting()
        worker.hello()
        self.finish(second)
        self.assertEqual(self.serving_text(), "global\n    maxconn 1\n")
        self.assertEqual(told[:2], ["waiting for generation 2", "loading generation 3"])


class ImageTests(GenerationsTestCase):
    """
    Tests of what another image of the master knows.
    """

    def facts(self) -> MasterFacts:
        """
        Leave what another image needs.
        """
        return self.supervisor.facts()

    def test_crosses(self) -> None:
        """
        Records, texts, the trial and wishes in line cross.
        """
        self.start("    maxconn 1")
        self.serve("    maxconn 2", confirm=60)
        self.supervisor.reload()
        self.supervisor.generations.rollback(1, by="me")
        self.supervisor.reload(wish=Wish(confirm_ms=5000))
        self.supervisor.generations.trial._run_out()
        facts = self.facts()
        self.assertEqual(
            facts.requests,
            [
                RequestFacts(by="me", back_to=1),
                RequestFacts(confirm_ms=5000),
                RequestFacts(by="no confirmation", back_to=1, unasked=True),
            ],
        )
        self.assertEqual((facts.trial.back_to, facts.trial.deadline), (1, 60.0))
        before = self.rows()
        self.build(self.instance.settings)
        generations = self.supervisor.generations
        generations.inherit(facts)
        after = self.rows()
        self.assertEqual([row.number for row in after], [row.number for row in before])
        self.assertEqual(generations.text(1), {str(self.file): b"global\n    maxconn 1\n"})
        wish = generations.wish_of(facts.requests[2])
        self.assertTrue(wish is not None and wish.unasked and wish.kept is not None)
        self.assertIsNone(generations.wish_of(RequestFacts(back_to=55)))

    def test_from_one_that_kept_nothing(self) -> None:
        """
        Of a master that knew no generations what serves is kept.
        """
        self.start("    maxconn 1")
        facts = self.facts()
        facts.history.records.clear()
        self.build(self.instance.settings)
        self.supervisor.generations.inherit(facts)
        self.assertEqual(self.results(), ["1 reload serving"])
        self.assertEqual(
            self.supervisor.generations.text(1), {str(self.file): b"global\n    maxconn 1\n"}
        )
