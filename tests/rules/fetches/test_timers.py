"""
Tests of C{mwproxy/rules/fetches/timers.py}.
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


class TimerTests(SynchronousTestCase):
    """
    Tests of fetches; more are in C{cases/expressions.txt}.
    """

    def test_values(self) -> None:
        """
        Each fetch gives its value.
        """
        stream = make_stream(REQUEST.replace(b"\n", b"\r\n"), RESPONSE)
        stream.session.handshaken = stream.idle_since = 1000.0012
        stream.begun, stream.request_at, stream.assigned_at = 1000.0034, 1000.0076, 1000.0098
        stream.connected_at, stream.response_at, stream.ended_at = 1000.012, 1000.0222, 1000.0424
        for text, expected in (
            ("fc.timer.handshake", 1),
            ("req.timer.idle", 2),
            ("req.timer.hdr", 4),
            ("req.timer.tq", 7),
            ("req.timer.queue", 2),
            ("bc.timer.connect", 2),
            ("res.timer.hdr", 10),
            ("res.timer.data", 20),
            ("txn.timer.total", 38),
            ("txn.timer.user", 40),
            ("fc.timer.total", 42),
        ):
            self.assertEqual(evaluate(text, stream), expected, text)

    def test_nothing(self) -> None:
        """
        Without request and response there is nothing to give.
        """
        stream = make_stream(None)
        for text in ("so_name",):
            self.assertIsNone(evaluate(text, stream), text)

    def test_refused(self) -> None:
        """
        Wrong arguments are told.
        """
        for text, message in (("req.timer.idle(1)", "expected ')' before '1)'"),):
            error = str(self.assertRaises(ConfigError, evaluate, text, make_stream()))
            self.assertTrue(error.endswith(message), error)
