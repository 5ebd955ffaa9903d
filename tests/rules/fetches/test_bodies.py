"""
Tests of C{mwproxy/rules/fetches/bodies.py}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.live.sessions import Stream
from tests.rules.streams import evaluate, make_stream, matches

POST = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 30\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"


def _stream(head: bytes | None, body: bytes = b"", *, whole: bool = False) -> Stream:
    stream = make_stream(head)
    stream.payload = lambda: body  # type: ignore[method-assign]
    stream.payload_whole = lambda: whole  # type: ignore[method-assign]
    return stream


class BodyTests(SynchronousTestCase):
    """
    Tests of fetches on bodies of requests.
    """

    def test_values(self) -> None:
        """
        They tell of what is at hand.
        """
        stream = _stream(POST, b"b=2&a=%41+x&&a=3&=5&none")
        for text, expected in (
            ("req.body", b"b=2&a=%41+x&&a=3&=5&none"),
            ("req.body_len", 24),
            ("req.body_size", 30),
            ("req.body_truncated", True),
            ("req.body_param(a)", b"%41+x"),
            ("req.body_param(A)", None),
            ("req.body_param", b"2"),
            ("req.body_param(none)", None),
            ("req.body,sha1,hex,length", 40),
        ):
            self.assertEqual(evaluate(text, stream), expected, text)

    def test_whole(self) -> None:
        """
        A body that is all there is not truncated.
        """
        self.assertEqual(evaluate("req.body_truncated", _stream(POST, b"x", whole=True)), False)

    def test_size_of_chunked(self) -> None:
        """
        A chunked body has announced nothing: its size is what the stream knows of.
        """
        stream = _stream(CHUNKED, b"abc")
        stream.payload_size = lambda: 7  # type: ignore[method-assign]
        self.assertEqual(evaluate("req.body_size", stream), 7)

    def test_conditions_see_all_parameters(self) -> None:
        """
        An ACL matches when any parameter of the name does.
        """
        stream = _stream(POST, b"a=1&b=2&a=3")
        self.assertTrue(matches(["req.body_param(a)", "3"], stream))
        self.assertTrue(matches(["req.body_param", "2"], stream))
        self.assertFalse(matches(["req.body_param(a)", "2"], stream))

    def test_no_body(self) -> None:
        """
        A request without a body has an empty one; what is no HTTP has none.
        """
        stream = make_stream()
        found = [evaluate(text, stream) for text in ("req.body", "req.body_len", "req.body_size")]
        self.assertEqual(found, [b"", 0, 0])
        self.assertEqual(evaluate("req.body_truncated", stream), False)
        for text in (
            "req.body",
            "req.body_len",
            "req.body_size",
            "req.body_truncated",
            "req.body_param",
        ):
            self.assertIsNone(evaluate(text, _stream(None)), text)
