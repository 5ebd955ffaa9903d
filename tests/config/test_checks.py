"""
Tests for L{mwproxy.config.checks}.
"""

from __future__ import annotations

from mwproxy.config import checks
from mwproxy.config.model import Configuration, Program
from mwproxy.core.diagnostics import Diagnostics
from tests.config.loading import LoadingTestCase

TIMEOUTS = "defaults\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n"

MISSING = (
    "\n   | While not properly invalid, you will certainly encounter various problems"
    "\n   | with such a configuration. To fix this, please ensure that all following"
    "\n   | timeouts are set to a non-zero value: 'client', 'connect', 'server'."
)


class ReferencesTests(LoadingTestCase):
    """
    Tests for names of backends and servers.
    """

    def test_backends(self) -> None:
        """
        Backends that are referred to exist; a frontend is none.
        """
        self.assertEqual(
            self.alerts(
                f"{TIMEOUTS}frontend f\n bind 127.0.0.1:1\n default_backend nope\n"
                " use_backend f\n use_backend b\nbackend b\n"
            ),
            [
                "Proxy 'f': unable to find required default_backend: 'nope'.",
                "Proxy 'f': unable to find required use_backend: 'f'.",
            ],
        )

    def test_listen(self) -> None:
        """
        A C{listen} section is a backend too.
        """
        self.assertEqual(
            self.alerts(
                f"{TIMEOUTS}frontend f\n bind 127.0.0.1:1\n default_backend l\n"
                "listen l\n bind 127.0.0.1:2\n"
            ),
            [],
        )

    def test_disabled(self) -> None:
        """
        A disabled proxy is not checked.
        """
        self.load("frontend f\n disabled\n default_backend nope\n")
        self.assertEqual(self.messages, [])

    def test_modes(self) -> None:
        """
        An HTTP frontend needs HTTP backends.
        """
        self.assertEqual(
            self.alerts(
                f"{TIMEOUTS}frontend f\n mode http\n bind 127.0.0.1:1\n default_backend b\n"
                " use_backend b\nbackend b\n mode tcp\n"
            ),
            [
                "http frontend 'f' (1.cfg:5) tries to use incompatible tcp backend 'b' (1.cfg:10)"
                " as its default backend (see 'mode').",
                "http frontend 'f' (1.cfg:5) tries to use incompatible tcp backend 'b' (1.cfg:10)"
                " in a 'use_backend' rule (see 'mode').",
            ],
        )

    def test_backends_of_agents(self) -> None:
        """
        No frontend can use a backend of agents, nor be of that mode.
        """
        for mode in ("tcp", "http"):
            self.assertEqual(
                self.alerts(
                    f"{TIMEOUTS}frontend f\n mode {mode}\n bind 127.0.0.1:1\n default_backend b\n"
                    "backend b\n mode spop\n"
                ),
                [
                    f"{mode} frontend 'f' (1.cfg:5) tries to use incompatible spop backend 'b'"
                    " (1.cfg:9) as its default backend (see 'mode')."
                ],
            )
        self.assertEqual(
            self.alerts(f"{TIMEOUTS} mode spop\nlisten l\n bind 127.0.0.1:1\nbackend b\n"),
            [
                "proxy 'l': 'mode spop' is for backends of agents only, use another mode than that"
                " of its 'defaults' section."
            ],
        )

    def test_upgrade(self) -> None:
        """
        A TCP frontend cannot use HTTP backends here, which HAProxy allows.
        """
        self.assertEqual(
            self.alerts(
                f"{TIMEOUTS}frontend f\n bind 127.0.0.1:1\n default_backend b\n"
                "backend b\n mode http\n"
            ),
            [
                "tcp frontend 'f' (1.cfg:5) uses http backend 'b' (1.cfg:8) as its default backend:"
                " upgrading connections to HTTP is not supported by mwproxy (see 'mode')."
            ],
        )

    def test_servers(self) -> None:
        """
        The servers of a backend have different names.
        """
        self.assertEqual(
            self.alerts(
                f"{TIMEOUTS}backend b\n server a 127.0.0.1:1\n server a 127.0.0.1:2\n"
                "backend c\n server a 127.0.0.1:1\n"
            ),
            [
                "parsing [1.cfg:7] : backend 'b', another server named 'a' was already defined at"
                " line 6, please use distinct names."
            ],
        )


