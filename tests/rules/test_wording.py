"""
Tests of C{mwproxy/rules/wording.py}.
"""

from __future__ import annotations

# ruff: noqa: E501  # messages stand whole
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError
from mwproxy.rules.wording import ended
from tests.rules.streams import rule


class WordingTests(SynchronousTestCase):
    """
    Tests of what is said about a wrong line.
    """

    def said(self, text: str, ruleset: str, kind: str = "frontend") -> str:
        """
        Compile a line that is wrong.

        @return: What is said.
        """
        words = text.split(" ") if text else []
        return str(self.assertRaises(ConfigError, rule, words, ruleset, kind))

    def test_content(self) -> None:
        """
        Lines of C{tcp-request content} are told of in HAProxy's words for these.
        """
        for text, message in (
            ("accept foo", "'tcp-request content accept' only accepts 'if' or 'unless', in frontend 'f' (got 'foo')"),
            ("accept if foo", "'tcp-request content accept' : error detected in frontend 'f' while parsing 'if' condition : no such ACL : 'foo'"),
            ("set-var(txn.a)", "missing fetch method"),
            ("set-log-level x", "expects exactly 1 argument (log level name or 'silent')"),
            ("unset-var(a)", "invalid variable name 'a'. A variable name must be start by its scope. The scope can be 'proc', 'sess', 'txn', 'req', 'res' or 'check'"),
            ("track-sc0 src", "'tcp-request content track-sc0' is not supported by mwproxy."),
        ):  # fmt: skip
            self.assertEqual(self.said(text, "tcp-request content"), message)

    def test_unknown(self) -> None:
        """
        An unknown action is told of with those that there are, and the nearest.
        """
        said = self.said("rejekt", "tcp-request content")
        self.assertTrue(said.startswith("'tcp-request content' expects 'accept', 'reject', "), said)
        self.assertTrue(
            said.endswith(" in frontend 'f' (got 'rejekt'). Did you mean 'reject' maybe ?"), said
        )
        self.assertTrue(self.said("", "tcp-request content").endswith(" in frontend 'f' (got '')."))
        self.assertIn(
            " in backend 'f' (got 'deny').", self.said("deny", "tcp-response content", "backend")
        )

    def test_http(self) -> None:
        """
        Lines of C{http-request} have words of their own.
        """
        for text, message in (
            ("", "'http-request' expects an action, but got '' (missing argument)."),
            ("unset-var(a)", "error detected in frontend 'f' while parsing 'http-request unset-var(a)' rule : invalid variable name 'a'"),
            ("allow foo", "'http-request allow' expects either 'if' or 'unless' followed by a condition but found 'foo'."),
            ("allow if foo", "error detected while parsing an 'http-request allow' condition : no such ACL : 'foo'."),
            ("pause 1s", "'http-request pause' is not supported by mwproxy."),
        ):  # fmt: skip
            said = self.said(text, "http-request")
            self.assertTrue(said.startswith(message), said)

    def test_listen(self) -> None:
        """
        A C{listen} section is a proxy.
        """
        self.assertIn(" in proxy 'f' ", self.said("accept x", "tcp-request content", "listen"))

    def test_ended(self) -> None:
        """
        A message gets a full stop once.
        """
        self.assertEqual([ended("a"), ended("a."), ended("a?")], ["a.", "a.", "a?"])
