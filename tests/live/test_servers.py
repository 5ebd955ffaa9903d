"""
Tests for L{mwproxy.live.servers}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config import model
from mwproxy.live import states
from mwproxy.live.proxies import Frontend
from mwproxy.live.servers import Operational
from tests.live.backends import START, make_backend


class LimitTests(SynchronousTestCase):
    """
    Tests for C{Server.limit} and C{Server.has_room}.
    """

    def test_unlimited(self) -> None:
        """
        Without C{maxconn} there is always room.
        """
        server = make_backend({}).servers[0]
        server.current = 10**6
        self.assertTrue(server.has_room)
        self.assertEqual(server.limit(), 0)

    def test_maxconn(self) -> None:
        """
        There is room until C{maxconn} is reached.
        """
        server = make_backend({"maxconn": 2}).servers[0]
        server.current = 1
        self.assertTrue(server.has_room)
        server.current = 2
        self.assertFalse(server.has_room)

    def test_minconn(self) -> None:
        """
        Between C{minconn} and C{maxconn} the limit follows the load of the backend, up to
        C{fullconn}.
        """
        backend = make_backend({"minconn": 10, "maxconn": 100}, fullconn=1000)
        limits = []
        for load in (0, 50, 500, 1000, 5000):
            backend.counters.scur = load
            limits.append(backend.servers[0].limit())
        self.assertEqual(limits, [10, 10, 50, 100, 100])

    def test_minconn_alone(self) -> None:
        """
        C{minconn} without C{maxconn} is the limit.
        """
        server = make_backend({"minconn": 10}, fullconn=1).servers[0]
        self.assertEqual(server.limit(), 10)

    def test_slowstart(self) -> None:
        """
        While a server starts slowly its limit grows with time.
        """
        backend = make_backend({"maxconn": 100, "slowstart_ms": 10_000})
        server = backend.servers[0]
        states.set_down(server, START)
        states.set_up(server, START)
        self.assertEqual(server.limit(), 1)
        backend.worker.now = START + 2.5
        self.assertEqual(server.limit(), 25)
        server.current = 25
        self.assertFalse(server.has_room)
        backend.worker.now = START + 10
        self.assertTrue(server.has_room)

    def test_default_fullconn(self) -> None:
        """
        C{fullconn} is a tenth of the C{maxconn} of the frontends that may choose the backend.
        """
        backend = make_backend({})
        worker = backend.worker
        for name, target, maxconn in (("a", "be1", 1000), ("b", "other", 5000), ("c", "", 2001)):
            section = model.Proxy("frontend", name, default_backend=target, maxconn=maxconn)
            worker.frontends[name] = Frontend(section, worker)
        switch = model.Switch("be1", None, None, section.where)
        section.use_backend.append(switch)
        self.assertEqual(backend.fullconn, 301)


class StartTests(SynchronousTestCase):
    """
    Tests for what a server is at first.
    """

    def test_checked(self) -> None:
        """
        A checked server is up, but one failed check away from down.
        """
        server = make_backend({"check": {"rise": 2, "fall": 3}}).servers[0]
        self.assertTrue(server.up)
        self.assertEqual(server.health, 2)

    def test_disabled(self) -> None:
        """
        A server that is C{disabled} is in maintenance.
        """
        server = make_backend({"disabled": True}).servers[0]
        self.assertFalse(server.up or server.usable_now)
        self.assertIs(server.operational, Operational.STOPPED)

    def test_without_weight(self) -> None:
        """
        A server of weight 0 is up, but not for load balancing.
        """
        server = make_backend({"weight": 0}).servers[0]
        self.assertTrue(server.up)
        self.assertFalse(server.usable_now)
