"""
Tests for L{mwproxy.master.generations}: C{reload confirm}.
"""

from __future__ import annotations

from signal import SIGTERM

from mwproxy.master.requests import Wish
from tests.master.test_generations import GenerationsTestCase

NOTHING = "Nothing is on trial."


class TrialTests(GenerationsTestCase):
    """
    Tests of C{reload confirm}.
    """

    def test_goes_back(self) -> None:
        """
        What is not confirmed in time goes back to the text that served before.
        """
        self.start("    maxconn 1")
        self.serve("    maxconn 2", confirm=60)
        self.assertIn(
            "W Generation 2 is on trial: going back to generation 1 in 60s unless 'reload "
            "confirmed' comes.",
            self.said,
        )
        row = self.rows()[-1]
        self.assertEqual((row.back_to, row.left), (1, 60.0))
        self.system.clock.advance(59)
        self.assertEqual(self.starting(), [])
        self.system.clock.advance(1)
        self.assertIn(
            "W Generation 2 was not confirmed in time: going back to generation 1.", self.said
        )
        (worker,) = self.starting()
        worker.ready()
        self.fill()
        self.assertEqual(self.serving_text(), "global\n    maxconn 1\n")
        self.assertEqual(self.results()[-1], "3 return 1 serving")
        self.assertEqual(self.rows()[-1].back_to, 0)
        self.system.clock.advance(1000)
        self.assertEqual(len(self.rows()), 3)

    def test_confirmed(self) -> None:
        """
        What is confirmed stays; once more there is nothing to confirm.
        """
        self.start()
        self.serve("    maxconn 2", confirm=60)
        self.assertEqual(self.supervisor.generations.confirm(), "")
        self.assertEqual(self.supervisor.generations.confirm(), NOTHING)
        self.system.clock.advance(1000)
        self.assertEqual(self.results()[-1], "2 reload serving")
        self.assertIn("N Generation 2 is confirmed.", self.said)

    def test_failed_reload(self) -> None:
        """
        A reload that fails puts nothing on trial, and leaves a trial as it is.
        """
        self.start("    maxconn 1")
        self.let_fail(self.supervisor.reload(wish=Wish(confirm_ms=1000)))
        self.assertEqual(self.supervisor.generations.confirm(), NOTHING)
        self.serve("    maxconn 2", confirm=60)
        self.let_fail(self.supervisor.reload(wish=Wish(confirm_ms=1000)))
        self.assertEqual((self.rows()[-2].back_to, self.rows()[-2].left), (1, 60.0))

    def test_another_reload(self) -> None:
        """
        Another reload, without a word of confirmation, is on trial for the rest of the time.
        """
        self.start("    maxconn 1")
        self.serve("    maxconn 2", confirm=60)
        self.system.clock.advance(40)
        self.serve("    maxconn 3")
        self.assertEqual((self.rows()[-1].back_to, self.rows()[-1].left), (1, 20.0))
        self.system.clock.advance(20)
        (worker,) = self.starting()
        worker.ready()
        self.assertEqual(self.serving_text(), "global\n    maxconn 1\n")

    def test_another_trial(self) -> None:
        """
        Another trial begins the time anew; it goes back to what was not on trial.
        """
        self.start("    maxconn 1")
        self.serve("    maxconn 2", confirm=60)
        self.system.clock.advance(40)
        self.serve("    maxconn 3", confirm=60)
        self.assertEqual((self.rows()[-1].back_to, self.rows()[-1].left), (1, 60.0))

    def test_rollback_decides(self) -> None:
        """
        A rollback ends the trial.
        """
        self.start("    maxconn 1")
        self.serve("    maxconn 2", confirm=60)
        self.finish(self.supervisor.generations.rollback(1))
        self.assertEqual(self.supervisor.generations.confirm(), NOTHING)
        self.system.clock.advance(1000)
        self.assertEqual(self.results()[-1], "3 rollback 1 serving")

    def test_cannot_go_back(self) -> None:
        """
        If the former text cannot be loaded, the generation on trial serves on; it is said, and not
        tried again.
        """
        self.start("    maxconn 1")
        self.serve("    maxconn 2", confirm=60)
        self.system.clock.advance(60)
        (worker,) = self.starting()
        worker.exit(1)
        self.fill()
        self.assertIn(
            "A Cannot go back to generation 1: generation 2 serves on, without having been "
            "confirmed.",
            self.said,
        )
        self.assertEqual(self.instance.failed, 1)
        self.system.clock.advance(1000)
        self.assertEqual(self.results()[-2:], ["2 reload serving", "3 return 1 failed"])

    def test_pinned(self) -> None:
        """
        What is gone back to is kept, whatever C{kept-generations} says.
        """
        self.start("    maxconn 1")
        self.serve("    kept-generations 0", confirm=60)
        self.serve("    kept-generations 0")
        self.assertEqual([row.number for row in self.rows() if row.kept], [1, 3])
        self.supervisor.generations.confirm()
        self.assertEqual([row.number for row in self.rows() if row.kept], [3])

    def test_confirmed_while_it_waits(self) -> None:
        """
        A confirmation counts until going back has begun, so also while it waits for a reload.
        """
        self.start("    maxconn 1")
        self.serve("    maxconn 2", confirm=60)
        self.write("    maxconn 3")
        answer = self.supervisor.reload()
        self.system.clock.advance(59.5)
        (worker,) = self.starting()
        worker.begin()
        self.system.clock.advance(0.5)
        self.assertEqual(self.supervisor.generations.confirm(), "")
        self.finish(answer)
        self.assertEqual(self.starting(), [])
        self.assertEqual(self.results()[-1], "3 reload serving")

    def test_too_late(self) -> None:
        """
        Once going back has begun there is nothing to confirm; if that fails neither.
        """
        self.start("    maxconn 1")
        self.serve("    maxconn 2", confirm=60)
        self.system.clock.advance(60)
        self.assertEqual(
            self.supervisor.generations.confirm(),
            "Too late: going back to generation 1 has begun.",
        )
        (worker,) = self.starting()
        worker.exit(1)
        self.fill()
        self.assertEqual(self.supervisor.generations.confirm(), NOTHING)
        self.serve("    maxconn 3", confirm=60)
        self.assertEqual(self.supervisor.generations.confirm(), "")

    def test_trial_begun_while_it_waits(self) -> None:
        """
        A new trial that was asked for in time counts, also if it takes until after the end of the
        old one.
        """
        self.start("    maxconn 1")
        self.serve("    maxconn 2", confirm=60)
        self.system.clock.advance(59.5)
        self.write("    maxconn 3")
        answer = self.supervisor.reload(wish=Wish(confirm_ms=60_000))
        self.system.clock.advance(0.5)
        self.finish(answer)
        self.assertEqual(self.starting(), [])
        self.assertEqual((self.rows()[-1].back_to, self.rows()[-1].left), (1, 60.0))

    def test_worker_dies(self) -> None:
        """
        A worker on trial that dies takes nothing with it: the former configuration is loaded at
        once.
        """
        (first,) = self.start("    maxconn 1")
        second = self.serve("    maxconn 2", confirm=60)
        first.exit(0)
        second.exit(139)
        self.assertIn(
            "W Generation 2 did not pass its trial: going back to generation 1.", self.said
        )
        (worker,) = self.starting()
        worker.ready()
        self.fill()
        self.assertEqual(self.serving_text(), "global\n    maxconn 1\n")
        self.assertEqual(self.over, [])
        worker.exit(139)
        self.system.clock.advance(2)
        self.assertEqual(self.over, [139])

    def test_worker_dies_and_going_back_fails(self) -> None:
        """
        When going back fails too nothing serves, and the master exits with the first death's
        status.
        """
        (first,) = self.start("    maxconn 1")
        second = self.serve("    maxconn 2", confirm=60)
        first.exit(0)
        second.exit(139)
        (worker,) = self.starting()
        worker.exit(1)
        self.system.clock.advance(2)
        self.assertEqual(self.over, [139])

    def test_worker_dies_and_is_replaced(self) -> None:
        """
        With C{respawn} a death is no reason to go back.
        """
        self.start("    maxconn 1")
        self.serve("    master-worker respawn", confirm=60).exit(139)
        self.system.clock.advance(0)
        self.assertEqual([row.number for row in self.rows()], [1, 2])
        self.assertEqual(self.rows()[-1].back_to, 1)

    def test_stop(self) -> None:
        """
        A master that stops goes back to nothing.
        """
        self.start("    maxconn 1")
        worker = self.serve("    maxconn 2", confirm=60)
        self.supervisor.stop(SIGTERM)
        self.system.clock.advance(60)
        self.assertEqual(self.starting(), [])
        worker.exit(0)
        self.assertEqual(len(self.rows()), 2)
