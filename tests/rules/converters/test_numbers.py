"""
Tests of C{mwproxy/rules/converters/numbers.py}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError
from tests.rules.streams import make_stream, show


class NumberTests(SynchronousTestCase):
    """
    Tests of converters of integers; more are in C{cases/expressions.txt}.
    """

    def test_values(self) -> None:
        """
        Converters give what HAProxy gives.
        """
        stream = make_stream()
        stream.variables = {"txn.s": b"abc", "txn.n": 5, "txn.k": b"a2V5", "txn.bad": b"?"}
        for text, expected in (
            ("int(-7),div(-2)", "3"),
            ("int(7),div(txn.n)", "1"),
            ("int(-9223372036854775807),sub(5)", "-9223372036854775808"),
            ("int(7),mod(txn.none)", ""),
            ("bool(true),not", "0"),
        ):
            self.assertEqual(show(f"%[{text}]", stream), expected, text)

    def test_refused(self) -> None:
        """
        Wrong arguments are told.
        """
        for text, message in (("int(1),add(x)", "expects an integer or a variable name"),):
            error = str(self.assertRaises(ConfigError, show, f"%[{text}]", make_stream()))
            self.assertTrue(error.endswith(f" : {message}"), error)
