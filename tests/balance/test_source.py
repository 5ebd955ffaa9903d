"""
Tests for L{mwproxy.balance.source}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.balance.source import Source
from mwproxy.live import states
from tests.live.backends import START, Client, make_backend, picks

CONSISTENT = ("consistent", "sdbm", "avalanche")
HOSTS = [f"10.1.{number // 256}.{number % 256}" for number in range(1000)]


class SourceTests(SynchronousTestCase):
    """
    Tests for C{balance source}.
    """

    def test_as_haproxy(self) -> None:
        """
        Servers of equal weight get the clients that HAProxy gives them: by the remainder of the
        address.
        """
        backend = make_backend(*({} for _ in range(7)), balance="source")
        hosts = ["127.0.0.1", "127.0.0.2", "127.0.0.6", "127.1.2.3", "127.2.4.6"]
        found = [picks(backend, 1, host)[0] for host in hosts]
        self.assertEqual(found, ["s3", "s4", "s1", "s1", "s7"])

    def test_stable(self) -> None:
        """
        A client always gets the same server.
        """
        for hash_type in (("map-based", "sdbm", ""), CONSISTENT):
            backend = make_backend({}, {}, {}, balance="source", hash_type=hash_type)
            self.assertEqual(len(set(picks(backend, 5, "2001:db8::7"))), 1)

    def test_by_weight(self) -> None:
        """
        The table has places by weight.
        """
        backend = make_backend({"weight": 30}, {"weight": 10}, balance="source")
        found = [picks(backend, 1, host)[0] for host in HOSTS]
        self.assertEqual(found.count("s1"), 750)

    def test_avalanche(self) -> None:
        """
        The modifier mixes neighboring addresses.
        """
        backend = make_backend({}, {}, balance="source", hash_type=("map-based", "", "avalanche"))
        found = "".join(picks(backend, 1, host)[0] for host in HOSTS)
        self.assertIn("s1s1s1", found)

    def test_consistent(self) -> None:
        """
        With C{hash-type consistent} a server that leaves moves its own clients only.
        """
        backend = make_backend(*({} for _ in range(5)), balance="source", hash_type=CONSISTENT)
        before = [picks(backend, 1, host)[0] for host in HOSTS]
        states.set_maint(backend.servers[1], START)
        for old, host in zip(before, HOSTS, strict=True):
            new = picks(backend, 1, host)[0]
            self.assertTrue(new == old or old == "s2", (old, new))
        self.assertTrue(backend.balancer.live_weights)

    def test_full(self) -> None:
        """
        A client whose server is full gets no other.
        """
        backend = make_backend({"maxconn": 1}, {}, balance="source")
        balancer = backend.balancer
        assert isinstance(balancer, Source)
        client = Client("10.0.0.2")
        server = balancer.pick(client)
        assert server is backend.servers[0]
        server.current = 1
        self.assertIsNone(balancer.pick(client))
        self.assertIs(balancer.preferred(client), server)
        self.assertTrue(balancer.sticky)

    def test_avoid(self) -> None:
        """
        In place of a server to avoid, the next one is chosen, itself when there is none.
        """
        backend = make_backend({}, {}, balance="source")
        first, second = backend.servers
        self.assertIs(backend.balancer.pick(Client("10.0.0.2"), first), second)
        states.set_maint(second, START)
        self.assertIs(backend.balancer.pick(Client("10.0.0.2"), first), first)
        first.maxconn = first.current = 1
        self.assertIsNone(backend.balancer.pick(Client("10.0.0.2"), first))

    def test_no_address(self) -> None:
        """
        Clients of UNIX sockets are served in turn.
        """
        backend = make_backend({}, {}, balance="source")
        self.assertEqual(picks(backend, 3, ""), ["s1", "s2", "s1"])

    def test_nobody(self) -> None:
        """
        Without usable server there is nothing to pick.
        """
        for hash_type in (("map-based", "sdbm", ""), CONSISTENT):
            backend = make_backend({"disabled": True}, balance="source", hash_type=hash_type)
            self.assertEqual(picks(backend, 1), ["-"])
            self.assertEqual(picks(backend, 1, ""), ["-"])
