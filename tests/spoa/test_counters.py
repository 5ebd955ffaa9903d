"""
Tests for L{mwproxy.spoa.counters}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.spoa.counters import Counters


class CounterTests(SynchronousTestCase):
    """
    Tests of the counters.
    """

    def test_line(self) -> None:
        """
        A line has all of them.
        """
        line = Counters(notifies=3, acks=2).line()
        self.assertEqual(
            line,
            "connections=0 open=0 checks=0 notifies=3 in_flight=0 acks=2 actions=0 unknown=0 "
            "errors=0 timeouts=0 late=0 canceled=0 refused=0",
        )
