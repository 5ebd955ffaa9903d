"""
Tests for L{mwproxy.rules.actions.spoe}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.model import Configuration
from mwproxy.config.spoe_settings import GroupCall
from mwproxy.core.diagnostics import ConfigError, Diagnostics
from mwproxy.rules.actions.spoe import settle_calls
from mwproxy.rules.ruleset import ALLOW
from tests.rules.streams import RULES, WHERE, make_stream, proxy


class SendSpoeGroupTests(SynchronousTestCase):
    """
    Tests of the action.
    """

    def setUp(self) -> None:
        self.diagnostics = Diagnostics()

    def compile(self, ruleset: str, text: str) -> GroupCall:
        """
        Compile a rule.
        """
        _condition, action = RULES.rule(ruleset, text.split(), proxy(), WHERE, self.diagnostics)
        assert isinstance(action, GroupCall)
        return action

    def test_call(self) -> None:
        """
        The rule is a call that the engine fills in; until then it does nothing. Its ruleset may
        have to wait.
        """
        for ruleset in (
            "http-request",
            "http-response",
            "tcp-request content",
            "tcp-response content",
        ):
            call = self.compile(ruleset, "send-spoe-group e g if TRUE")
            self.assertEqual(
                (call.engine, call.group, call.proxy, call.kind, call.where, call.ruleset),
                ("e", "g", "f", "frontend", WHERE, ruleset),
            )
            self.assertIsNone(call(make_stream()))
            joined = RULES.join([(None, call)])
            assert joined is not None
            self.assertTrue(joined.waits)  # type: ignore[attr-defined]  # told by joining
            call.send = lambda stream: ALLOW
            self.assertIs(joined(make_stream()), ALLOW)

    def test_arguments(self) -> None:
        """
        It takes two words.
        """
        for text in ("", " e", " e if TRUE", " e g x"):
            with self.assertRaises(ConfigError) as caught:
                self.compile("http-request", f"send-spoe-group{text}")
            self.assertEqual(
                str(caught.exception),
                "error detected in frontend 'f' while parsing 'http-request send-spoe-group' rule :"
                " expects 2 arguments: <engine-id> <group-id>.",
            )

    def test_settled(self) -> None:
        """
        The configuration gets the calls of its own loading, once.
        """
        call = self.compile("http-request", "send-spoe-group e g")
        configuration, other = Configuration(), Configuration()
        settle_calls(configuration, self.diagnostics)
        settle_calls(other, self.diagnostics)
        self.assertEqual(configuration.spoe_calls, [call])
        self.assertEqual(other.spoe_calls, [])
        self.assertEqual(self.diagnostics.errors, 1)
