"""
Tests of C{mwproxy/rules/actions/variables.py}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.values import Binary
from tests.rules.streams import make_stream, rule


class VariableActionTests(SynchronousTestCase):
    """
    Tests of actions on variables.
    """

    def test_values(self) -> None:
        """
        Variables keep the type of the expression, formats make strings.
        """
        stream = make_stream()
        for words in (
            ["set-var(txn.path)", "path,upper"],
            ["set-var(txn.port)", "dst_port", "add(1)"],
            ["set-var(txn.none)", "req.hdr(nope)"],
            ["set-var-fmt(req.from)", "%[src]:%[src_port]"],
            ["set-var(txn.path,ifnotexists)", "query"],
            ["set-var(txn.gone)", "path"],
            ["unset-var(txn.gone)"],
        ):
            rule(words)(stream)
        self.assertEqual(
            stream.variables,
            {"txn.path": b"/PATH", "txn.port": 8081, "req.from": b"127.0.0.1:5000"},
        )

    def test_binary(self) -> None:
        """
        Binary data is told from text, also once it was passed on; what is made of it is what the
        converter gives.
        """
        stream = make_stream()
        for words in (
            ["set-var(txn.bin)", "bin(0102)"],
            ["set-var(txn.copy)", "var(txn.bin)"],
            ["set-var(txn.text)", "var(txn.bin),hex"],
            ["set-var(txn.path)", "path"],
        ):
            rule(words)(stream)
        assert stream.variables is not None
        self.assertEqual(
            {name: type(value) for name, value in stream.variables.items()},
            {"txn.bin": Binary, "txn.copy": Binary, "txn.text": bytes, "txn.path": bytes},
        )
        self.assertEqual(stream.variables["txn.bin"], b"\1\2")
        self.assertEqual(stream.variables["txn.text"], b"0102")

    def test_messages(self) -> None:
        """
        Mistakes are told in HAProxy's words.
        """
        for words, message in (
            (["set-var(txn.a)"], "missing fetch method."),
            (["set-var-fmt(txn.a)"], "missing log-format string."),
            (["set-var(txn.a)", "nosuch"], "unknown fetch method 'nosuch'."),
            (["set-var(txn.a", "path"], "incomplete argument after action 'set-var(txn.a'. Expects "
             "'set-var(<var-name>)', 'set-var-fmt(<var-name>)' or 'unset-var(<var-name>)'."),
            (["set-var(req.a,foo)", "path"], 'unknown condition "foo".'),
        ):  # fmt: skip
            error = str(self.assertRaises(ConfigError, rule, words))
            self.assertEqual(error.partition(" rule : ")[2], message)

    def test_phase(self) -> None:
        """
        A fetch without value where it stands is refused.
        """
        self.assertRaises(ConfigError, rule, ["set-var(txn.a)", "status"])
        self.assertRaises(ConfigError, rule, ["set-var(txn.a)", "path"], "http-response")
