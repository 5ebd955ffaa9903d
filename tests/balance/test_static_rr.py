"""
Tests for L{mwproxy.balance.static_rr}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.families import balances
from mwproxy.live import states
from tests.live.backends import START, make_backend, picks


class StaticRoundRobinTests(SynchronousTestCase):
    """
    Tests for C{balance static-rr}.
    """

    def test_by_weight(self) -> None:
        """
        Servers are used in turn by weight.
        """
        backend = make_backend({"weight": 3}, {"weight": 1}, balance="static-rr")
        self.assertEqual(picks(backend, 40).count("s1"), 30)

    def test_no_slowstart(self) -> None:
        """
        C{slowstart} does not change the weight, and consoles are told that weights do not either.
        """
        backend = make_backend({"slowstart_ms": 10_000}, {}, balance="static-rr")
        states.set_down(backend.servers[0], START)
        states.set_up(backend.servers[0], START)
        self.assertEqual(picks(backend, 10).count("s1"), 5)
        self.assertFalse(backend.balancer.live_weights)
        self.assertFalse(balances.get("static-rr").live_weights)
