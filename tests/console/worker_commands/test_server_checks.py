"""
Tests for L{mwproxy.console.worker_commands.server_checks}.
"""

from __future__ import annotations

from mwproxy.live.agents import Agent
from mwproxy.live.servers import Operational
from tests.console.worker_commands.servers import ServerConsoleTestCase


class CheckTests(ServerConsoleTestCase):
    """
    Tests of turning checks on and off.
    """

    def test_health(self) -> None:
        """
        Health checks are turned off and on; without C{check} there is nothing to turn on.
        """
        self.assertEqual(self.say("disable health be1/s1"), "")
        self.assertFalse(self.servers[0].checked)
        self.assertIn("no check", self.say("show stat be1 4 1"))
        self.assertEqual(self.say("enable health be1/s1"), "")
        self.assertTrue(self.servers[0].checked)
        self.assertEqual(
            self.say("enable health be1/s3"),
            "Health check was not configured on this server, cannot enable.\n",
        )
        self.assertEqual(self.say("disable health be1/s3"), "")
        self.assertEqual(self.say("enable health"), "Require 'backend/server'.\n")

    def test_agent(self) -> None:
        """
        So are agent checks, and what the agent said last can be declared.
        """
        self.assertEqual(
            self.say("enable agent be1/s1"),
            "Agent was not configured on this server, cannot enable.\n",
        )
        self.assertEqual(self.say("disable agent be1/s1"), "")
        agent = self.servers[0].agent = Agent(self.servers[0])
        self.assertEqual(self.say("set server be1/s1 agent down"), "")
        self.assertIs(self.servers[0].operational, Operational.STOPPED)
        self.assertIn("DOWN (agent)", self.say("show stat be1 4 1"))
        self.assertEqual(self.say("set server be1/s1 agent up"), "")
        self.assertIs(self.servers[0].operational, Operational.RUNNING)
        self.assertEqual(
            self.say("set server be1/s1 agent x"),
            "'set server <srv> agent' expects 'up' or 'down'.\n",
        )
        self.assertEqual(self.say("disable agent be1/s1"), "")
        self.assertFalse(agent.enabled)
        self.assertEqual(
            self.say("set server be1/s1 agent up"), "agent checks are not enabled on this server.\n"
        )
        self.assertEqual(self.say("enable agent be1/s1"), "")
        self.assertTrue(agent.enabled)
