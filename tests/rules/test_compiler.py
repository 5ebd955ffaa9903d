"""
Tests of C{mwproxy/rules/compiler.py}.
"""

from __future__ import annotations

# ruff: noqa: E501  # messages stand whole
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config import model
from mwproxy.core import compilers
from mwproxy.core.diagnostics import ConfigError, Diagnostics
from mwproxy.rules.compiler import HaproxyRules
from mwproxy.rules.ruleset import Verdict
from tests.rules.streams import RULES, WHERE, make_stream, proxy


class CompilerTests(SynchronousTestCase):
    """
    Tests of the compiler as configuration uses it.
    """

    def test_installed(self) -> None:
        """
        The import installs it.
        """
        self.assertIsInstance(compilers.rules(), HaproxyRules)

    def rule(self, text: str, ruleset: str = "http-request") -> str:
        """
        Compile a line that is wrong.

        @return: The message.
        """
        error = self.assertRaises(
            ConfigError, RULES.rule, ruleset, text.split(), proxy(), WHERE, Diagnostics()
        )
        return str(error)

    def test_messages(self) -> None:
        """
        Mistakes are told in HAProxy's words.
        """
        start = "error detected in frontend 'f' while parsing 'http-request"
        for text, message in (
            ("deny if nosuch", "error detected while parsing an 'http-request deny' condition : no such ACL : 'nosuch'."),
            ("deny iff TRUE", "'http-request deny' expects either 'if' or 'unless' followed by a condition but found 'iff'."),
            ("set-header", f"{start} set-header' rule : expects exactly 2 arguments."),
            ("set-header a", f"{start} set-header' rule : expects exactly 2 arguments."),
            ("set-header a b c", "'http-request set-header' expects either 'if' or 'unless' followed by a condition but found 'c'."),
            ("set-header a %[status]", f"{start} set-header' rule : sample fetch <status]> may not be reliably used here because it needs 'HTTP response' which is not available here."),
            ("set-header a %[path,foo]", f"{start} set-header' rule : failed to parse sample expression <path,foo]> : unknown converter 'foo'."),
            ("return status 99", f"{start} return' rule : Unexpected status code '99'."),
            ("set-log-level foo", f"{start} set-log-level' rule : expects exactly 1 argument (log level name or 'silent')."),
            ("set-var(foo) path", f"{start} set-var(foo)' rule : invalid variable name 'foo'. A variable name must be start by its scope. The scope can be 'proc', 'sess', 'txn', 'req', 'res' or 'check'."),
            ("tarpit", "'http-request tarpit' is not supported by mwproxy."),
            ("track-sc0 src", "'http-request track-sc0' is not supported by mwproxy."),
            ("add-acl(x) y", "'http-request add-acl' is not supported by mwproxy."),
            ("", "'http-request' expects an action, but got '' (missing argument)."),
        ):  # fmt: skip
            self.assertEqual(self.rule(text), message)

    def test_unknown_action(self) -> None:
        """
        An unknown action is told with those that exist and a guess.
        """
        message = self.rule("denyy")
        self.assertIn("'http-request' expects 'add-header', 'allow', ", message)
        self.assertTrue(message.endswith("but got 'denyy'. Did you mean 'deny' maybe?"), message)
        self.assertIn("but got 'set-path'", self.rule("set-path x", "http-response"))

    def test_argument(self) -> None:
        """
        An argument of an SPOE message is one word; its type and where it has a value are told.
        C{hdr} follows the stream.
        """
        found = {
            text: RULES.argument(text, proxy(), WHERE, Diagnostics())[1:]
            for text in ("src", "path,upper", "int(3)", "hdr(x)")
        }
        self.assertEqual(
            found,
            {
                "src": ("addr", {"connection"}),
                "path,upper": ("str", {"request"}),
                "int(3)": ("sint", {"internal"}),
                "hdr(x)": ("str", {"request", "response"}),
            },
        )
        sample, _type, _phases = RULES.argument("path,upper", proxy(), WHERE, Diagnostics())
        self.assertEqual(sample(make_stream()), b"/PATH")
        error = self.assertRaises(
            ConfigError, RULES.argument, "nosuchfetch", proxy(), WHERE, Diagnostics()
        )
        self.assertEqual(str(error), "unknown fetch method 'nosuchfetch'.")

    def test_event_condition(self) -> None:
        """
        The condition of an SPOE message may ask for anything, without a warning.
        """
        diagnostics = Diagnostics()
        words = ["if", "{", "status", "200", "}", "or", "{", "path", "/path", "}"]
        condition = RULES.event_condition(words, proxy(), WHERE, diagnostics, response=False)
        assert condition is not None
        self.assertTrue(condition(make_stream()))
        self.assertEqual(diagnostics.messages, [])
        self.assertIsNone(RULES.event_condition([], proxy(), WHERE, diagnostics, response=True))
        error = self.assertRaises(
            ConfigError,
            RULES.event_condition,
            ["if", "x"],
            proxy(),
            WHERE,
            diagnostics,
            response=True,
        )
        self.assertEqual(str(error), "no such ACL : 'x'.")

    def test_rule(self) -> None:
        """
        A rule is its condition and its action.
        """
        words = ["deny", "if", "{", "path", "/path", "}"]
        condition, action = RULES.rule("http-request", words, proxy(), WHERE, Diagnostics())
        assert condition is not None
        self.assertTrue(condition(make_stream()))
        verdict = action(make_stream())
        assert isinstance(verdict, Verdict)
        self.assertEqual((verdict.kind, verdict.status, verdict.answer), ("deny", 403, None))
        joined = RULES.join([(condition, action)])
        assert joined is not None
        self.assertIs(joined(make_stream()), verdict)

    def test_log_format(self) -> None:
        """
        Log lines cannot look at requests, the names of backends can.
        """
        error = self.assertRaises(
            ConfigError, RULES.log_format, "%[path]", proxy(), WHERE, Diagnostics()
        )
        self.assertEqual(
            str(error),
            "sample fetch <path]> may not be reliably used here because it needs "
            "'HTTP request headers' which is not available here.",
        )
        made = RULES.log_format("%[path]", proxy(), WHERE, Diagnostics(), log=False)
        self.assertEqual(made(make_stream()), b"/path")

    def test_expression(self) -> None:
        """
        An expression tells how many words it took.
        """
        sample, taken = RULES.expression(["path", "upper", "if"], proxy(), WHERE, Diagnostics())
        self.assertEqual((sample(make_stream()), taken), (b"/PATH", 2))
        self.assertRaises(ConfigError, RULES.expression, [], proxy(), WHERE, Diagnostics())

    def test_check(self) -> None:
        """
        Names that no section defines are told at the end.
        """
        diagnostics = Diagnostics()
        RULES.acl(["nbsrv(nosuch)", "gt", "1"], proxy(), WHERE, diagnostics)
        RULES.check(model.Configuration(proxies=[proxy()]), diagnostics)
        self.assertEqual(
            diagnostics.messages[0].text,
            "config : parsing [test.cfg:7] : unable to find backend 'nosuch' referenced in arg 1 "
            "of keyword 'nbsrv' in proxy 'f'.",
        )
