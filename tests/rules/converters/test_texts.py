"""
Tests of C{mwproxy/rules/converters/texts.py}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError
from tests.rules.streams import make_stream, show


class TextTests(SynchronousTestCase):
    """
    Tests of converters of strings; more are in C{cases/expressions.txt}.
    """

    def test_values(self) -> None:
        """
        Converters give what HAProxy gives.
        """
        stream = make_stream()
        stream.variables = {"txn.s": b"abc", "txn.n": 5, "txn.k": b"a2V5", "txn.bad": b"?"}
        for text, expected in (
            ("str(a=2&b),param(b)", ""),
            ("str(a=2&b=1),param(b)", "1"),
            ("str(a=2;b=1),param(b,;)", "1"),
            ("str(abc),bytes(txn.one)", ""),
            ("str(abcdefgh),bytes(txn.n)", "fgh"),
            ("str(abcdefgh),bytes(1,txn.n)", "bcdef"),
            ("str(abc),set-var(txn.new),length,add(0)", "3"),
            ("var(txn.new)", "abc"),
            ("str(x),unset-var(txn.new)", "x"),
            ("var(txn.new)", ""),
            ("str(x),set-var(txn.s,ifnotexists)", "x"),
            ("var(txn.s)", "abc"),
            ("str(abc),secure_memcmp(txn.none)", ""),
            ("str(b),strcmp(txn.s)", "1"),
        ):
            self.assertEqual(show(f"%[{text}]", stream), expected, text)

    def test_refused(self) -> None:
        """
        Wrong arguments are told.
        """
        for text, message in (
            ("str(a),word(0,_)", "Unexpected value 0 for index"),
            ("str(a),field(0,_)", "Unexpected value 0 for index"),
            ("str(a),field(1,)", "Empty separators list"),
            ("str(a),bytes(x)", "expects an integer or a variable name"),
            ("str(a),regsub(a,b,z)", "invalid regex flag 'z', only 'i' and 'g' are supported"),
            ("str(a),strcmp(a)", "failed to register variable name 'a'"),
            ("str(a),secure_memcmp(a)", "failed to register variable name 'a'"),
            ("str(a),add_item(x)", "one of the optional arguments has to be nonempty"),
        ):
            error = str(self.assertRaises(ConfigError, show, f"%[{text}]", make_stream()))
            self.assertTrue(error.endswith(f" : {message}"), error)
