"""
Tests for L{mwproxy.worker.build}.
"""

from __future__ import annotations

import os
import resource

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config import model
from mwproxy.core.addresses import Address
from mwproxy.core.diagnostics import Diagnostics
from mwproxy.live.servers import Admin
from mwproxy.net.log_targets import LogTargets
from mwproxy.worker.build import (
    apply_options,
    begin_servers,
    build_state,
    connect_logs,
    limit_connections,
    limit_descriptors,
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


class LimitTests(SynchronousTestCase):
    """
    Tests for L{limit_descriptors}.
    """

    def limit(
        self, soft: int, hard: int, *, root: bool = False, refuse: bool = False, **settings: int
    ) -> int:
        """
        Work out the limits on a system that allows this many descriptors.

        @return: The process's C{maxconn}.
        """
        self.limits = (soft, hard)
        self.diagnostics = Diagnostics()

        def setrlimit(which: int, limits: tuple[int, int]) -> None:
            if refuse:
                raise ValueError("not allowed to raise maximum limit")
            self.limits = limits

        self.patch(resource, "getrlimit", lambda which: self.limits)
        self.patch(resource, "setrlimit", setrlimit)
        self.patch(os, "geteuid", lambda: 0 if root else 1000)
        configuration = model.Configuration(global_=model.Global(**settings))  # type: ignore[arg-type]
        return limit_descriptors(configuration, self.diagnostics)

    def test_automatic(self) -> None:
        """
        Without C{maxconn} all that the system allows is used, two descriptors a connection.
        """
        self.assertEqual(self.limit(1024, 4096), (4096 - 100) // 2)
        self.assertEqual(self.limits, (4096, 4096))
        self.assertEqual(self.diagnostics.messages, [])

    def test_unlimited(self) -> None:
        """
        A million descriptors are enough for anybody who did not ask for more.
        """
        unlimited = resource.RLIM_INFINITY
        self.assertEqual(self.limit(1024, unlimited), ((1 << 20) - 100) // 2)

    def test_enough(self) -> None:
        """
        A C{maxconn} that fits changes nothing.
        """
        self.assertEqual(self.limit(1024, 4096, maxconn=100), 100)
        self.assertEqual(self.limits, (1024, 4096))

    def test_raised(self) -> None:
        """
        One that does not fit raises the limit, as root even beyond the hard one.
        """
        self.assertEqual(self.limit(1024, 4096, maxconn=1000), 1000)
        self.assertEqual(self.limits, (2100, 4096))
        self.assertEqual(self.limit(1024, 4096, maxconn=5000, root=True), 5000)
        self.assertEqual(self.limits, (10100, 10100))
        self.assertEqual(self.diagnostics.messages, [])

    def test_too_low(self) -> None:
        """
        What cannot be had is warned of.
        """
        self.assertEqual(self.limit(1024, 4096, maxconn=5000), 5000)
        [message] = self.diagnostics.messages
        self.assertEqual(
            message.text,
            "FD limit (4096) too low for maxconn=5000/maxsock=10100. Please raise 'ulimit-n' to "
            "10100 or more to avoid any trouble.",
        )

    def test_ulimit_n(self) -> None:
        """
        C{ulimit-n} is what is set, also downwards.
        """
        self.assertEqual(self.limit(1024, 4096, ulimit_n=600), 250)
        self.assertEqual(self.limits, (600, 4096))

    def test_refused(self) -> None:
        """
        Where the limit cannot be changed it is lived with.
        """
        self.assertEqual(self.limit(1024, 4096, refuse=True), 462)


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
