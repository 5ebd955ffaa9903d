"""
Tests for L{mwproxy.net.checks.result} and L{mwproxy.net.checks.tcp}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.net.checks.result import Result


class ResultTests(SynchronousTestCase):
    """
    Tests for L{Result}.
    """

    def test_describe(self) -> None:
        """
        A result is told as HAProxy does, without the parts that it has not.
        """
        self.assertEqual(
            Result("L7STS", 503, "Service Unavailable").describe(1),
            'reason: Layer7 wrong status, code: 503, info: "Service Unavailable", '
            "check duration: 1ms",
        )
        self.assertEqual(
            Result("L4TOUT").describe(300), "reason: Layer4 timeout, check duration: 300ms"
        )

    def test_passed(self) -> None:
        """
        What ends in OK is fine.
        """
        self.assertTrue(Result("L4OK").passed and Result("L7OK", 200).passed)
        self.assertFalse(Result("L4CON").passed or Result("L7RSP").passed)
