"""
Tests for L{mwproxy.process.transports}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.abstract import FileDescriptor
from twisted.internet.testing import MemoryReactor
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.transports import flush, unsent


class Slow(FileDescriptor):
    """
    A transport whose kernel takes so many bytes at a time.
    """

    def __init__(self, room: int) -> None:
        reactor: Any = MemoryReactor()
        super().__init__(reactor)
        self.connected = 1
        self.room = room
        self.sent = b""

    def writeSomeData(self, data: bytes) -> int:
        taken = bytes(data[: self.room])
        self.sent += taken
        return len(taken)


class TransportTests(SynchronousTestCase):
    """
    Tests for what is sent and what is not.
    """

    def test_nothing(self) -> None:
        """
        Where nothing was written, nothing is unsent.
        """
        transport = Slow(4)
        flush(transport)
        self.assertEqual((unsent(transport), transport.sent), (b"", b""))

    def test_partly(self) -> None:
        """
        What the kernel does not take remains, in order.
        """
        transport = Slow(4)
        transport.write(b"abcdef")
        transport.write(b"ghi")
        self.assertEqual(unsent(transport), b"abcdefghi")
        flush(transport)
        transport.write(b"j")
        self.assertEqual((transport.sent, unsent(transport)), (b"abcd", b"efghij"))
        flush(transport)
        self.assertEqual((transport.sent, unsent(transport)), (b"abcdefgh", b"ij"))

    def test_all(self) -> None:
        """
        Nothing remains where all was taken.
        """
        transport = Slow(100)
        transport.write(b"abc")
        flush(transport)
        self.assertEqual((transport.sent, unsent(transport)), (b"abc", b""))
