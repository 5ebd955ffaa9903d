"""
Tests for L{mwproxy.process.transports}.
"""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet.abstract import FileDescriptor
from twisted.internet.testing import MemoryReactor
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.transports import flush, unsent, write_now


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

    def test_now(self) -> None:
        """
        What the kernel takes is sent at once, the rest waits in the transport; then all is written
        behind that.
        """
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)
        transport: Any = Slow(0)
        transport.socket = ours
        write_now(transport, b"abc")
        self.assertEqual((theirs.recv(9), unsent(transport)), (b"abc", b""))
        much = bytes(range(256)) * 4096
        write_now(transport, much)
        rest = unsent(transport)
        self.assertTrue(rest)
        theirs.setblocking(False)
        taken = b""
        while len(taken) < len(much) - len(rest):
            taken += theirs.recv(1 << 20)
        self.assertEqual(taken + rest, much)
        write_now(transport, b"last")
        self.assertEqual(unsent(transport), rest + b"last")
        self.assertRaises(BlockingIOError, theirs.recv, 9)

    def test_now_to_nobody(self) -> None:
        """
        A peer that is gone is left for the reactor to find.
        """
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        theirs.close()
        transport: Any = Slow(0)
        transport.socket = ours
        write_now(transport, b"abc")
        self.assertEqual(unsent(transport), b"abc")
