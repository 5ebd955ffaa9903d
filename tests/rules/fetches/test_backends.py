"""
Tests of C{mwproxy/rules/fetches/backends.py}.
"""

from __future__ import annotations

# ruff: noqa: E501  # messages stand whole
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError
from mwproxy.live.counters import Rate
from tests.rules.streams import evaluate, make_stream

REQUEST = b"""GET http://10.1.2.3:81/a/b?x=1&X=2 HTTP/1.1
host: 10.1.2.3:81
x-a: 1, 2
cookie: a=1; b=2

"""
RESPONSE = b"HTTP/1.0 404 No\r\nX-A: 1, 2\r\nSet-Cookie: a=1; path=/\r\nset-cookie: b=2\r\ncontent-length: 5\r\n\r\n"


def rate_of(current: int) -> Rate:
    """
    Make a rate that has just counted so many.
    """
    rate = Rate()
    rate.tick(current)
    return rate


class BackendTests(SynchronousTestCase):
    """
    Tests of fetches; more are in C{cases/expressions.txt}.
    """

    def test_values(self) -> None:
        """
        Each fetch gives its value.
        """
        stream = make_stream(REQUEST.replace(b"\n", b"\r\n"), RESPONSE)
        backend = stream.session.frontend.default_backend
        assert backend is not None
        server = backend.servers[0]
        server.maxconn, server.maxqueue, server.current = 10, 5, 3
        server.queue.append(1)
        backend.queue.extend((1, 2))
        backend.counters.scur = 4
        backend.counters.session_rate = rate_of(6)
        server.counters.session_rate = rate_of(7)
        stream.session.frontend.counters.session_rate = rate_of(8)
        stream.session.frontend.counters.request_rate = rate_of(9)
        stream.backend, stream.server = backend, server
        for text, expected in (
            ("nbsrv(b)", 1),
            ("queue(b)", 3),
            ("avg_queue(b)", 3),
            ("be_conn(b)", 4),
            ("be_sess_rate(b)", 6),
            ("be_conn_free(b)", 7),
            ("connslots(b)", 11),
            ("be_id", 3),
            ("be_name", b"b"),
            ("be_server_timeout", None),
            ("be_tunnel_timeout", None),
            ("fe_conn", 1),
            ("fe_conn(f)", 1),
            ("fe_sess_rate", 8),
            ("fe_req_rate", 9),
            ("srv_name", b"s"),
            ("srv_id", 1),
            ("srv_is_up(b/s)", True),
            ("srv_conn(b/s)", 3),
            ("srv_conn_free(b/s)", 7),
            ("srv_queue(b/s)", 1),
            ("srv_sess_rate(b/s)", 7),
            ("srv_weight(b/s)", 1),
            ("srv_iweight(b/s)", 1),
        ):
            self.assertEqual(evaluate(text, stream), expected, text)

    def test_nothing(self) -> None:
        """
        Without request and response there is nothing to give.
        """
        stream = make_stream(None)
        for text in (
            "nbsrv(nosuch)",
            "fe_conn(nosuch)",
            "srv_conn(b/nosuch)",
            "srv_conn(nosuch/s)",
            "srv_name",
            "srv_id",
            "be_name",
            "be_id",
        ):
            self.assertIsNone(evaluate(text, stream), text)

    def test_refused(self) -> None:
        """
        Wrong arguments are told.
        """
        for text, message in (
            ("nbsrv", "has not backend capability"),
            ("srv_conn", "type 'server' expected"),
        ):
            error = str(self.assertRaises(ConfigError, evaluate, text, make_stream()))
            self.assertTrue(error.endswith(message), error)
