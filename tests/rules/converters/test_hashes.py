"""
Tests of C{mwproxy/rules/converters/hashes.py}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError
from tests.rules.streams import make_stream, show


class HashTests(SynchronousTestCase):
    """
    Tests of converters that hash; more are in C{cases/expressions.txt}.
    """

    def test_values(self) -> None:
        """
        Converters give what HAProxy gives.
        """
        stream = make_stream()
        stream.variables = {"txn.s": b"abc", "txn.n": 5, "txn.k": b"a2V5", "txn.bad": b"?"}
        for text, expected in (
            ("str(abc),hmac(sha256,txn.k),hex,bytes(0,8)", "9C196E32"),
            ("str(abc),hmac(sha256,txn.none)", ""),
            ("str(abc),hmac(sha256,txn.bad)", ""),
            ("str(abc),sha2(384),length", "48"),
        ):
            self.assertEqual(show(f"%[{text}]", stream), expected, text)

    def test_refused(self) -> None:
        """
        Wrong arguments are told.
        """
        for text, message in (
            ("str(a),sha2(7)", "Unsupported number of bits: '7'"),
            ("str(a),digest(foo)", "algorithm must be a valid OpenSSL message digest name"),
            ("str(a),hmac(md5,?)", "failed to parse key : expects base64"),
            ("str(a),sdbm(1)", "avalanche is not supported by mwproxy"),
        ):
            error = str(self.assertRaises(ConfigError, show, f"%[{text}]", make_stream()))
            self.assertTrue(error.endswith(f" : {message}"), error)
