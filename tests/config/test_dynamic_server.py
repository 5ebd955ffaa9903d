"""
Tests for L{mwproxy.config.dynamic_server}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config import model
from mwproxy.config.dynamic_server import read_server
from mwproxy.core.addresses import Address
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import PACKAGES
from mwproxy.core.registry import load_family


class DynamicServerTests(SynchronousTestCase):
    """
    Tests for L{read_server}.
    """

    def setUp(self) -> None:
        load_family(PACKAGES["keywords"])
        self.backend = model.Proxy("backend", "be")

    def read(self, text: str, name: str = "n") -> model.Server:
        """
        Read what the console says.
        """
        return read_server(self.backend, name, text.split())

    def test_plain(self) -> None:
        """
        A server without options is disabled, with the defaults of the manual.
        """
        server = self.read("127.0.0.1:80")
        self.assertEqual(server.address, Address("ipv4", "127.0.0.1", 80))
        self.assertEqual((server.settings.weight, server.settings.disabled), (1, True))

    def test_options(self) -> None:
        """
        Options are those of C{server} lines; C{default-server} does not count.
        """
        default = model.NO_SETTINGS.fork()
        default.weight = 7
        self.backend.default_server = default
        server = self.read("127.0.0.1:80 check inter 5s maxconn 9 enabled id 50 backup")
        settings = server.settings
        self.assertEqual((settings.weight, settings.maxconn, settings.id), (1, 9, 50))
        self.assertTrue(settings.check.enabled and settings.backup)
        self.assertFalse(settings.disabled)

    def test_refused(self) -> None:
        """
        What cannot be is refused in HAProxy's words.
        """
        portless = (
            "config: backend 'be': server 'n' has neither service port nor check port nor "
            "tcp_check rule 'connect' with port information."
        )
        for text, expected in (
            ("", "'server' expects <name> and <addr>[:<port>] as arguments."),
            ("127.0.0.1:80 cookie x", "'cookie' option is not accepted for dynamic server"),
            (
                "127.0.0.1:80 init-addr none",
                "'init-addr' option is not accepted for dynamic server",
            ),
            (
                "127.0.0.1:80 weight 5 no-check",
                "'no-check' option is not accepted for dynamic server",
            ),
            ("127.0.0.1:80 weight", "'weight' expects an integer as argument."),
            ("127.0.0.1:80 weight 500", "weight of server n is not within 0 and 256 (500)."),
            ("127.0.0.1:80 foo", "unknown keyword 'foo'"),
            ("127.0.0.1:80 ssl", "'ssl' on 'server' is not supported by mwproxy"),
            (
                "127.0.0.1:80 agent-check",
                "server n does not have agent port. Agent check has been disabled.",
            ),
            ("127.0.0.1 check", portless),
            ("127.0.0.1:+5 check", portless),
            ("udp@127.0.0.1:5", "dgram-type address not acceptable in 'udp@127.0.0.1:5'"),
            ("fd@3", "a file descriptor is not acceptable here in 'fd@3'"),
        ):
            with self.assertRaises(ConfigError) as caught:
                self.read(text)
            self.assertTrue(str(caught.exception).startswith(expected), str(caught.exception))
        with self.assertRaises(ConfigError) as caught:
            self.read("127.0.0.1:80", "n!3")
        self.assertEqual(
            str(caught.exception), "character '!' is not permitted in server name 'n!3'."
        )

    def test_values_that_look_like_options(self) -> None:
        """
        The value of an option is not taken for one that is refused.
        """
        server = self.read("127.0.0.1:80 agent-send no-check agent-port 5")
        self.assertEqual(server.settings.agent.send, b"no-check")
