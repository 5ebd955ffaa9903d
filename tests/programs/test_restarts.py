"""
Tests for L{mwproxy.programs.restarts}.
"""

from __future__ import annotations

from signal import SIGUSR1

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.program_settings import Restart
from mwproxy.programs.restarts import LASTED, Again, GivenUp, failed, judge


class JudgeTests(SynchronousTestCase):
    """
    Tests for the decision about a program that ended.
    """

    def test_failures(self) -> None:
        """
        A clean exit, INT and TERM are no failures, nor is dying of what it was sent.
        """
        for status, told, lost in (
            (0, 0, False), (130, 0, False), (143, 0, False), (1, 0, True), (137, 0, True),
            (138, SIGUSR1, False), (137, SIGUSR1, True),
        ):  # fmt: skip
            self.assertEqual(failed(status, told), lost)

    def test_policies(self) -> None:
        """
        C{on-failure} leaves alone what ended well, C{never} everything.
        """
        for when, status, again in (
            ("never", 1, False), ("on-failure", 0, False), ("on-failure", 143, False),
            ("on-failure", 1, True), ("always", 0, True), ("always", 143, True),
        ):  # fmt: skip
            found = judge(Restart(when), status, 0, 0, 1.0)
            self.assertEqual(found, Again(1.0, 1) if again else None)

    def test_backoff(self) -> None:
        """
        The pause doubles up to the longest, for any number of times.
        """
        restart = Restart("always", 100, 1500)
        pauses = []
        for in_row in (0, 1, 2, 3, 4, 5, 10_000):
            found = judge(restart, 1, 0, in_row, 0.1)
            assert isinstance(found, Again)
            pauses.append(found.pause)
        self.assertEqual(pauses, [0.1, 0.2, 0.4, 0.8, 1.5, 1.5, 1.5])

    def test_limit(self) -> None:
        """
        So many times in a row, and no more.
        """
        restart = Restart("always", limit=2)
        self.assertEqual(judge(restart, 1, 0, 1, 0.1), Again(2.0, 2))
        self.assertEqual(judge(restart, 0, 0, 2, 0.1), GivenUp(2))

    def test_one_that_lasted(self) -> None:
        """
        It begins a new row.
        """
        self.assertEqual(judge(Restart("always", limit=1), 1, 0, 1, LASTED), Again(1.0, 1))
