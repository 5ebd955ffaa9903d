"""
Tests for mwproxy/config/keywords/filters.py.
"""

from __future__ import annotations

from mwproxy.config.keywords.filters import UNSUPPORTED
from mwproxy.config.model import HttpCheck
from tests.config.agents import GOOD, AgentFileTestCase
from tests.config.keywords.reading import KeywordTestCase


class FilterTests(AgentFileTestCase):
    """
    Tests for C{filter}.
    """

    def refused(self, line: str) -> str:
        """
        Load a line that is wrong.

        @return: What is said of it.
        """
        [said] = self.said(GOOD, lines=line)
        self.assertTrue(said.startswith("parsing [1.cfg:8] : "), said)
        return said.removeprefix("parsing [1.cfg:8] : ")

    def test_arguments(self) -> None:
        """
        C{engine} and C{config} come in any order, the last of each counts.
        """
        for line in (
            "filter spoe config {file} engine e",
            "filter spoe engine x engine e config {file}",
            "filter spoe engine e config /nope config {file}",
        ):
            [found] = self.filters(GOOD, lines=line)
            self.assertEqual((found.engine, found.where.line), ("e", 8))

    def test_wrong_arguments(self) -> None:
        """
        What is missing, or too much, is told in HAProxy's words.
        """
        for line, said in (
            ("filter", "missing argument for 'filter' in frontend 'f'."),
            ("filter spoe", "'filter' : ''spoe' : missing config file'"),
            ("filter spoe engine e", "'filter' : ''spoe' : missing config file'"),
            ("filter spoe config", "'filter' : ''spoe' : 'config' option without value'"),
            ("filter spoe engine", "'filter' : ''spoe' : 'engine' option without value'"),
            ("filter spoe foo", "'filter' : 'unknown keyword 'foo''"),
            ("filter spoe config {file} junk", "'filter' : 'unknown keyword 'junk''"),
        ):
            self.assertEqual(self.refused(line), said)

    def test_other_filters(self) -> None:
        """
        HAProxy's other filters are refused by name, unknown ones with a guess.
        """
        for name in UNSUPPORTED:
            self.assertEqual(
                self.refused(f"filter {name} x"),
                f"'filter' : filter '{name}' is not supported by mwproxy.",
            )
        self.assertEqual(
            self.refused("filter speo"),
            "'filter' : unknown keyword 'speo'; did you mean 'spoe' maybe ?",
        )
        self.assertEqual(
            self.refused("filter foo"),
            "'filter' : unknown keyword 'foo'. Registered keywords : spoe",
        )

    def test_several(self) -> None:
        """
        A proxy may have several filters, in order.
        """
        text = GOOD + GOOD.replace("[e]", "[f]").replace("spoe-agent ag", "spoe-agent ah")
        found = self.filters(
            text, lines="filter spoe engine f config {file}\n    filter spoe engine e config {file}"
        )
        self.assertEqual(
            [(each.engine, each.agent.name) for each in found], [("f", "ah"), ("e", "ag")]
        )

    def test_negated(self) -> None:
        """
        C{no} does not go before it.
        """
        self.load_agent(GOOD, lines="no filter spoe config {file}")
        self.assertIn("negation/default currently supported only", self.messages[0])


class SpopCheckTests(KeywordTestCase):
    """
    Tests for C{option spop-check}.
    """

    def test_last_check_counts(self) -> None:
        """
        Of several kinds of checks the last one counts.
        """
        self.read(self.back, "option httpchk", "option spop-check")
        self.assertEqual((self.back.spop_check, self.back.http_check), (16380, None))
        self.read(self.back, "option httpchk")
        self.assertEqual(self.back.spop_check, 0)
        self.assertIsInstance(self.back.http_check, HttpCheck)
        self.read(self.back, "option spop-check", "option tcp-check")
        self.assertEqual((self.back.spop_check, self.back.http_check), (0, None))

    def test_refused(self) -> None:
        """
        It takes no argument and no C{no}; in frontends it is ignored.
        """
        self.assertEqual(
            self.refused(self.back, "option spop-check x"),
            "'option spop-check' cannot handle unexpected argument 'x'.",
        )
        self.assertEqual(
            self.refused(self.back, "no option spop-check"),
            "negation/default is not supported for option 'spop-check'.",
        )
        self.read(self.front, "option spop-check")
        self.assertEqual(
            self.warnings(),
            ["'spop-check' ignored because frontend 'f' has no backend capability."],
        )
        self.read(self.base, "option spop-check")
        self.assertEqual(self.base.spop_check, 16380)
