"""
Tests for L{mwproxy.balance.farm}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.balance.farm import candidates, make_balancer
from mwproxy.core.families import balances
from mwproxy.core.registry import UnknownName
from mwproxy.live import states
from mwproxy.live.servers import Balancer
from tests.live.backends import START, Client, make_backend


class FarmTests(SynchronousTestCase):
    """
    Tests for L{candidates} and L{make_balancer}.
    """

    def test_active(self) -> None:
        """
        While an active server is usable, backups are not.
        """
        backend = make_backend({"backup": True}, {}, {"disabled": True})
        self.assertEqual(candidates(backend), [backend.servers[1]])

    def test_first_backup(self) -> None:
        """
        Without active server the first usable backup serves alone.
        """
        backend = make_backend({}, *({"backup": True} for _ in range(3)))
        states.set_down(backend.servers[0], START)
        states.set_down(backend.servers[1], START)
        self.assertEqual(candidates(backend), [backend.servers[2]])

    def test_all_backups(self) -> None:
        """
        C{option allbackups} uses all backups at a time.
        """
        backend = make_backend({"backup": True}, {"backup": True}, options={"allbackups"})
        self.assertEqual(candidates(backend), backend.servers)

    def test_every_algorithm(self) -> None:
        """
        Each algorithm picks a usable server and takes notice of changes.
        """
        for name, _ in balances:
            backend = make_backend({}, {}, balance=name)
            balancer: Balancer = backend.balancer
            self.assertIn(balancer.pick(Client()), backend.servers)
            states.set_maint(backend.servers[0], START)
            balancer.load_changed(backend.servers[1])
            self.assertIs(balancer.pick(Client()), backend.servers[1])

    def test_unknown(self) -> None:
        """
        An algorithm that does not exist is an error.
        """
        backend = make_backend({})
        backend.description.balance = "leastcon"
        error = self.assertRaises(UnknownName, make_balancer, backend)
        self.assertEqual(error.nearest, "leastconn")
