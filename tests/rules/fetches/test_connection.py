"""
Tests of C{mwproxy/rules/fetches/connection.py}.
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


class ConnectionTests(SynchronousTestCase):
    """
    Tests of fetches; more are in C{cases/expressions.txt}.
    """

    def test_values(self) -> None:
        """
        Each fetch gives its value.
        """
        stream = make_stream(REQUEST.replace(b"\n", b"\r\n"), RESPONSE)
        stream.bytes_in, stream.bytes_out = 5, 6
        for text, expected in (
            ("src,lower", b"127.0.0.1"),
            ("src_port", 5000),
            ("dst,lower", b"127.0.0.1"),
            ("dst_port", 8080),
            ("fe_name", b"f"),
            ("fe_id", 2),
            ("fe_defbe", b"b"),
            ("fe_client_timeout", None),
            ("so_id", 1),
            ("so_name", None),
            ("ssl_fc", False),
            ("bytes_in", 5),
            ("bytes_out", 6),
        ):
            self.assertEqual(evaluate(text, stream), expected, text)

    def test_nothing(self) -> None:
        """
        Without request and response there is nothing to give.
        """
        stream = make_stream(None)
        for text in (
            "so_name",
            "fe_client_timeout",
        ):
            self.assertIsNone(evaluate(text, stream), text)

    def test_refused(self) -> None:
        """
        Wrong arguments are told.
        """
        for text, message in (("src(1)", "expected ')' before '1)'"),):
            error = str(self.assertRaises(ConfigError, evaluate, text, make_stream()))
            self.assertTrue(error.endswith(message), error)
