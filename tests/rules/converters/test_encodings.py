"""
Tests of C{mwproxy/rules/converters/encodings.py}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError
from tests.rules.streams import make_stream, show


class EncodingTests(SynchronousTestCase):
    """
    Tests of converters between encodings; more are in C{cases/expressions.txt}.
    """

    def test_values(self) -> None:
        """
        Converters give what HAProxy gives.
        """
        stream = make_stream()
        stream.variables = {"txn.s": b"abc", "txn.n": 5, "txn.k": b"a2V5", "txn.bad": b"?"}
        for text, expected in (
            (r'str("a\\b/"),json', r"a\\b\/"),
            ("bin(c3a9),json(utf8)", r"\u00e9"),
            ("bin(c3a9ff),json(utf8)", ""),
            ("bin(c3a9ff),json(utf8s)", r"\u00e9"),
            ("bin(f09f9880),json(utf8)", ""),
            ("bin(f09f988041),json(utf8s)", "A"),
            ("bin(e9),json", r"\u00e9"),
            ("str(ffffffffffffffff),hex2i", "-1"),
            ("str(YW),ub64dec", "a"),
            ("str(Y),ub64dec", ""),
            ("str(a+b),ub64dec", ""),
            ("bin(0102),be2hex", "0102"),
        ):
            self.assertEqual(show(f"%[{text}]", stream), expected, text)

    def test_refused(self) -> None:
        """
        Wrong arguments are told.
        """
        for text, message in (
            ("str(a),url_enc(foo)", "Unexpected encode type. Allowed value is 'query'"),
            ("str(a),json(utf8p)", "input code type 'utf8p' is not supported by mwproxy"),
            ("str(a),be2dec(x,9)", "chunk_size value must be between 1 and 8"),
            ("str(a),be2hex(x)", "chunk_size needs to be positive"),
            ("str(a),be2hex(x,0)", "chunk_size value must be positive"),
        ):
            error = str(self.assertRaises(ConfigError, show, f"%[{text}]", make_stream()))
            self.assertTrue(error.endswith(f" : {message}"), error)
