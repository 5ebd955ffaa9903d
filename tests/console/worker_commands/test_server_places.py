"""
Tests for L{mwproxy.console.worker_commands.server_places}.
"""

from __future__ import annotations

import socket

from mwproxy.live.agents import Agent
from tests.console.worker_commands.servers import ServerConsoleTestCase


class PlaceTests(ServerConsoleTestCase):
    """
    Tests of addresses and ports.
    """

    def setUp(self) -> None:
        super().setUp()
        self.server = self.servers[0]
        self.server.sockaddr, self.server.family = ("127.0.0.1", 9002), socket.AF_INET

    def test_addr(self) -> None:
        """
        What changed is told in HAProxy's words.
        """
        for command, expected in (
            ("addr", "set server <b>/<s> addr requires an address and optionally a port."),
            ("addr foo", "Invalid addr 'foo'"),
            ("addr 127.0.0.1", "nothing changed"),
            (
                "addr 127.0.0.2",
                "IP changed from '127.0.0.1' to '127.0.0.2' by 'stats socket command'",
            ),
            (
                "addr 127.0.0.2 port 81",
                "port changed from '9002' to '81' by 'stats socket command'",
            ),
            (
                "addr 127.0.0.3 port 82",
                "IP changed from '127.0.0.2' to '127.0.0.3', port changed from '81' to '82' by "
                "'stats socket command'",
            ),
            ("addr 127.0.0.3 port x", "problem converting port 'x' to an int"),
            ("addr 127.0.0.3 port", "problem converting port '' to an int"),
        ):
            self.assertEqual(self.say(f"set server be1/s1 {command}"), f"{expected}\n", command)
        self.assertIn("127.0.0.3 2 0 10 10", self.say("show servers state be1"))

    def test_checks(self) -> None:
        """
        Health checks go where they are told.
        """
        for command, expected in (
            (
                "check-addr",
                "set server <b>/<s> check-addr requires an address and optionally a port.\n",
            ),
            ("check-addr foo", "invalid addr 'foo'\n"),
            ("check-addr 127.0.0.7", ""),
            ("check-addr 127.0.0.8 port 88", ""),
            ("check-addr 127.0.0.8 port x", "provided port is not an integer\n"),
            ("check-port", "set server <b>/<s> check-port requires a port.\n"),
            ("check-port x", "provided port is not an integer\n"),
            ("check-port 66000", "provided port is invalid\n"),
            ("check-port 89", ""),
        ):
            self.assertEqual(self.say(f"set server be1/s1 {command}"), expected, command)
        self.assertEqual(self.server.check_sockaddr, ("127.0.0.8", 0))
        self.assertEqual(self.server.check_port, 89)
        self.assertEqual(
            self.say("set server be1/s3 check-port 80"),
            "health checks are not enabled on this server\n",
        )

    def test_agents(self) -> None:
        """
        The agent is asked where and what it is told to be asked.
        """
        without = "agent checks are not enabled on this server"
        self.assertEqual(self.say("set server be1/s1 agent-addr 127.0.0.1"), f"{without}\n")
        self.assertEqual(self.say("set server be1/s1 agent-port 80"), f"{without}\n")
        self.assertEqual(self.say("set server be1/s1 agent-send x"), f"{without}.\n")
        agent = self.server.agent = Agent(self.server)
        for command, expected in (
            (
                "agent-addr",
                "set server <b>/<s> agent-addr requires an address and optionally a port.\n",
            ),
            ("agent-addr foo", "invalid addr 'foo'\n"),
            ("agent-addr 127.0.0.5", ""),
            ("agent-addr 127.0.0.6 port 99", ""),
            ("agent-port", "set server <b>/<s> agent-port requires a port.\n"),
            ("agent-port x", "provided port is not an integer\n"),
            ("agent-port 70000", "provided port is invalid\n"),
            ("agent-send hi", ""),
        ):
            self.assertEqual(self.say(f"set server be1/s1 {command}"), expected, command)
        self.assertEqual(agent.place(), (("127.0.0.6", 99), socket.AF_INET))
        self.assertEqual(agent.send, b"hi")
