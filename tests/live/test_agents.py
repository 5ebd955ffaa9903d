"""
Tests for L{mwproxy.live.agents}.
"""

from __future__ import annotations

import socket
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.model import AgentSettings
from mwproxy.core.addresses import Address
from mwproxy.live.agents import Agent
from mwproxy.live.servers import Server
from tests.live.backends import make_backend


def with_agent(**settings: Any) -> tuple[Server, Agent]:
    """
    Make a server with an agent.
    """
    agent = AgentSettings(enabled=True, **settings)
    server = make_backend({"agent": agent}).servers[0]
    server.sockaddr, server.family = ("192.0.2.1", 80), socket.AF_INET
    assert server.agent is not None
    return server, server.agent


class AgentTests(SynchronousTestCase):
    """
    Tests for L{Agent}.
    """

    def test_without(self) -> None:
        """
        A server without C{agent-check} has none.
        """
        self.assertIsNone(make_backend({}).servers[0].agent)

    def test_place(self) -> None:
        """
        The agent is at its own address, else where checks go, else at the server's.
        """
        server, agent = with_agent(port=81)
        self.assertEqual(agent.place(), (("192.0.2.1", 81), socket.AF_INET))
        self.assertEqual(agent.shown_host, "")
        server.check_sockaddr, server.check_family = ("192.0.2.2", 0), socket.AF_INET
        self.assertEqual(agent.place(), (("192.0.2.2", 81), socket.AF_INET))
        self.assertEqual(agent.shown_host, "192.0.2.2")
        agent.move("::1")
        self.assertEqual(agent.place(), (("::1", 81, 0, 0), socket.AF_INET6))
        self.assertEqual(agent.shown_host, "::1")

    def test_configured_address(self) -> None:
        """
        C{agent-addr} is where it is from the begin.
        """
        _, agent = with_agent(port=81, address=Address("ipv4", "192.0.2.3"))
        self.assertEqual(agent.place(), (("192.0.2.3", 81), socket.AF_INET))

    def test_nowhere(self) -> None:
        """
        An agent without port, or whose server has no IP address, cannot be asked.
        """
        server, agent = with_agent()
        self.assertIsNone(agent.place())
        agent.port = 81
        server.sockaddr, server.family = "/tmp/s", socket.AF_UNIX
        self.assertIsNone(agent.place())
        server.sockaddr = None
        self.assertIsNone(agent.place())
