"""
Tests for L{mwproxy.live.additions}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config import model
from mwproxy.core.addresses import Address
from mwproxy.live import states
from mwproxy.live.additions import CannotDelete, add_server, delete_server, free_number
from mwproxy.live.servers import Admin, Operational, Server
from tests.live.backends import START, make_backend, picks


class AdditionTests(SynchronousTestCase):
    """
    Tests of servers that come and go.
    """

    def setUp(self) -> None:
        self.backend = make_backend({}, {})
        self.told: list[tuple[str, str]] = []
        worker = self.backend.worker
        worker.on_server_added.append(lambda server: self.tell("added", server))
        worker.on_server_gone.append(lambda server: self.tell("gone", server))

    def tell(self, what: str, server: Server) -> int:
        """
        Note what somebody was told.
        """
        self.told.append((what, server.name))
        if what == "added":
            server.sockaddr, server.family = ("192.0.2.1", 80), 2
        return 0

    def add(self, name: str = "n", *, enabled: bool = False, **settings: Any) -> Server:
        """
        Add a server.
        """
        made = model.ServerSettings(**settings)
        description = model.Server(name, Address("ipv4", "192.0.2.1", 80), made)
        return add_server(self.backend, description, enabled=enabled, now=START)

    def why(self, server: Server) -> str:
        """
        Tell why a server cannot be deleted.
        """
        with self.assertRaises(CannotDelete) as caught:
            delete_server(server)
        return str(caught.exception)

    def test_added(self) -> None:
        """
        An added server is in maintenance, unchecked, with the lowest free number; once it is
        ready it is chosen like others.
        """
        server = self.add(check=model.CheckSettings(enabled=True))
        self.assertEqual((server.number, server.admin), (3, Admin.FORCED_MAINT))
        self.assertIs(server.operational, Operational.STOPPED)
        self.assertFalse(server.checked or server.usable_now)
        self.assertEqual(self.told, [("added", "n")])
        self.assertNotIn("n", picks(self.backend, 4))
        states.set_ready(server, START)
        self.assertIn("n", picks(self.backend, 3))

    def test_enabled(self) -> None:
        """
        One that is written C{enabled} serves at once.
        """
        self.add(enabled=True)
        self.assertIn("n", picks(self.backend, 3))
        self.assertEqual(self.backend.active, 3)

    def test_numbers(self) -> None:
        """
        Numbers may be given; free ones below are used first, and used again.
        """
        self.assertEqual(self.add("a", id=50).number, 50)
        self.assertEqual(free_number(self.backend), 3)
        first = self.backend.servers[0]
        states.set_maint(first, START)
        delete_server(first)
        again = self.add("b")
        self.assertEqual((again.number, again.revision), (1, 1))

    def test_delete(self) -> None:
        """
        Only servers in maintenance that nobody uses are deleted.
        """
        server = self.backend.servers[0]
        self.assertEqual(self.why(server), "Only servers in maintenance mode can be deleted.")
        states.set_maint(server, START)
        server.current = 1
        self.assertEqual(
            self.why(server), "Server still has connections attached to it, cannot remove it."
        )
        server.current = 0
        delete_server(server)
        self.assertEqual([each.name for each in self.backend.servers], ["s2"])
        self.assertEqual(self.told, [("gone", "s1")])

    def test_named_by_rules(self) -> None:
        """
        A server that rules name stays.
        """
        server = self.backend.servers[0]
        self.backend.description.referred.add("s1")
        states.set_maint(server, START)
        self.assertIn("other configuration elements", self.why(server))
