"""
Tests for L{mwproxy.console.worker_commands.dynamic_servers}.
"""

from __future__ import annotations

from mwproxy.balance.farm import make_balancer
from mwproxy.live.servers import Server
from tests.console.worker_commands.servers import ServerConsoleTestCase


class DynamicServerTests(ServerConsoleTestCase):
    """
    Tests of C{add server} and C{del server}.
    """

    def setUp(self) -> None:
        super().setUp()
        self.backend = self.worker.backends["be1"]
        make_balancer(self.backend)

        def resolve(server: Server) -> int:
            server.sockaddr, server.family = ("127.0.0.1", 80), 2
            return 0

        self.worker.on_server_added.append(resolve)

    def test_life(self) -> None:
        """
        A server is added, enabled, put in maintenance and deleted.
        """
        self.assertEqual(
            self.say("add server be1/n1 127.0.0.1:80 weight 5"), "New server registered.\n"
        )
        self.assertIn("CLI : 'server be1/n1' : New server registered.", self.said[-1])
        self.assertIn("n1 127.0.0.1 0 1 5 5", self.say("show servers state be1"))
        self.assertEqual(self.say("enable server be1/n1"), "")
        self.assertIn("n1 127.0.0.1 2 0 5 5", self.say("show servers state be1"))
        self.assertEqual(
            self.say("del server be1/n1"), "Only servers in maintenance mode can be deleted.\n"
        )
        self.say("disable server be1/n1")
        self.assertEqual(self.say("del server be1/n1"), "Server deleted.\n")
        self.assertEqual(self.say("del server be1/n1"), "No such server.\n")

    def test_refused(self) -> None:
        """
        What cannot be added says why.
        """
        for words, expected in (
            ("", "Require 'backend/server'."),
            ("be1", "Require 'backend/server'."),
            ("nob/x 127.0.0.1:80", "No such backend."),
            ("be1/s1 127.0.0.1:80", "Already exists a server with the same name in backend."),
            ("be1/n", "'server' expects <name> and <addr>[:<port>] as arguments."),
            ("be1/n 127.0.0.1:80 cookie x", "'cookie' option is not accepted for dynamic server"),
            ("be1/n 127.0.0.1:80 id 1", "'id' : custom id 1 already used at :0 ('server s1')."),
        ):
            self.assertEqual(self.say(f"add server {words}"), f"{expected}\n", words)
        self.say("add server be1/n 127.0.0.1:80 id 50")
        self.assertEqual(
            self.say("add server be1/m 127.0.0.1:80 id 50"),
            "'id' : custom id 50 already used at CLI ('server n').\n",
        )

    def test_static_algorithm(self) -> None:
        """
        Algorithms whose tables are made once take no servers.
        """
        self.backend.balancer.live_weights = False
        self.assertEqual(
            self.say("add server be1/n 127.0.0.1:80"),
            "Backend must use a dynamic load balancing to support dynamic servers.\n",
        )

    def test_many(self) -> None:
        """
        A backend that grows large gets tables that are made in batches.
        """
        before = self.backend.balancer
        for number in range(100):
            self.say(f"add server be1/n{number} 127.0.0.1:80")
        self.assertIsNot(self.backend.balancer, before)
        self.assertEqual(len({server.number for server in self.backend.servers}), 103)

    def test_level(self) -> None:
        """
        It takes an admin.
        """
        self.say("operator")
        for text in ("add server be1/n 127.0.0.1:80", "del server be1/s1", "wait 1"):
            self.assertEqual(self.say(text), "Permission denied\n")
