"""
Tests for L{mwproxy.process.ready_fd}.
"""

from __future__ import annotations

import os

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.ready_fd import ReadyFd, parse_ready_fd


class ReadyFdTests(SynchronousTestCase):
    """
    Telling a supervisor such as s6.
    """

    def setUp(self) -> None:
        self.reading, self.writing = os.pipe()
        self.addCleanup(os.close, self.reading)

    def test_tells_once(self) -> None:
        """
        A line feed is written and the descriptor closed; a second time does nothing, even if
        the number has another meaning by then.
        """
        os.set_inheritable(self.writing, True)
        ready = ReadyFd(self.writing)
        self.assertEqual(ready.keep(), "")
        self.assertFalse(os.get_inheritable(self.writing))
        ready.tell()
        self.assertEqual((os.read(self.reading, 10), os.read(self.reading, 10)), (b"\n", b""))
        ready.tell()
        self.assertRaises(OSError, os.fstat, self.writing)

    def test_nobody_listens(self) -> None:
        """
        A supervisor that is gone is no reason to stop.
        """
        reading, writing = os.pipe()
        os.close(reading)
        ReadyFd(writing).tell()
        self.assertRaises(OSError, os.fstat, writing)
        os.close(self.writing)

    def test_not_open(self) -> None:
        """
        A descriptor that is not open is named, and left alone from then on.
        """
        os.close(self.writing)
        ready = ReadyFd(self.writing)
        self.assertEqual(
            ready.keep(),
            f"--notify-fd option: descriptor {self.writing} cannot be used: Bad file descriptor",
        )
        ready.tell()
        self.assertEqual(ready.keep(), "")

    def test_none(self) -> None:
        """
        Without one nothing happens.
        """
        ready = ReadyFd(-1)
        self.assertEqual(ready.keep(), "")
        ready.tell()
        os.close(self.writing)


class ParseTests(SynchronousTestCase):
    """
    The option's value.
    """

    def test_numbers(self) -> None:
        """
        Descriptors from 3 on are taken; everything else is refused by name.
        """
        self.assertEqual((parse_ready_fd("3"), parse_ready_fd("12")), (3, 12))
        for text in ("2", "0", "-3", "x", "", "3x", "\u0663", "99999999"):
            error = self.assertRaises(ValueError, parse_ready_fd, text)
            self.assertEqual(
                str(error), f"--notify-fd option: '{text}' is not a descriptor from 3 on"
            )
