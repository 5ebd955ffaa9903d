"""
Tests of C{mwproxy/rules/fetches/request.py}.
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


class RequestTests(SynchronousTestCase):
    """
    Tests of fetches; more are in C{cases/expressions.txt}.
    """

    def test_values(self) -> None:
        """
        Each fetch gives its value.
        """
        stream = make_stream(REQUEST.replace(b"\n", b"\r\n"), RESPONSE)
        stream.request_captures = (b"c", None)
        for text, expected in (
            ("method", b"GET"),
            ("path", b"/a/b"),
            ("pathq", b"/a/b?x=1&X=2"),
            ("url", b"http://10.1.2.3:81/a/b?x=1&X=2"),
            ("query", b"x=1&X=2"),
            ("query(with_qm)", b"?x=1&X=2"),
            ("base", b"10.1.2.3:81/a/b"),
            ("baseq", b"10.1.2.3:81/a/b?x=1&X=2"),
            ("url_ip,lower", b"10.1.2.3"),
            ("url_port", 81),
            ("urlp(x)", b"1"),
            ("urlp(X,?,i)", b"1"),
            ("urlp_val(X)", 2),
            ("urlp", b"1"),
            ("req.ver", b"1.1"),
            ("req.proto_http", True),
            ("http_first_req", True),
            ("capture.req.method", b"GET"),
            ("capture.req.uri", b"/a/b?x=1&X=2"),
            ("capture.req.ver", b"HTTP/1.1"),
            ("capture.req.hdr(0)", b"c"),
            ("capture.req.hdr(1)", None),
            ("capture.res.hdr(0)", None),
        ):
            self.assertEqual(evaluate(text, stream), expected, text)

    def test_nothing(self) -> None:
        """
        Without request and response there is nothing to give.
        """
        stream = make_stream(None)
        for text in (
            "method",
            "path",
            "pathq",
            "url",
            "query",
            "base",
            "baseq",
            "url_ip",
            "url_port",
            "urlp(x)",
            "urlp_val(x)",
            "req.ver",
            "capture.req.method",
            "capture.req.uri",
            "capture.req.ver",
            "capture.req.hdr(0)",
        ):
            self.assertIsNone(evaluate(text, stream), text)

    def test_refused(self) -> None:
        """
        Wrong arguments are told.
        """
        for text, message in (
            ("query(x)", "unexpected option 'x', only 'with_qm' is known"),
            ("urlp(a,?,x)", "unexpected option 'x', only 'i' is known"),
            ("capture.req.hdr(-1)", "capture index must not be negative"),
        ):
            error = str(self.assertRaises(ConfigError, evaluate, text, make_stream()))
            self.assertTrue(error.endswith(message), error)

    def test_targets(self) -> None:
        """
        The path begins with the first slash behind the authority; without one it is a slash.
        """
        for target, path, address in (
            (b"http://10.1.2.3", b"/", b"10.1.2.3"),
            (b"http://10.1.2.3?q=1", b"/", b"10.1.2.3"),
            (b"http://a.b/x?q=1", b"/x", None),
            (b"/x?q=1", b"/x", None),
        ):
            host = target.split(b"/")[2].split(b"?")[0] if b"://" in target else b"a"
            stream = make_stream(b"GET %s HTTP/1.1\r\nhost: %s\r\n\r\n" % (target, host))
            self.assertEqual(evaluate("path", stream), path)
            self.assertEqual(evaluate("url_ip,lower", stream), address)

    def test_before_there_is_a_request(self) -> None:
        """
        What needs a request gives nothing where there is none.
        """
        stream = make_stream(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        stream.request = None
        for text in ("query", "url_ip", "urlp(x)"):
            self.assertIsNone(evaluate(text, stream), text)
