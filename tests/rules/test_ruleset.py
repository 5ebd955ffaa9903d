"""
Tests of C{mwproxy/rules/ruleset.py}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError, Diagnostics
from mwproxy.rules.ruleset import ALLOW, RuleLine, Verdict, join_rules
from tests.rules.streams import WHERE, make_stream, proxy


class RulesetTests(SynchronousTestCase):
    """
    Tests of joined rules.
    """

    def test_order(self) -> None:
        """
        Lines run in order while their conditions hold, until one gives a verdict.
        """
        ran: list[str] = []

        def note(word: str, verdict: Verdict | None = None) -> object:
            def run(stream: object) -> Verdict | None:
                ran.append(word)
                return verdict

            return run

        deny = Verdict("deny", 403)
        rules = join_rules(
            [
                (None, note("one")),  # type: ignore[list-item]
                (lambda stream: False, note("two", ALLOW)),  # type: ignore[list-item]
                (lambda stream: True, note("three", deny)),  # type: ignore[list-item]
                (None, note("four")),  # type: ignore[list-item]
            ]
        )
        assert rules is not None
        self.assertIs(rules(make_stream()), deny)
        self.assertEqual(ran, ["one", "three"])

    def test_no_lines(self) -> None:
        """
        No lines are no ruleset; lines without verdict go on.
        """
        self.assertIsNone(join_rules([]))
        rules = join_rules([(None, lambda stream: None)])
        assert rules is not None
        self.assertIsNone(rules(make_stream()))

    def test_words(self) -> None:
        """
        An action takes its words up to the condition.
        """
        words = ["deny", "a", "if", "b"]
        line = RuleLine("http-request", words, WHERE, proxy(), Diagnostics())
        self.assertEqual(line.take("a word"), "a")
        self.assertTrue(line.at_condition())
        error = self.assertRaises(ConfigError, line.take, "a word")
        self.assertEqual(str(error), "'http-request deny' expects a word.")
