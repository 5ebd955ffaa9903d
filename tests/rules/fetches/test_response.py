"""
Tests of C{mwproxy/rules/fetches/response.py}.
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


class ResponseTests(SynchronousTestCase):
    """
    Tests of fetches; more are in C{cases/expressions.txt}.
    """

    def test_values(self) -> None:
        """
        Each fetch gives its value.
        """
        stream = make_stream(REQUEST.replace(b"\n", b"\r\n"), RESPONSE)
        stream.retries, stream.redispatched, stream.reused = 2, True, True
        stream.cause, stream.phase = "S", "H"
        for text, expected in (
            ("status", 404),
            ("txn.status", 404),
            ("res.ver", b"1.0"),
            ("capture.res.ver", b"HTTP/1.0"),
            ("res.body_size", 5),
            ("txn.conn_retries", 2),
            ("txn.redispatched", True),
            ("txn.sess_term_state", b"SH"),
            ("bc_reused", True),
        ):
            self.assertEqual(evaluate(text, stream), expected, text)

    def test_nothing(self) -> None:
        """
        Without request and response there is nothing to give.
        """
        stream = make_stream(None)
        for text in (
            "status",
            "txn.status",
            "res.ver",
            "capture.res.ver",
            "res.body_size",
        ):
            self.assertIsNone(evaluate(text, stream), text)

    def test_refused(self) -> None:
        """
        Wrong arguments are told.
        """
        for text, message in (("status(1)", "expected ')' before '1)'"),):
            error = str(self.assertRaises(ConfigError, evaluate, text, make_stream()))
            self.assertTrue(error.endswith(message), error)
