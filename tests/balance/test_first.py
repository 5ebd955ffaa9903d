"""
Tests for L{mwproxy.balance.first}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.live import states
from tests.live.backends import START, Client, give_back, make_backend, picks, take


class FirstTests(SynchronousTestCase):
    """
    Tests for C{balance first}.
    """

    def test_fills_one_after_the_other(self) -> None:
        """
        A server gets streams once those before it are full, and only then.
        """
        backend = make_backend({"maxconn": 2}, {"maxconn": 1}, balance="first")
        taken = [take(backend) for _ in range(4)]
        self.assertEqual([each.name if each else "-" for each in taken], ["s1", "s1", "s2", "-"])
        give_back(backend.servers[0])
        self.assertEqual(picks(backend, 1), ["s1"])

    def test_by_id(self) -> None:
        """
        C{id} decides on the order.
        """
        backend = make_backend({"id": 20}, {"id": 10}, balance="first")
        self.assertEqual(picks(backend, 1), ["s2"])

    def test_avoid(self) -> None:
        """
        A server to avoid is chosen only when there is no other.
        """
        backend = make_backend({}, {}, balance="first")
        first, second = backend.servers
        self.assertIs(backend.balancer.pick(Client(), first), second)
        states.set_maint(second, START)
        self.assertIs(backend.balancer.pick(Client(), first), first)
        states.set_maint(first, START)
        self.assertEqual(picks(backend, 1), ["-"])
