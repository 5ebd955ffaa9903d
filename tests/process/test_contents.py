"""
Tests for L{mwproxy.process.contents}.
"""

from __future__ import annotations

import os

from hypothesis import given, strategies
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.contents import get_contents, put_contents

_NAMES = strategies.text().map(lambda text: os.fsdecode(text.encode("utf-8", "surrogatepass")))


class ContentsTests(SynchronousTestCase):
    """
    Texts that go from process to process.
    """

    @given(strategies.dictionaries(_NAMES, strategies.binary()))
    def test_round_trip(self, contents: dict[str, bytes]) -> None:
        """
        Names and texts arrive as they were, in their order, however often they are read.
        """
        fd = put_contents(contents)
        try:
            for _ in range(2):
                self.assertEqual(list(get_contents(fd).items()), list(contents.items()))
        finally:
            os.close(fd)

    def test_nobody_changes_them(self) -> None:
        """
        What several workers read none of them can change.
        """
        fd = put_contents({"a": b"text"})
        self.addCleanup(os.close, fd)
        self.assertRaises(OSError, os.pwrite, fd, b"x", 0)
        self.assertRaises(OSError, os.truncate, fd, 0)

    def test_something_else(self) -> None:
        """
        A descriptor of something else is refused.
        """
        for garbage in (b"", b"no index\n", b"[]\nmore", b'[["a", 5]]\ntext'):
            fd = os.memfd_create("x")
            os.write(fd, garbage)
            try:
                self.assertRaises(ValueError, get_contents, fd)
            finally:
                os.close(fd)
