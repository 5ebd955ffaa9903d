"""
Tests of C{mwproxy/rules/fetches/process.py}.
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


class ProcessTests(SynchronousTestCase):
    """
    Tests of fetches; more are in C{cases/expressions.txt}.
    """

    def test_values(self) -> None:
        """
        Each fetch gives its value.
        """
        stream = make_stream(REQUEST.replace(b"\n", b"\r\n"), RESPONSE)
        worker = stream.session.frontend.worker
        worker.process, worker.leaving, worker.now = 2, True, worker.started + 9
        for text, expected in (
            ("nbproc", 1),
            ("proc", 2),
            ("thread", 0),
            ("stopping", True),
            ("uptime", 9),
            ("act_conn", 1),
            ("accept_date", 1_700_000_000),
            ("accept_date(ms)", 1_700_000_000_123),
            ("rand(1)", 0),
            ("uuid,length", 36),
            ("date,div(1000000000)", 1),
            ("date(0,ms),div(1000000000000)", 1),
            ("date_us,div(1000000)", 0),
            ("hostname,length,bool", True),
            ("pid,bool", True),
        ):
            self.assertEqual(evaluate(text, stream), expected, text)

    def test_nothing(self) -> None:
        """
        Without request and response there is nothing to give.
        """
        stream = make_stream(None)
        for text in ("env(MWPROXY_NOT_SET)",):
            self.assertIsNone(evaluate(text, stream), text)

    def test_refused(self) -> None:
        """
        Wrong arguments are told.
        """
        for text, message in (
            ("date(1,x)", "expects 's', 'ms' or 'us', got 'x'"),
            ("accept_date(x)", "expects 's', 'ms' or 'us', got 'x'"),
            ("rand(0)", "expects a positive range"),
            ("uuid(1)", "Unsupported UUID version"),
        ):
            error = str(self.assertRaises(ConfigError, evaluate, text, make_stream()))
            self.assertTrue(error.endswith(message), error)
