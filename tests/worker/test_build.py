"""
Tests for L{mwproxy.worker.build}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config import model
from mwproxy.core.addresses import Address
from mwproxy.live.servers import Admin
from mwproxy.net.log_targets import LogTargets
from mwproxy.worker.build import (
    apply_options,
    begin_servers,
    build_state,
    connect_logs,
    limit_connections,
)
from mwproxy.worker.order import Order
from tests.net.plane import PlaneTestCase


def described() -> model.Configuration:
    """
    Describe a frontend, two backends, a C{listen} section and a disabled one.
    """
    address = Address("ipv4", "127.0.0.1", 80)
    server = model.Server("s", address, model.ServerSettings())
    away = model.Server("t", address, model.ServerSettings(disabled=True))
    return model.Configuration(
        proxies=[
            model.Proxy("frontend", "f", default_backend="b", maxconn=7),
            model.Proxy("backend", "b", servers=[server, away]),
            model.Proxy("backend", "c"),
            model.Proxy("listen", "l"),
            model.Proxy("frontend", "gone", disabled=True),
        ]
    )


class StateTests(SynchronousTestCase):
    """
    Tests for live objects made of the description.
    """

    def test_built(self) -> None:
        """
        Each section that is not disabled comes alive; the frontend knows its default backend,
        a C{listen} section is its own.
        """
        state = build_state(described(), Order([], generation=3, process=2))
        self.assertEqual(list(state.frontends), ["f", "l"])
        self.assertEqual(list(state.backends), ["b", "c", "l"])
        self.assertIs(state.frontends["f"].default_backend, state.backends["b"])
        self.assertIs(state.frontends["l"].default_backend, state.backends["l"])
        self.assertEqual((state.generation, state.process), (3, 2))

    def test_servers_begin(self) -> None:
        """
        Servers are counted and balanced once their addresses are known.
        """
        state = build_state(described(), Order([]))
        begin_servers(state)
        backend = state.backends["b"]
        self.assertEqual((backend.active, backend.usable()), (1, 1))
        self.assertTrue(backend.servers[1].admin & Admin.CONFIG_MAINT)
        self.assertIs(backend.balancer.pick(None), backend.servers[0])

    def test_maxconn(self) -> None:
        """
        A frontend without C{maxconn} has that of the process.
        """
        state = build_state(described(), Order([]))
        limit_connections(state, 50)
        self.assertEqual((state.maxconn, state.hard_maxconn), (50, 50))
        self.assertEqual([each.maxconn for each in state.frontends.values()], [7, 50])


class OptionTests(SynchronousTestCase):
    """
    Tests for L{apply_options}.
    """

    def test_command_line_wins(self) -> None:
        """
        What stands on the command line replaces what the files say; C{-N} only fills in.
        """
        configuration = described()
        apply_options(
            configuration,
            {"maxconn": 9, "proxy_maxconn": 5, "localpeer": "me", "noreuseport": True},
        )
        settings = configuration.global_
        self.assertEqual((settings.maxconn, settings.localpeer), (9, "me"))
        self.assertTrue(settings.noreuseport)
        self.assertEqual([each.maxconn for each in configuration.proxies], [7, 5, 5, 5, 5])

    def test_nothing(self) -> None:
        """
        Nothing changes nothing.
        """
        configuration = described()
        apply_options(configuration, {})
        self.assertIsNone(configuration.global_.maxconn)


class LogTests(PlaneTestCase):
    """
    Tests for L{connect_logs}.
    """

    def test_sinks(self) -> None:
        """
        Each section with C{log} lines gets a sink, flushed at the end of each turn.
        """
        self.start(
            "frontend f\n bind 127.0.0.1:8000\n log 127.0.0.1:9 local0\n"
            "frontend g\n bind 127.0.0.1:8001\n",
            "  log-send-hostname\n",
        )
        before = len(self.reactor.turn_ends)
        targets = connect_logs(self.plane)
        self.addCleanup(targets.close)
        self.assertIsInstance(targets, LogTargets)
        self.assertIsNotNone(self.frontend("f").log)
        self.assertIsNone(self.frontend("g").log)
        self.assertEqual(len(self.reactor.turn_ends), before + 1)
