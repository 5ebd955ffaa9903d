"""
Tests for mwproxy/config/keywords/server_agents.py.
"""

from __future__ import annotations

from mwproxy.config.model import NO_AGENT
from mwproxy.core.addresses import Address
from tests.config.keywords.reading import WHERE, KeywordTestCase


class ServerAgentTests(KeywordTestCase):
    """
    Tests for the agent checks of servers.
    """

    def test_all_options(self) -> None:
        """
        Each option fills its field.
        """
        self.read(
            self.back,
            "server a 127.0.0.1:80 agent-check agent-inter 3s agent-port 81 agent-addr 127.0.0.3 "
            "agent-send hello",
        )
        agent = self.back.servers[0].settings.agent
        self.assertEqual((agent.enabled, agent.inter_ms, agent.port), (True, 3000, 81))
        self.assertEqual(agent.address, Address("ipv4", "127.0.0.3", 0))
        self.assertEqual(agent.send, b"hello")

    def test_default_server(self) -> None:
        """
        C{default-server} may ask for agents, and a line undo it; others have nothing of their own.
        """
        self.read(self.back, "server a 127.0.0.1:80")
        self.read(self.back, "default-server agent-check agent-port 81")
        self.read(self.back, "server b 127.0.0.1:80")
        self.read(self.back, "server c 127.0.0.1:80 no-agent-check")
        first, second, third = (each.settings.agent for each in self.back.servers)
        self.assertIs(first, NO_AGENT)
        self.assertEqual((second.enabled, third.enabled, third.port), (True, False, 81))

    def test_port_of_checks(self) -> None:
        """
        C{port} serves for agents too.
        """
        self.read(self.back, "server a 127.0.0.1:80 agent-check port 81")
        self.assertTrue(self.back.servers[0].settings.agent.enabled)

    def test_bad_options(self) -> None:
        """
        Options are checked in HAProxy's words.
        """
        for words, expected in (
            ("agent-check", "server a does not have agent port. Agent check has been disabled."),
            ("agent-inter", "'agent-inter' expects a delay as argument."),
            ("agent-inter 0", "invalid value 0 for argument 'agent-inter' of server a."),
            ("agent-inter x", "unexpected character 'x' in 'agent-inter' argument of server a."),
            ("agent-port", "'agent-port' expects a port number as argument."),
            ("agent-port 70000", "'agent-port' : '70000' is out of range."),
            ("agent-addr", "'agent-addr' expects an address as argument."),
            (
                "agent-addr foo..bar",
                "parsing agent-addr failed. Check if 'foo..bar' is correct address.",
            ),
            (
                "agent-addr 127.0.0.1:99",
                "parsing agent-addr failed. Check if '127.0.0.1:99' is correct address.",
            ),
            ("agent-send", "'agent-send' expects a string as argument."),
        ):
            self.assertEqual(
                self.refused(self.back, f"server a 127.0.0.1:80 {words}"),
                f"config : [{WHERE}] : 'server b/a' : {expected}",
            )
