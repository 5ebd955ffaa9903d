"""
Tests for L{mwproxy.config.environment}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.environment import LogFormatVariables, Variables


class VariablesTests(SynchronousTestCase):
    """
    Tests for looking variables up.
    """

    def test_environment(self) -> None:
        """
        Names are looked up in the environment as it is now.
        """
        environment: dict[str, str] = {}
        variables = Variables(environment)
        self.assertIsNone(variables.lookup("A"))
        environment["A"] = ""
        self.assertEqual(variables.lookup("A"), "")

    def test_pseudo(self) -> None:
        """
        File, line and section are known, and empty or zero before reading.
        """
        variables = Variables({})
        self.assertEqual([variables.lookup(name) for name in (".FILE", ".SECTION")], ["", ""])
        variables.file, variables.line, variables.section = "f", 3, "fe"
        self.assertEqual(
            [variables.lookup(name) for name in (".FILE", ".LINE", ".SECTION", ".X")],
            ["f", "3", "fe", None],
        )


class LogFormatVariablesTests(SynchronousTestCase):
    """
    Tests for the default log formats.
    """

    def test_lent(self) -> None:
        """
        They are there inside the block only.
        """
        environment = {"A": "b"}
        with LogFormatVariables(environment):
            self.assertTrue(environment["HAPROXY_HTTP_LOG_FMT"].startswith("%ci:%cp [%tr] "))
            self.assertIn("HAPROXY_TCP_LOG_FMT", environment)
        self.assertEqual(environment, {"A": "b"})
