"""
Tests of C{mwproxy/rules/fetches/headers.py}.
"""

from __future__ import annotations

# ruff: noqa: E501  # messages stand whole
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError
from mwproxy.rules.fetches.headers import parse_header_address
from tests.rules.streams import evaluate, make_stream

REQUEST = b"""GET http://10.1.2.3:81/a/b?x=1&X=2 HTTP/1.1
host: 10.1.2.3:81
x-a: 1, 2
cookie: a=1; b=2

"""
RESPONSE = b"HTTP/1.0 404 No\r\nX-A: 1, 2\r\nSet-Cookie: a=1; path=/\r\nset-cookie: b=2\r\ncontent-length: 5\r\n\r\n"


class HeaderTests(SynchronousTestCase):
    """
    Tests of fetches; more are in C{cases/expressions.txt}.
    """

    def test_values(self) -> None:
        """
        Each fetch gives its value.
        """
        stream = make_stream(REQUEST.replace(b"\n", b"\r\n"), RESPONSE)

        for text, expected in (
            ("req.hdr(X-A)", b"2"),
            ("req.hdr(x-a,1)", b"1"),
            ("req.fhdr(x-a)", b"1, 2"),
            ("req.hdr_cnt(x-a)", 2),
            ("req.fhdr_cnt(x-a)", 1),
            ("req.hdr_names", b"host,x-a,cookie"),
            ("req.hdrs", b"host: 10.1.2.3:81\r\nx-a: 1, 2\r\ncookie: a=1; b=2\r\n\r\n"),
            ("req.hdr_val(x-a)", 2),
            ("req.hdr_ip(x-a)", None),
            ("res.hdr(x-a)", b"2"),
            ("shdr(x-a,1)", b"1"),
            ("res.fhdr(x-a)", b"1, 2"),
            ("res.hdr_cnt(x-a)", 2),
            ("res.fhdr_cnt(x-a)", 1),
            ("res.hdr_names(;)", b"x-a;set-cookie;set-cookie;content-length"),
            ("res.hdrs,bytes(0,9)", b"x-a: 1, 2"),
            ("res.hdr_val(x-a)", 2),
            ("res.hdr_ip(x-a)", None),
        ):
            self.assertEqual(evaluate(text, stream), expected, text)

    def test_nothing(self) -> None:
        """
        Without request and response there is nothing to give.
        """
        stream = make_stream(None)
        for text in (
            "req.hdr(a)",
            "req.hdr_cnt(a)",
            "req.hdr_names",
            "req.hdrs",
            "res.hdr(a)",
            "hdr(a)",
        ):
            self.assertIsNone(evaluate(text, stream), text)

    def test_refused(self) -> None:
        """
        Wrong arguments are told.
        """
        for text, message in (
            ("req.hdr(a,b)", "failed to parse 'b' as type 'integer' at position 2"),
        ):
            error = str(self.assertRaises(ConfigError, evaluate, text, make_stream()))
            self.assertTrue(error.endswith(message), error)

    def test_addresses(self) -> None:
        """
        An address may have a port, or brackets if it is one of IPv6; anything else is none.
        """
        for value, expected in (
            (b"10.0.0.1", "10.0.0.1"),
            (b"10.0.0.1:80", "10.0.0.1"),
            (b"[::1]", "::1"),
            (b"::1", "::1"),
            (b"10.0.0.1:x", "None"),
            (b"10.0.0.1:65536", "None"),
            (b"a", "None"),
        ):
            self.assertEqual(str(parse_header_address(value)), expected, value)
