"""
Tests for L{mwproxy.live.proxies}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config import model
from mwproxy.core.diagnostics import Severity
from mwproxy.live import states
from mwproxy.live.proxies import Frontend
from tests.live.backends import START, make_backend


class BackendTests(SynchronousTestCase):
    """
    Tests for L{Backend<mwproxy.live.proxies.Backend>}.
    """

    def test_numbers(self) -> None:
        """
        Servers are numbered by C{id}, else by position.
        """
        backend = make_backend({}, {"id": 70}, {})
        self.assertEqual([server.number for server in backend.servers], [1, 70, 3])

    def test_usable(self) -> None:
        """
        Usable are the active servers, or the backups when there is none.
        """
        backend = make_backend({}, {}, {"backup": True})
        self.assertEqual(backend.usable(), 2)
        states.set_down(backend.servers[0], START)
        states.set_down(backend.servers[1], START)
        self.assertEqual(backend.usable(), 1)

    def test_nobody_listens(self) -> None:
        """
        Until the worker sets it up, what is said goes nowhere.
        """
        make_backend({}).worker.say(Severity.ALERT, "hello")


class FrontendTests(SynchronousTestCase):
    """
    Tests for L{Frontend}.
    """

    def test_begin(self) -> None:
        """
        A frontend begins open.
        """
        worker = make_backend({}).worker
        frontend = Frontend(model.Proxy("frontend", "fe", maxconn=7), worker)
        self.assertEqual((frontend.state, frontend.maxconn), ("OPEN", 7))
