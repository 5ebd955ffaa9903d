"""
Tests of C{mwproxy/rules/targets.py}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.rules.targets import change_method, change_target, split_target
from tests.rules.streams import make_stream


class TargetTests(SynchronousTestCase):
    """
    Tests of rewriting the request line.
    """

    def test_split(self) -> None:
        """
        A target is cut at its path and query, and joins again.
        """
        for target, parts in (
            (b"/a?b", (b"", b"/a", b"?b")),
            (b"/a", (b"", b"/a", b"")),
            (b"http://h/a?b", (b"http://h", b"/a", b"?b")),
            (b"http://h?b", (b"http://h", b"", b"?b")),
            (b"http://h", (b"http://h", b"", b"")),
            (b"*", (b"", b"*", b"")),
            (b"/a?b=http://x/", (b"", b"/a", b"?b=http://x/")),
        ):
            self.assertEqual(split_target(target), parts)
            self.assertEqual(b"".join(parts), target)

    def test_first_is_kept(self) -> None:
        """
        What came is noted once, whatever changes.
        """
        stream = make_stream()
        assert stream.request is not None
        change_target(stream, b"/one two")
        change_method(stream, b"PUT")
        change_target(stream, b"")
        self.assertEqual(stream.received, (b"GET", b"/path?x=1"))
        self.assertEqual((stream.request.method, stream.request.target), (b"PUT", b"/"))

    def test_blanks(self) -> None:
        """
        A blank cannot end the target.
        """
        stream = make_stream()
        assert stream.request is not None
        change_target(stream, b"/one two")
        self.assertEqual(stream.request.target, b"/one%20two")

    def test_method_first(self) -> None:
        """
        A changed method is noted too.
        """
        stream = make_stream()
        change_method(stream, b"PUT")
        self.assertEqual(stream.received, (b"GET", b"/path?x=1"))
