"""
Tests of C{mwproxy/rules/fetches/constants.py}.
"""

from __future__ import annotations

# ruff: noqa: E501  # messages stand whole
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError
from tests.rules.streams import evaluate, make_stream

REQUEST = b"""GET http://10.1.2.3:81/a/b?x=1&X=2 HTTP/1.1
host: 10.1.2.3:81
x-a: 1, 2
cookie: a=1; b=2

"""
RESPONSE = b"HTTP/1.0 404 No\r\nX-A: 1, 2\r\nSet-Cookie: a=1; path=/\r\nset-cookie: b=2\r\ncontent-length: 5\r\n\r\n"


class ConstantTests(SynchronousTestCase):
    """
    Tests of fetches; more are in C{cases/expressions.txt}.
    """

    def test_values(self) -> None:
        """
        Each fetch gives its value.
        """
        stream = make_stream(REQUEST.replace(b"\n", b"\r\n"), RESPONSE)
        stream.variables = {"txn.a": 5}
        for text, expected in (
            ("always_true", True),
            ("always_false", False),
            ("wait_end", True),
            ("bool(true)", True),
            ("bool(0)", False),
            ("int(-5)", -5),
            ("str(a b)", b"a b"),
            ("bin(4142)", b"AB"),
            ("meth(GET)", b"GET"),
            ("ipv4(1.2.3.4),add(0)", 0x01020304),
            ("ipv6(::1),lower", b"::1"),
            ("var(txn.a)", 5),
            ("var(txn.b,x)", b"x"),
        ):
            self.assertEqual(evaluate(text, stream), expected, text)

    def test_nothing(self) -> None:
        """
        Without request and response there is nothing to give.
        """
        stream = make_stream(None)
        for text in (
            "env(MWPROXY_NOT_SET)",
            "var(txn.a)",
        ):
            self.assertIsNone(evaluate(text, stream), text)

    def test_refused(self) -> None:
        """
        Wrong arguments are told.
        """
        for text, message in (
            ("bool(x)", "Expects 'true', 'false', '0' or '1'"),
            ("bin(zz)", "non-hexadecimal number found in fromhex() arg at position 0"),
            ("var(a)", "'req', 'res' or 'check'"),
        ):
            error = str(self.assertRaises(ConfigError, evaluate, text, make_stream()))
            self.assertTrue(error.endswith(message), error)