class WarningsTests(LoadingTestCase):
    """
    Tests for what works, but hardly as intended.
    """

    def test_no_bind(self) -> None:
        """
        What accepts has a listener.
        """
        self.load(f"{TIMEOUTS}frontend f\nlisten l\n")
        cure = "has no 'bind' directive. Please declare it as a backend if this was intended."
        self.assertEqual(
            self.messages, [f"WARNING frontend 'f' {cure}", f"WARNING proxy 'l' {cure}"]
        )

    def test_timeouts(self) -> None:
        """
        Frontends need one timeout, backends with servers two.
        """
        self.load(
            "frontend f\n bind 127.0.0.1:1\nlisten l\n bind 127.0.0.1:2\n timeout client 1s\n"
            "backend b\n timeout server 1s\n timeout connect 1s\n server a 127.0.0.1:3\n"
            "backend c\n timeout server 0\n timeout connect 1s\n server a 127.0.0.1:3\nbackend d\n"
        )
        self.assertEqual(
            self.messages,
            [
                f"WARNING missing timeouts for frontend 'f'.{MISSING}",
                f"WARNING missing timeouts for backend 'c'.{MISSING}",
            ],
        )

    def test_errors_first(self) -> None:
        """
        They are left out when there are errors.
        """
        self.load("frontend f\n foo\n")
        self.assertFalse([each for each in self.messages if each.startswith("WARNING")])

    def test_http_only(self) -> None:
        """
        What needs HTTP is ignored without.
        """
        self.load(f"{TIMEOUTS}frontend f\n bind 127.0.0.1:1\n monitor-uri /x\n option forwardfor\n")
        self.assertEqual(
            self.messages,
            [
                "WARNING monitor-uri will be ignored for frontend 'f' (needs 'mode http').",
                "WARNING 'option forwardfor' ignored for frontend 'f' as it requires HTTP mode.",
            ],
        )

    def test_rules_without_http(self) -> None:
        """
        A proxy that is not HTTP has no HTTP rules.
        """
        self.load(
            f"{TIMEOUTS}listen l\n mode tcp\n bind 127.0.0.1:1\n http-request deny\n"
            " http-response deny\n server a 127.0.0.1:2\n"
        )
        self.assertEqual(
            self.messages,
            [
                "WARNING 'http-request' rules ignored for proxy 'l' as they require HTTP mode.",
                "WARNING 'http-response' rules ignored for proxy 'l' as they require HTTP mode.",
            ],
        )


class NumbersTests(LoadingTestCase):
    """
    Tests for the numbers of proxies.
    """

    def test_order(self) -> None:
        """
        Numbers follow the order of the files; numbers that were given are left out, and those
        proxies use up one all the same.
        """
        found = self.load(
            "backend f1\nbackend f2\n id 1\nbackend b1\nbackend l1\nbackend b9\n id 1000\n"
            "backend b10\n"
        )
        self.assertEqual([each.number for each in found.proxies], [2, 1, 4, 5, 1000, 7])

    def test_reused(self) -> None:
        """
        A number is given once.
        """
        self.assertEqual(
            self.alerts("backend f\n id 3\nbackend g\n id 3\n"),
            [
                "parsing [1.cfg:3]: backend g reuses same custom id as backend f (declared at"
                " 1.cfg:1)."
            ],
        )


class LogsTests(LoadingTestCase):
    """
    Tests for C{log global}.
    """

    def test_joined(self) -> None:
        """
        The targets of C{global} stand before the proxy's own.
        """
        found = self.load(
            f"{TIMEOUTS} log global\n log 127.0.0.1:2 local1\nbackend b\n"
            "global\n log 127.0.0.1:1 local0\n"
        )
        self.assertEqual(self.messages, [])
        self.assertEqual([each.address.port for each in found.proxies[0].log_targets], [1, 2])


class RequireMasterTests(LoadingTestCase):
    """
    Tests for programs without master.
    """

    def test_programs(self) -> None:
        """
        They are refused.
        """
        diagnostics = Diagnostics()
        checks.require_master(Configuration(), diagnostics)
        self.assertEqual(diagnostics.messages, [])
        checks.require_master(Configuration(programs=[Program("a", ("x",))]), diagnostics)
        self.assertEqual(
            diagnostics.messages[0].text,
            "config : 'program' section is defined in configuration, but master-worker mode (-W)"
            " is not enabled.",
        )
