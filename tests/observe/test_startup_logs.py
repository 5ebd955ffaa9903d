"""
Tests for L{mwproxy.observe.startup_logs}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.observe.startup_logs import MOST_LINES, StartupLog


class StartupLogTests(SynchronousTestCase):
    """
    The messages of the latest start or reload.
    """

    def test_a_reload_begins_it_anew(self) -> None:
        """
        What was said before the latest reload is forgotten.
        """
        log = StartupLog()
        log.keep("a")
        log.begin()
        log.keep("b")
        log.keep("c")
        self.assertEqual(log.text(), "b\nc\n")

    def test_it_does_not_grow_for_ever(self) -> None:
        """
        The oldest lines are dropped.
        """
        log = StartupLog()
        for number in range(MOST_LINES + 2):
            log.keep(str(number))
        self.assertTrue(log.text().startswith("2\n3\n"))
