"""
Tests for L{mwproxy.spoe.plan}.
"""

from __future__ import annotations

from math import inf
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.spoe_settings import CLOSED, OPEN, WAIT, SpoeMessage
from mwproxy.spoe.plan import Plan


def asked(stream: Any) -> bool:
    """
    Hold if the stream says so.
    """
    return bool(stream)


class PlanTests(SynchronousTestCase):
    """
    Tests for L{Plan}.
    """

    def plan(self, *messages: SpoeMessage, processing: float = 1.0) -> Plan:
        """
        Make a plan.
        """
        return Plan("EVENT", "on-client-session", messages, processing)

    def test_one(self) -> None:
        """
        A message has C{timeout processing}, unless it has one of its own.
        """
        self.assertEqual(self.plan(SpoeMessage("a")).write(None), (b"\1a\0", OPEN, 1.0))
        message = SpoeMessage("a", timeout_ms=3000, failure=CLOSED)
        self.assertEqual(self.plan(message).write(None), (b"\1a\0", CLOSED, 3.0))
        message = SpoeMessage("a", timeout_ms=0)
        self.assertEqual(self.plan(message).write(None), (b"\1a\0", OPEN, inf))

    def test_several(self) -> None:
        """
        Of messages that are sent together the strictest policy and the shortest timeout count.
        """
        plan = self.plan(
            SpoeMessage("a", timeout_ms=500),
            SpoeMessage("b", failure=CLOSED),
            SpoeMessage("c", failure=WAIT),
            processing=inf,
        )
        self.assertEqual(plan.write(None), (b"\1a\0\1b\0\1c\0", WAIT, 0.5))
        self.assertEqual(plan.policy(None), WAIT)
        plan = self.plan(SpoeMessage("b", failure=CLOSED), SpoeMessage("a"))
        self.assertEqual(plan.policy(None), CLOSED)

    def test_conditions(self) -> None:
        """
        Only messages whose conditions hold count; without any nothing is sent.
        """
        plan = self.plan(SpoeMessage("a", condition=asked, failure=CLOSED), SpoeMessage("b"))
        self.assertEqual(plan.write(False), (b"\1b\0", OPEN, 1.0))
        self.assertEqual(plan.policy(False), OPEN)
        self.assertEqual(plan.write(True), (b"\1a\0\1b\0", CLOSED, 1.0))
        self.assertIsNone(self.plan(SpoeMessage("a", condition=asked)).write(False))
        self.assertEqual(self.plan(SpoeMessage("a", condition=asked)).policy(False), OPEN)
