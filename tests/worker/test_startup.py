"""
Tests for L{mwproxy.worker.startup}.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config import model
from mwproxy.core.addresses import Address
from mwproxy.worker.order import Order
from mwproxy.worker.startup import (
    DEFAULT_BACKLOG,
    StartFailed,
    enabled_binds,
    listener_spec,
    protocol_name,
    read_configuration,
)
from tests.net.plane import Bench


def bind(family: str = "ipv4", host: str = "127.0.0.1", **settings: object) -> model.Bind:
    """
    Describe a C{bind} line.
    """
    made = model.BindSettings()
    for name, value in settings.items():
        setattr(made, name, value)
    return model.Bind(Address(family, host, 80), made)


class ReadTests(SynchronousTestCase):
    """
    Tests for L{read_configuration}.
    """

    def setUp(self) -> None:
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        self.addCleanup(os.chdir, Path.cwd())
        self.host = Bench()

    def read(self, text: str, **facts: object) -> model.Configuration:
        """
        Read a file that stands in the directory of the order.
        """
        Path(self.directory, "a.cfg").write_text(text)
        order = Order(["a.cfg"], directory=self.directory, **facts)  # type: ignore[arg-type]
        return read_configuration(order, self.host)[0]

    def test_read(self) -> None:
        """
        Files are found from the directory, read with the order's environment, and the command
        line wins.
        """
        found = self.read(
            'frontend "f-${WHAT}"\n mode tcp\n timeout client 1s\n bind 127.0.0.1:80\n',
            environment={"WHAT": "x"},
            options={"maxconn": 12},
        )
        self.assertEqual(found.proxies[0].name, "f-x")
        self.assertEqual(found.global_.maxconn, 12)
        self.assertEqual(self.host.spoken, [])

    def test_variables(self) -> None:
        """
        The name of the peer is known to the lines, as C{-L} has it or else the host's name; files
        and consoles are known behind them.
        """
        text = 'global\n node "$HAPROXY_LOCALPEER"\n stats socket /s\n'
        self.assertEqual(self.read(text, options={"localpeer": "me"}).global_.node, "me")
        self.assertEqual(self.read(text).global_.node, socket.gethostname())

    def test_own_environment(self) -> None:
        """
        In a process of its own the configuration's variables are those of the process.
        """
        before = dict(os.environ)
        self.host.owns_environment = True
        try:
            self.read("global\n setenv A b\n stats socket /s\n", environment={"P": "q"})
            found = dict(os.environ)
        finally:
            os.environ.clear()
            os.environ.update(before)
        self.assertEqual(
            found,
            {
                "P": "q",
                "A": "b",
                "HAPROXY_LOCALPEER": socket.gethostname(),
                "HAPROXY_CFGFILES": "a.cfg",
                "HAPROXY_CLI": "unix@/s",
            },
        )

    def test_mistake(self) -> None:
        """
        Mistakes are said and end the attempt.
        """
        failure = self.assertRaises(StartFailed, self.read, "frontend f\n nonsense\n")
        self.assertEqual((failure.status, str(failure)), (1, "exit status 1"))
        self.assertIn("[a.cfg:2] : unknown keyword 'nonsense'", self.host.spoken[0])

    def test_zero_warning_in_the_file(self) -> None:
        """
        C{zero-warning} makes warnings fatal.
        """
        text = "global\n zero-warning\nfrontend f\n mode http\n bind 127.0.0.1:80\n"
        self.assertRaises(StartFailed, self.read, text)
        self.assertIn("Some warnings were found and 'zero-warning' is set", self.host.spoken[-1])


class BindTests(SynchronousTestCase):
    """
    Tests for what sockets are asked for.
    """

    def test_enabled(self) -> None:
        """
        Disabled sections, backends and what belongs to other processes need none.
        """
        one, two = bind(), bind(processes=frozenset((2,)))
        front = model.Proxy("frontend", "f", binds=[one, two])
        configuration = model.Configuration(
            proxies=[
                front,
                model.Proxy("frontend", "g", binds=[bind()], disabled=True),
                model.Proxy("backend", "b"),
                model.Proxy("frontend", "h", binds=[bind()], processes=frozenset((3,))),
            ]
        )
        self.assertEqual(enabled_binds(configuration, 1), [(front, one)])
        self.assertEqual(enabled_binds(configuration, 2), [(front, one), (front, two)])

    def test_backlog(self) -> None:
        """
        The backlog is that of the line, the section, the section's C{maxconn}, or the default.
        """
        for own, backlog, maxconn, expected in (
            (5, 6, None, 5),
            (None, 6, 7, 6),
            (None, None, 7, 7),
            (None, None, None, DEFAULT_BACKLOG),
        ):
            proxy = model.Proxy("frontend", "f", backlog=backlog, maxconn=maxconn)
            spec = listener_spec(bind(backlog=own), proxy, reuseport=True)
            self.assertEqual(spec.backlog, expected)
        self.assertEqual(listener_spec(bind(), None, reuseport=True).backlog, DEFAULT_BACKLOG)

    def test_rest(self) -> None:
        """
        Everything else is handed on.
        """
        line = bind("unix", "/run/x", uid=1, gid=2, socket_mode=0o600, interface="lo")
        spec = listener_spec(line, None, reuseport=False)
        self.assertEqual(
            (spec.family, spec.host, spec.uid, spec.gid, spec.mode, spec.interface),
            ("unix", "/run/x", 1, 2, 0o600, "lo"),
        )
        self.assertEqual((spec.v6only, spec.reuseport), (None, False))
        for v4v6 in (False, True):
            spec = listener_spec(bind("ipv6", "::", v4v6=v4v6), None, reuseport=True)
            self.assertEqual(spec.v6only, not v4v6)

    def test_names(self) -> None:
        """
        Messages name protocols as HAProxy does.
        """
        self.assertEqual(
            [protocol_name(bind(family)) for family in ("ipv4", "ipv6", "unix", "abns")],
            ["tcpv4", "tcpv6", "unix_stream", "abns"],
        )
