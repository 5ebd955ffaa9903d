"""
Tests of C{mwproxy/rules/ruleset.py}.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError, Diagnostics
from mwproxy.rules.ruleset import (
    ALLOW,
    Outcome,
    RuleLine,
    Verdict,
    Wait,
    chain_rulesets,
    join_rules,
)
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


class Asking:
    """
    A rule that waits.
    """

    waits = True

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, stream: Any) -> Outcome:
        self.asked += 1
        return Wait(lambda decide: None)


class WaitTests(SynchronousTestCase):
    """
    Tests of rulesets in which lines wait.
    """

    def setUp(self) -> None:
        self.ran: list[str] = []

    def note(self, word: str, verdict: Verdict | None = None) -> Callable[[Any], Outcome]:
        """
        Make a rule that is seen to run.
        """

        def run(stream: Any) -> Outcome:
            self.ran.append(word)
            return verdict

        return run

    def decide(self, found: Outcome, verdict: Verdict | None = None) -> Outcome:
        """
        Bring the verdict that a ruleset waits for.
        """
        assert isinstance(found, Wait)
        assert found.then is not None
        return found.then(make_stream(), verdict)

    def test_goes_on_behind(self) -> None:
        """
        What comes behind a line that waited runs when its verdict is there, and once.
        """
        rules = join_rules(
            [
                (None, self.note("one")),
                (None, Asking()),
                (None, self.note("two")),
                (lambda stream: False, Asking()),
                (None, Asking()),
                (None, self.note("three", ALLOW)),
                (None, self.note("four")),
            ]
        )
        assert rules is not None
        found = rules(make_stream())
        self.assertEqual(self.ran, ["one"])
        found = self.decide(found)
        self.assertEqual(self.ran, ["one", "two"])
        self.assertIs(self.decide(found), ALLOW)
        self.assertEqual(self.ran, ["one", "two", "three"])

    def test_verdicts_end_it(self) -> None:
        """
        The verdict of a line that waited ends the ruleset as that of any other.
        """
        for verdict in (ALLOW, Verdict("deny", 403)):
            rules = join_rules([(None, Asking()), (None, self.note("two"))])
            assert rules is not None
            self.assertIs(self.decide(rules(make_stream()), verdict), verdict)
        self.assertEqual(self.ran, [])

    def test_chain(self) -> None:
        """
        What one ruleset allows is for the next to decide; what it denies is denied.
        """
        for waits in (False, True):
            self.ran.clear()
            middle = Asking() if waits else None
            rules = chain_rulesets(
                (None, self.note("one", ALLOW), middle, self.note("two"), self.note("three"))
            )
            assert rules is not None
            found = rules(make_stream())
            if waits:
                self.assertEqual(self.ran, ["one"])
                found = self.decide(found, ALLOW)
            self.assertIsNone(found)
            self.assertEqual(self.ran, ["one", "two", "three"])
            deny = Verdict("deny", 403)
            rules = chain_rulesets((self.note("one", deny), middle, self.note("two")))
            assert rules is not None
            self.assertIs(rules(make_stream()), deny)

    def test_nested(self) -> None:
        """
        Rulesets that wait go on where they were, in chains of chains too.
        """
        inner = join_rules([(None, Asking()), (None, self.note("a")), (None, Asking())])
        rules = chain_rulesets((chain_rulesets((inner, self.note("b"))), self.note("c")))
        assert rules is not None
        found = self.decide(rules(make_stream()))
        self.assertEqual(self.ran, ["a"])
        self.assertIsNone(self.decide(found))
        self.assertEqual(self.ran, ["a", "b", "c"])

    def test_one_part(self) -> None:
        """
        A chain of one is that one; without any there is none.
        """
        one = self.note("one")
        self.assertIs(chain_rulesets((None, one, None)), one)
        self.assertIsNone(chain_rulesets((None,)))
