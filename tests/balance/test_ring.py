"""
Tests for L{mwproxy.balance.ring}.
"""

from __future__ import annotations

from collections import Counter

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.balance.hashes import avalanche
from mwproxy.balance.ring import MAX_POINTS, Ring
from mwproxy.live.servers import Server
from tests.live.backends import make_backend

KEYS = [avalanche(number) for number in range(4000)]


def owners(ring: Ring) -> list[Server | None]:
    """
    Look all keys up.
    """
    return [ring.find(key) for key in KEYS]


class RingTests(SynchronousTestCase):
    """
    Tests for L{Ring}.
    """

    def test_nobody(self) -> None:
        """
        An empty ring has no owners.
        """
        ring = Ring([])
        ring.place([])
        self.assertIsNone(ring.find(7))

    def test_only_its_keys_move(self) -> None:
        """
        When a server leaves, only its keys get other owners; when it returns, it gets them back.
        """
        servers = make_backend(*({"weight": 4} for _ in range(5))).servers
        ring = Ring(servers)
        ring.place(servers)
        before = owners(ring)
        gone = servers[2]
        ring.place([server for server in servers if server is not gone])
        for old, new in zip(before, owners(ring), strict=True):
            self.assertTrue(new is old or old is gone)
            self.assertIsNot(new, gone)
        ring.place(servers)
        self.assertEqual(owners(ring), before)

    def test_by_weight(self) -> None:
        """
        Owners get keys roughly by weight.
        """
        servers = make_backend({"weight": 100}, {"weight": 50}).servers
        ring = Ring(servers)
        ring.place(servers)
        counts = Counter(owners(ring))
        self.assertTrue(1.6 < counts[servers[0]] / counts[servers[1]] < 2.4)

    def test_weight_changes(self) -> None:
        """
        A lower weight gives keys away, a higher one takes some; others keep theirs.
        """
        servers = make_backend(*({"weight": 8} for _ in range(3))).servers
        ring = Ring(servers)
        ring.place(servers)
        before = owners(ring)
        servers[0].share //= 4
        ring.place(servers)
        for old, new in zip(before, owners(ring), strict=True):
            self.assertTrue(new is old or old is servers[0])
        servers[0].share *= 16
        ring.place(servers)
        for old, new in zip(before, owners(ring), strict=True):
            self.assertTrue(new is old or new is servers[0])

    def test_bounded(self) -> None:
        """
        Large farms share a bounded number of points, and nobody is without.
        """
        servers = make_backend(*({"weight": 256} for _ in range(300))).servers
        ring = Ring(servers)
        ring.place(servers)
        self.assertLessEqual(len(ring._points), MAX_POINTS)
        self.assertEqual(len(set(ring._owners)), 300)
