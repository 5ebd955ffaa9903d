"""
Tests for L{mwproxy.spoa.agent}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.spoa.agent import Agent
from mwproxy.spoa.binding import BadSignature


class AgentTests(SynchronousTestCase):
    """
    Tests of registering functions.
    """

    def test_decorators(self) -> None:
        """
        Decorated functions stay what they are, so that tests can call them.
        """
        agent = Agent()

        def function() -> str:
            return "called"

        for decorate in (agent.message("m"), agent.at_start, agent.at_stop, agent.at_reload):
            self.assertIs(decorate(function), function)
        self.assertEqual(list(agent.entries), ["m"])
        self.assertEqual((agent.starting, agent.stopping, agent.reloading), ([function],) * 3)

    def test_twice(self) -> None:
        """
        A message has one function.
        """
        agent = Agent()
        agent.message("m")(lambda: None)
        with self.assertRaises(ValueError) as caught:
            agent.message("m")(lambda: None)
        self.assertEqual(str(caught.exception), "message 'm' has a function already")

    def test_bad_function(self) -> None:
        """
        A function that cannot be called is told when it is registered.
        """
        with self.assertRaises(BadSignature):
            Agent().message("m")(lambda *rest: None)

    def test_limits(self) -> None:
        """
        Limits that make no sense are refused.
        """
        with self.assertRaises(ValueError):
            Agent(max_frame_size=255)
        with self.assertRaises(ValueError):
            Agent(max_in_flight=-1)
        with self.assertRaises(ValueError):
            Agent(timeout_ms=-1)
        with self.assertRaises(ValueError):
            Agent(hello_timeout_ms=0)
