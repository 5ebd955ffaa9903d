"""
Tests for L{mwproxy.balance.batches}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.balance.batches import MANY, PATIENCE, TRIES, Batched
from mwproxy.core.families import balances
from mwproxy.live import states
from mwproxy.live.proxies import Backend
from mwproxy.live.servers import Server
from tests.live.backends import START, Client, make_backend


class Rotation:
    """
    An algorithm that goes by the servers that it saw last, and counts its looks.
    """

    tracks_load = True
    live_weights = False
    sticky = True

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.looks = 0
        self.loads: list[Server] = []
        self.seen: list[Server] = []
        self.update()

    def update(self) -> None:
        self.looks += 1
        self.seen = [each for each in self.backend.servers if each.usable_now]

    def pick(self, stream: Any, avoid: Server | None = None) -> Server | None:
        if not self.seen:
            return None
        self.seen.append(self.seen.pop(0))
        return self.seen[-1]

    def preferred(self, stream: Any) -> Server | None:
        return self.seen[0] if self.seen else None

    def load_changed(self, server: Server) -> None:
        self.loads.append(server)


def many(**attributes: Any) -> Backend:
    """
    Make a backend whose changes are taken notice of together.
    """
    return make_backend(*({} for _ in range(MANY)), **attributes)


class BatchedTests(SynchronousTestCase):
    """
    Tests for L{Batched}.
    """

    def setUp(self) -> None:
        self.backend = many()
        self.rotation = Rotation(self.backend)
        self.backend.balancer = self.batched = Batched(self.rotation, self.backend)

    def wait(self, seconds: float) -> None:
        """
        Let time pass.
        """
        self.backend.worker.now += seconds

    def test_what_it_is(self) -> None:
        """
        It is to others what the algorithm is, and without changes nothing is in between.
        """
        self.assertEqual(
            (self.batched.tracks_load, self.batched.live_weights, self.batched.sticky),
            (True, False, True),
        )
        self.assertEqual(self.batched.pick, self.rotation.pick)
        self.batched.load_changed(self.backend.servers[3])
        self.assertEqual(self.rotation.loads, [self.backend.servers[3]])

    def test_changes_without_picks(self) -> None:
        """
        However many servers change, the algorithm looks at them when one is to be picked.
        """
        for server in self.backend.servers[1:]:
            states.set_down(server, START)
        self.assertEqual(self.rotation.looks, 1)
        self.assertIs(self.batched.pick(Client()), self.backend.servers[0])
        self.assertEqual(self.rotation.looks, 2)
        self.assertEqual(self.batched.pick, self.rotation.pick)

    def test_changes_between_picks(self) -> None:
        """
        When servers change again and again, outdated tables are used for a while; what must not
        be used any more is never picked.
        """
        servers = self.backend.servers
        for server in servers[: TRIES - 1]:
            states.set_down(server, START)
            picked = self.batched.pick(Client())
            assert picked is not None
            self.assertTrue(picked.usable_now)
        self.assertEqual(self.rotation.looks, 2)
        self.wait(MANY * PATIENCE)
        self.batched.pick(Client())
        self.assertEqual(self.rotation.looks, 3)

    def test_too_many_left(self) -> None:
        """
        Tables that offer nothing usable are made anew at once.
        """
        states.set_down(self.backend.servers[0], START)
        self.batched.pick(Client())
        for server in self.backend.servers[: 2 * TRIES]:
            states.set_down(server, START)
        self.rotation.seen.sort(key=lambda server: server.number)
        self.assertIs(self.batched.pick(Client()), self.backend.servers[2 * TRIES])
        self.assertEqual(self.rotation.looks, 3)

    def test_nobody_offered(self) -> None:
        """
        Tables in which nobody is left are made anew at once: somebody may have come.
        """
        for server in self.backend.servers:
            states.set_down(server, START)
        self.assertIsNone(self.batched.pick(Client()))
        states.set_up(self.backend.servers[7], START)
        self.assertIs(self.batched.pick(Client()), self.backend.servers[7])

    def test_newcomer(self) -> None:
        """
        A server that comes back is picked after a while, not later.
        """
        back = self.backend.servers[5]
        states.set_down(back, START)
        self.batched.pick(Client())
        states.set_up(back, START)
        self.batched.pick(Client())
        self.assertNotIn(back, self.rotation.seen)
        self.wait(MANY * PATIENCE)
        self.batched.pick(Client())
        self.assertIn(back, self.rotation.seen)

    def test_preferred(self) -> None:
        """
        Nor is it preferred for long, or preferred when it has gone.
        """
        first, second = self.backend.servers[:2]
        states.set_down(self.backend.servers[9], START)
        self.assertIs(self.batched.preferred(Client()), first)
        states.set_down(self.backend.servers[8], START)
        self.assertIs(self.batched.preferred(Client()), first)
        self.assertEqual(self.rotation.looks, 2)
        states.set_down(first, START)
        self.assertIs(self.batched.preferred(Client()), second)
        self.assertEqual(self.rotation.looks, 3)


class EveryAlgorithmTests(SynchronousTestCase):
    """
    Tests of the true algorithms with changes that they have not seen yet.
    """

    def test_never_unusable(self) -> None:
        """
        Whatever happens to servers, and however late an algorithm hears of it, no client gets one
        that is down, drained or in maintenance.
        """
        for name, _ in balances:
            backend = many(balance=name)
            self.assertIsInstance(backend.balancer, Batched, name)
            ways = (
                lambda server: states.set_down(server, START),
                lambda server: states.set_weight(server, 0, START),
                lambda server: states.set_maint(server, START),
                lambda server: states.set_drain(server, START),
            )
            for position, server in enumerate(backend.servers[1:]):
                ways[position % len(ways)](server)
                for host in ("192.0.2.1", "192.0.2.7", "192.0.2.90"):
                    picked = backend.balancer.pick(Client(host))
                    assert picked is not None, name
                    self.assertTrue(picked.usable_now, name)
                    picked.current += 1
                    backend.balancer.load_changed(picked)
                    server.current = 0
                    backend.balancer.load_changed(server)
            self.assertIs(backend.balancer.pick(Client()), backend.servers[0], name)

    def test_few_servers(self) -> None:
        """
        Small backends hear of each change at once.
        """
        self.assertNotIsInstance(make_backend({}, {}).balancer, Batched)


class CountTests(SynchronousTestCase):
    """
    Tests for the number of usable servers, which is kept by steps.
    """

    def test_kept(self) -> None:
        """
        Whatever happens to servers, what is kept is what counting finds.
        """
        backend = make_backend({}, {"backup": True}, {}, {"backup": True, "disabled": True})
        steps = (states.set_down, states.set_up, states.set_maint, states.set_drain,
                 states.set_ready, states.set_stopping, states.set_up)  # fmt: skip
        for step in steps:
            for server in backend.servers:
                step(server, START)
                kept = (backend.active, backend.backups)
                states.recount(backend, START)
                self.assertEqual((backend.active, backend.backups), kept, step.__name__)
