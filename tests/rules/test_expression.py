"""
Tests of C{mwproxy/rules/expression.py}.
"""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError
from mwproxy.rules.context import REQUEST
from mwproxy.rules.expression import compile_expression, require_phases, split_name
from tests.rules.streams import context, evaluate, make_stream, show

CASES = Path(__file__).parent / "cases" / "expressions.txt"
REQUEST_HEAD = (
    b"GET /a/b%20c/d.html?x=1&y=2;z=3&x=9&e= HTTP/1.1\r\nHost: Www.Example.com:80\r\n"
    b"X-A: one, two ,three\r\nX-A: four\r\nCookie: a=1; b=2; a=3;e=\r\n"
    b'X-Q: a, "b,c", d\r\nX-E:\r\nX-IP: 10.1.2.3, 2001:db8::1, 1.2.3.4:80\r\n'
    b"X-N: 12, -5, abc, 7x\r\nUser-Agent: curl/7.1 (a, b)\r\n\r\n"
)


class ExpressionTests(SynchronousTestCase):
    """
    Tests of compiled expressions.
    """

    def test_same_as_haproxy(self) -> None:
        """
        Expressions give what HAProxy gives for the same request.
        """
        stream = make_stream(REQUEST_HEAD)
        stream.variables = {
            "txn.s": b"abc",
            "txn.n": 5,
            "txn.ip": IPv4Address("10.1.2.3"),
            "txn.b": True,
        }
        for line in CASES.read_text("utf-8").splitlines():
            if not line.startswith("#"):
                text, expected = line.split("\t")
                self.assertEqual(show(f"%[{text}]", stream), expected, text)

    def refused(self, text: str) -> str:
        """
        Compile what is wrong.

        @return: The message.
        """
        return str(self.assertRaises(ConfigError, compile_expression, text, context()))

    def test_unknown_fetch(self) -> None:
        """
        An unknown fetch is quoted, with a guess.
        """
        self.assertEqual(
            self.refused("pathh"), "unknown fetch method 'pathh'; did you mean 'path' maybe?"
        )

    def test_unsupported_fetch(self) -> None:
        """
        A fetch that only HAProxy has is told from an unknown one.
        """
        self.assertEqual(
            self.refused("ssl_c_s_dn(cn)"),
            "fetch method 'ssl_c_s_dn' is not supported by mwproxy",
        )

    def test_unknown_converter(self) -> None:
        """
        An unknown converter is quoted.
        """
        self.assertEqual(self.refused("path,qqqqq"), "unknown converter 'qqqqq'")

    def test_unsupported_converter(self) -> None:
        """
        A converter that only HAProxy has is told from an unknown one.
        """
        self.assertEqual(
            self.refused("path,xxh32"), "converter 'xxh32' is not supported by mwproxy"
        )

    def test_missing_fetch(self) -> None:
        """
        An empty expression has no fetch.
        """
        self.assertEqual(self.refused(""), "missing fetch method")

    def test_impossible_cast(self) -> None:
        """
        A boolean is no address.
        """
        self.assertEqual(
            self.refused("always_true,ipmask(24)"), "converter 'ipmask' cannot be applied"
        )

    def test_bad_argument(self) -> None:
        """
        An argument that is not of its type is quoted with its position.
        """
        self.assertEqual(
            self.refused("rand(a)"),
            "fetch method 'rand' : failed to parse 'a' as type 'integer' at position 1",
        )

    def test_unclosed(self) -> None:
        """
        An argument list must be closed.
        """
        self.assertEqual(self.refused("hdr(host"), "fetch method 'hdr' : expected ')'")

    def test_garbage_after_arguments(self) -> None:
        """
        A comma must follow the arguments.
        """
        self.assertIn("missing comma after fetch keyword", self.refused("hdr(host)x"))

    def test_converters_as_words(self) -> None:
        """
        Converters may follow as words of their own; other words are left.
        """
        found, taken = compile_expression("path", context(), more=("upper", "length", "foo"))
        self.assertEqual(found.sample(make_stream()), 5)
        self.assertEqual(taken, 2)

    def test_direction(self) -> None:
        """
        C{hdr} is of the response in rules of responses.
        """
        stream = make_stream(answer=b"HTTP/1.1 200 OK\r\nhost: answer\r\n\r\n")
        found, _ = compile_expression("hdr(host)", context(response=True))
        self.assertEqual(found.sample(stream), b"answer")
        self.assertEqual(evaluate("hdr(host)", stream), b"example.com")

    def test_phases(self) -> None:
        """
        A fetch of the response is refused in rules of requests.
        """
        found, _ = compile_expression("status", context())
        error = self.assertRaises(
            ConfigError, require_phases, "status", found, context(phases=REQUEST)
        )
        self.assertEqual(
            str(error),
            "sample fetch <status> may not be reliably used here because it needs "
            "'HTTP response' which is not available here",
        )

    def test_no_value(self) -> None:
        """
        Converters are not called when the fetch has no value.
        """
        self.assertIsNone(evaluate("req.hdr(nope),lower,length", make_stream()))

    def test_split_name(self) -> None:
        """
        A name ends at a parenthesis or comma.
        """
        self.assertEqual(split_name("hdr(a)"), ("hdr", 3))
        self.assertEqual(split_name(",lower,upper", 1), ("lower", 6))
