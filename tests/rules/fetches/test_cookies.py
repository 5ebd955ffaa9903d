"""
Tests of C{mwproxy/rules/fetches/cookies.py}.
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


class CookieTests(SynchronousTestCase):
    """
    Tests of fetches; more are in C{cases/expressions.txt}.
    """

    def test_values(self) -> None:
        """
        Each fetch gives its value.
        """
        stream = make_stream(REQUEST.replace(b"\n", b"\r\n"), RESPONSE)

        for text, expected in (
            ("req.cook(a)", b"1"),
            ("cook", b"1"),
            ("req.cook_cnt", 2),
            ("req.cook_val(b)", 2),
            ("req.cook_names", b"a,b"),
            ("res.cook(b)", b"2"),
            ("scook", b"1"),
            ("res.cook_cnt", 2),
            ("res.cook_val(b)", 2),
            ("res.cook_names(;)", b"a;b"),
            ("cookie(a)", b"1"),
        ):
            self.assertEqual(evaluate(text, stream), expected, text)

    def test_nothing(self) -> None:
        """
        Without request and response there is nothing to give.
        """
        stream = make_stream(None)
        for text in (
            "req.cook(a)",
            "res.cook(a)",
            "req.cook_val(a)",
        ):
            self.assertIsNone(evaluate(text, stream), text)

    def test_refused(self) -> None:
        """
        Wrong arguments are told.
        """
        for text, message in (("req.cook(a,b)", "expected ')' before 'b)'"),):
            error = str(self.assertRaises(ConfigError, evaluate, text, make_stream()))
            self.assertTrue(error.endswith(message), error)
