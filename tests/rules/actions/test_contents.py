"""
Tests of C{mwproxy/rules/actions/contents.py}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError, Diagnostics
from mwproxy.rules.variables import reader
from tests.rules.streams import RULES, WHERE, make_stream, proxy, rule

REQUEST = "tcp-request content"
RESPONSE = "tcp-response content"


class VerdictTests(SynchronousTestCase):
    """
    Tests of what ends these rulesets.
    """

    def test_kinds(self) -> None:
        """
        C{accept} lets a stream go on, C{reject} closes its client's connection, C{close} the
        server's; that one is for responses only.
        """
        stream = make_stream()
        for ruleset, word, kind in (
            (REQUEST, "accept", "allow"),
            (REQUEST, "reject", "close"),
            ("http-request", "reject", "close"),
            ("tcp-request connection", "reject", "close"),
            ("tcp-request session", "accept", "allow"),
            (RESPONSE, "accept", "allow"),
            (RESPONSE, "reject", "close"),
            (RESPONSE, "close", "cut"),
        ):
            verdict: Any = rule([word], ruleset, "listen")(stream)
            self.assertEqual(verdict.kind, kind)
        self.assertRaises(ConfigError, rule, ["close"], REQUEST)
        self.assertRaises(ConfigError, rule, ["reject"], "http-response")

    def test_variables(self) -> None:
        """
        Variables are set and unset as elsewhere.
        """
        stream = make_stream()
        rule(["set-var(txn.a)", "src"], REQUEST)(stream)
        rule(["set-var-fmt(txn.b)", "%[src]-x"], REQUEST)(stream)
        self.assertEqual(str(reader("txn.a")(stream)), "127.0.0.1")
        self.assertEqual(reader("txn.b")(stream), b"127.0.0.1-x")
        rule(["unset-var(txn.a)"], REQUEST)(stream)
        self.assertIsNone(reader("txn.a")(stream))

    def test_phases(self) -> None:
        """
        What has no value in a direction is warned of or refused.
        """
        diagnostics = Diagnostics()
        section = proxy("backend")
        RULES.rule(RESPONSE, ["accept", "if", "{", "path", "/x", "}"], section, WHERE, diagnostics)
        section.acls["pp"] = RULES.acl(["path", "/x"], section, WHERE, diagnostics)
        RULES.rule(RESPONSE, ["accept", "if", "pp"], section, WHERE, diagnostics)
        self.assertEqual(
            [each.text.partition(" : ")[2].partition(" : ")[2] for each in diagnostics.messages],
            [
                "anonymous acl will never match in 'tcp-response content' because it uses keyword "
                "'path' which is incompatible with 'backend tcp-response content rule'",
                "acl 'pp' will never match in 'tcp-response content' because it only involves "
                "keywords that are incompatible with 'backend tcp-response content rule'",
            ],
        )
        self.assertRaises(ConfigError, rule, ["set-var(txn.a)", "path"], RESPONSE, "backend")
        self.assertRaises(ConfigError, rule, ["set-var(txn.a)", "status"], REQUEST)
        rule(["set-var(txn.a)", "status"], RESPONSE, "backend")

    def test_early(self) -> None:
        """
        Before there is a stream only what the connection tells has a value.
        """
        for ruleset in ("tcp-request connection", "tcp-request session"):
            rule(["set-var(sess.a)", "src"], ruleset)
            for fetch in ("path", "status", "be_name"):
                self.assertRaises(ConfigError, rule, ["set-var(sess.a)", fetch], ruleset)
            self.assertRaises(ConfigError, rule, ["set-log-level", "info"], ruleset)

    def test_uses_of_http(self) -> None:
        """
        What needs HTTP is noted, for proxies that turn out to be in TCP mode.
        """
        section = proxy()
        section.acls["pp"] = RULES.acl(["path", "/x"], section, WHERE, Diagnostics())
        for line in (
            "set-var(txn.a) req.hdr(x),lower",
            "set-var(txn.b) src",
            "set-var-fmt(txn.c) %[path]",
            "accept if pp",
            "accept if { url /a } LOCALHOST",
        ):
            RULES.rule(REQUEST, line.split(), section, WHERE, Diagnostics())
        self.assertEqual(
            section.http_uses,
            [
                (WHERE, REQUEST, "fetch method 'req.hdr'"),
                (WHERE, REQUEST, "fetch method 'path'"),
                (WHERE, REQUEST, "acl 'pp'"),
                (WHERE, REQUEST, "fetch method 'url'"),
            ],
        )
        RULES.rule("http-request", ["deny", "if", "pp"], section, WHERE, Diagnostics())
        self.assertEqual(len(section.http_uses), 4)
