"""
Tests of C{mwproxy/rules/actions/headers.py}.
"""

from __future__ import annotations

# messages stand whole
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError
from tests.rules.streams import make_stream, rule

HEAD = b"GET / HTTP/1.1\r\nhost: h\r\nX-A: 1, 2\r\nx-a: 3\r\nx-b: 4\r\n\r\n"


class HeaderActionTests(SynchronousTestCase):
    """
    Tests of actions on header lines.
    """

    def run_rule(self, *words: str) -> bytes:
        """
        Run an action on a request.

        @return: Its lines behind C{host}.
        """
        stream = make_stream(HEAD)
        rule(list(words))(stream)
        assert stream.request is not None
        wire = stream.request.wire_fields()
        self.assertEqual(make_stream(HEAD).request.wire_fields()[:9], b"host: h\r\n")  # type: ignore[union-attr]
        return wire.removeprefix(b"host: h\r\n").replace(b"\r\n", b"|")

    def test_actions(self) -> None:
        """
        Each action changes the lines that it names.
        """
        for words, lines in (
            (["set-header", "X-A", "new"], b"x-b: 4|x-a: new|"),
            (["set-header", "X-C", "new"], b"x-a: 1, 2|x-a: 3|x-b: 4|x-c: new|"),
            (["set-header", "x-a", "%[hdr(x-a)]!"], b"x-b: 4|x-a: 3!|"),
            (["add-header", "x-a", "%[src]"], b"x-a: 1, 2|x-a: 3|x-b: 4|x-a: 127.0.0.1|"),
            (["del-header", "X-A"], b"x-b: 4|"),
            (["del-header", "X-", "-m", "beg"], b""),
            (["del-header", "-b", "-m", "end"], b"x-a: 1, 2|x-a: 3|"),
            (["del-header", "-", "-m", "sub"], b""),
            (["del-header", "^X-[B-Z]$", "-m", "reg"], b"x-a: 1, 2|x-a: 3|"),
            (["del-header", "nope"], b"x-a: 1, 2|x-a: 3|x-b: 4|"),
            (["replace-header", "x-a", "([12])", r"<\1>"], b"x-a: <1>|x-a: 3|x-b: 4|"),
            (["replace-header", "x-a", "(3)", r"%[src]\1"], b"x-a: 1, 2|x-a: 127.0.0.13|x-b: 4|"),
            (["replace-value", "x-a", "^(.)$", r"\1\1"], b"x-a: 11, 22|x-a: 33|x-b: 4|"),
            (["replace-value", "nope", "a", "b"], b"x-a: 1, 2|x-a: 3|x-b: 4|"),
        ):
            self.assertEqual(self.run_rule(*words), lines, words)

    def test_response(self) -> None:
        """
        Rules of responses act on the response.
        """
        stream = make_stream(answer=b"HTTP/1.1 200 OK\r\nx: 1\r\ny: 2\r\n\r\n")
        for words in (
            ["set-header", "x", "%[status]"],
            ["add-header", "z", "const"],
            ["set-header", "y", "const"],
        ):
            rule(words, "http-response")(stream)
        assert stream.response is not None
        self.assertEqual(stream.response.wire_fields(), b"x: 200\r\nz: const\r\ny: const\r\n")
        assert stream.request is not None
        self.assertIsNone(stream.request.edited)

    def test_shared_block(self) -> None:
        """
        The parsed block, which other messages share, is never changed.
        """
        stream = make_stream(HEAD)
        assert stream.request is not None
        before = stream.request.block.fields
        rule(["set-header", "x-a", "new"])(stream)
        self.assertIs(stream.request.block.fields, before)
        self.assertIn((b"x-b", b"4"), before)

    def test_messages(self) -> None:
        """
        Mistakes are told in HAProxy's words.
        """
        for words, message in (
            (["del-header"], "expects at least 1 argument."),
            (["del-header", "a", "-m", "foo"], "-m with unsupported matching method 'foo'."),
            (["replace-header", "a", "b"], "expects exactly 3 arguments."),
            (["set-header", "a b", "c"], "'a b' is not a valid header name."),
            (["set-header", "", "c"], "expects exactly 2 arguments."),
        ):
            error = str(self.assertRaises(ConfigError, rule, words))
            self.assertEqual(error.partition(" rule : ")[2], message)
