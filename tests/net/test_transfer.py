"""
Tests for L{mwproxy.net.transfer} and L{mwproxy.net.relay}.
"""

from __future__ import annotations

import os
import socket
from typing import Any

from mwproxy.net.endpoint import ENDPOINT_SLOTS, Endpoint
from mwproxy.net.reactor import BROKEN, READ, WRITE
from mwproxy.net.relay import Relay
from mwproxy.net.transfer import UNTIL_CLOSE, Transfer
from mwproxy.protocols.http1.framing import ChunkScanner
from mwproxy.protocols.http1.messages import BadMessage
from tests.net.plane import Peer, PlaneTestCase


class End(Endpoint):
    """
    An endpoint that does what it is told for each event.
    """

    __slots__ = ENDPOINT_SLOTS

    on_drained: Any
    on_read: Any

    def event(self, event: int) -> None:
        if event & WRITE and self.flush() and self.on_drained is not None:
            self.on_drained()
        if self.fd >= 0 and event & (READ | BROKEN) and self.on_read is not None:
            self.on_read()


class Owner:
    """
    Notes how transfers and relays go.
    """

    def __init__(self) -> None:
        self.calls: list[object] = []

    def transfer_done(self, transfer: Transfer) -> None:
        self.calls.append("done")

    def transfer_broken(self, transfer: Transfer, side: str) -> None:
        self.calls.append(side)

    def transfer_moved(self, transfer: Transfer) -> None:
        """
        Timeouts are no subject here.
        """

    def relay_moved(self) -> None:
        """
        Nor here.
        """

    def relay_half_closed(self, by_client: bool) -> None:
        self.calls.append(("half", by_client))

    def relay_ended(self) -> None:
        self.calls.append("ended")

    def relay_broken(self, by_client: bool) -> None:
        self.calls.append(("broken", by_client))


class TransferTestCase(PlaneTestCase):
    """
    A test with two endpoints, whose other ends the test has.
    """

    def setUp(self) -> None:
        super().setUp()
        self.start("frontend f\n bind 127.0.0.1:8000\n")
        self.owner = Owner()
        self.source, self.writer = self.end()
        self.sink, self.reader = self.end()

    def end(self) -> tuple[End, Peer]:
        """
        Make an endpoint over TCP.

        @return: It and its peer.
        """
        listening = socket.create_server(("127.0.0.1", 0))
        theirs = socket.create_connection(listening.getsockname())
        ours = listening.accept()[0]
        listening.close()
        ours.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        made = End()
        made.on_drained = made.on_read = None
        made.adopt(self.plane, ours)
        made.mask = READ
        self.reactor.watch(made.fd, READ, made.event)
        self.addCleanup(made.close_socket)
        return made, self.peer(theirs)

    def transfer(
        self, left: int, scanner: ChunkScanner | None = None, decode: bool = False
    ) -> Transfer:
        """
        Begin a transfer.
        """
        made = Transfer(self.plane, self.owner, self.source, self.sink, left, scanner, decode)
        self.source.on_read = made.pull
        self.sink.on_drained = made.drained
        self.addCleanup(made.stop)
        return made

    def pass_all(self, data: bytes, expected: bytes | None = None) -> None:
        """
        Let the peers send and receive until everything has come.
        """
        expected = data if expected is None else expected
        sent = 0
        got = bytearray()

        def done() -> bool:
            nonlocal sent
            if sent < len(data):
                sent += self.writer.try_send(data[sent : sent + 100_000])
            self.reader.pump()
            got.extend(self.reader.inbuf)
            self.reader.inbuf = b""
            return len(got) >= len(expected)

        self.until(done, lambda: f"{len(got)} of {len(expected)}")
        self.assertTrue(got == expected)


class TransferTests(TransferTestCase):
    """
    Tests for L{Transfer}.
    """

    def test_length(self) -> None:
        """
        A length ends it; what follows is not lost.
        """
        transfer = self.transfer(5)
        self.pass_all(b"hel")
        self.writer.send(b"lomore")
        self.until(lambda: self.owner.calls == ["done"])
        self.assertEqual((self.reader.take(2), transfer.rest), (b"lo", b"more"))
        self.assertEqual(transfer.moved, 5)
        self.assertFalse(transfer.until_close)

    def test_large_length(self) -> None:
        """
        A large one is spliced, and what follows stays in the socket.
        """
        transfer = self.transfer(1_000_000)
        data = os.urandom(1_000_000)
        self.pass_all(data + b"more", data)
        self.until(lambda: self.owner.calls == ["done"])
        self.assertEqual(transfer.moved, 1_000_000)
        self.assertGreater(self.plane.state.bytes_spliced, 500_000)
        self.assertEqual(self.plane.pipes.used, 0)
        self.assertEqual(transfer.rest + self.source.recv(10), b"more")

    def test_nothing_left(self) -> None:
        """
        A length of 0 is over from the start: the source is not read.
        """
        transfer = self.transfer(0)
        self.writer.send(b"x")
        self.turn(3)
        self.assertTrue(transfer.ended)
        self.assertEqual(self.source.mask, 0)
        transfer.push(b"head")
        self.assertEqual((self.owner.calls, self.reader.take(4)), (["done"], b"head"))

    def test_until_close(self) -> None:
        """
        A large one that ends with the connection is spliced too, once whole buffers keep coming.
        """
        transfer = self.transfer(UNTIL_CLOSE)
        self.assertTrue(transfer.until_close)
        self.pass_all(os.urandom(2_000_000))
        self.writer.half_close()
        self.until(lambda: self.owner.calls == ["done"])
        self.assertGreater(self.plane.state.bytes_spliced, 100_000)
        self.assertEqual(self.plane.pipes.used, 0)

    def test_source_ends_too_early(self) -> None:
        """
        A length that is not reached breaks it, but only when all there is has passed.
        """
        self.transfer(2_000_000)
        data = os.urandom(600_000)
        sent = 0
        for _ in range(50):
            sent += self.writer.try_send(data[sent:])
            self.turn()
        self.writer.half_close()
        self.turn(5)
        self.assertEqual(self.owner.calls, [])
        got = bytearray()

        def done() -> bool:
            self.reader.pump()
            got.extend(self.reader.inbuf)
            self.reader.inbuf = b""
            return bool(self.owner.calls)

        self.until(done)
        self.assertEqual(self.owner.calls, ["source"])
        self.turn(3)
        self.until(lambda: done() and len(got) >= sent, lambda: f"{len(got)} of {sent}")
        self.assertTrue(bytes(got) == data[:sent])
        self.assertEqual(self.plane.pipes.used, 0)

    def test_small_one_ends_too_early(self) -> None:
        """
        So does a small one.
        """
        self.transfer(10)
        self.pass_all(b"abc")
        self.writer.half_close()
        self.until(lambda: self.owner.calls == ["source"])

    def test_sink_fails(self) -> None:
        """
        A sink that is gone breaks it, copied or spliced; no pipe is lost.
        """
        for size in (100, 5_000_000):
            self.owner.calls.clear()
            self.source, self.writer = self.end()
            self.sink, self.reader = self.end()
            self.transfer(size)
            self.reader.reset()
            for _ in range(100):
                self.writer.try_send(b"x" * 1000)
                self.turn()
                if self.owner.calls:
                    break
            self.assertEqual(self.owner.calls, ["sink"])
            self.assertEqual(self.plane.pipes.used, 0)

    def test_chunks(self) -> None:
        """
        Chunked coding passes as it is, or decoded, cut anywhere.
        """
        data = b"5\r\nhello\r\n1;x=y\r\n!\r\n0\r\na: b\r\n\r\n"
        for decode in (False, True):
            for cut in range(1, len(data)):
                self.owner.calls.clear()
                transfer = self.transfer(-1, ChunkScanner(), decode)
                self.assertFalse(transfer.until_close)
                self.source.resume_reading()
                self.writer.send(data[:cut])
                self.turn(2)
                self.writer.send(data[cut:])
                self.until(lambda: self.owner.calls == ["done"])
                expected = b"hello!" if decode else data
                self.assertEqual(self.reader.take(len(expected)), expected)

    def test_bad_chunks(self) -> None:
        """
        Broken coding breaks it; given at the beginning, it is raised.
        """
        transfer = self.transfer(-1, ChunkScanner())
        self.assertRaises(BadMessage, transfer.cut, b"zz\r\n")
        self.transfer(-1, ChunkScanner())
        self.writer.send(b"5\r\nhelloXX")
        self.until(lambda: self.owner.calls == ["framing"])

    def test_stopped(self) -> None:
        """
        One that was stopped says and does nothing any more, and lends no pipe.
        """
        transfer = self.transfer(1_000_000)
        transfer.stop()
        self.writer.send(b"x" * 100)
        self.turn(3)
        transfer.drained()
        self.assertEqual((self.owner.calls, self.source.mask), ([], 0))
        self.assertEqual(self.plane.pipes.used, 0)
        self.reader.quiet()

    def test_no_pipes(self) -> None:
        """
        Without pipes bytes are copied.
        """
        self.plane.pipes.most = 0
        self.transfer(500_000)
        self.pass_all(os.urandom(500_000))
        self.assertEqual(self.plane.state.bytes_spliced, 0)


class RelayTests(TransferTestCase):
    """
    Tests for L{Relay}.
    """

    def setUp(self) -> None:
        super().setUp()
        self.relay = Relay(self.plane, self.owner, self.source, self.sink)
        self.addCleanup(self.relay.stop)

    def test_begin(self) -> None:
        """
        What was received before is sent first.
        """
        self.relay.begin(b"up", b"down")
        self.assertEqual((self.reader.take(2), self.writer.take(4)), (b"up", b"down"))

    def test_both_end(self) -> None:
        """
        Each side's end is passed on, and the owner is told of both.
        """
        self.relay.begin(b"", b"")
        self.writer.half_close()
        self.assertEqual(self.reader.rest(), b"")
        self.assertEqual(self.owner.calls, [("half", True)])
        self.reader.send(b"late")
        self.reader.half_close()
        self.assertEqual(self.writer.rest(), b"late")
        self.assertEqual(self.owner.calls, [("half", True), "ended"])

    def test_end_behind_much(self) -> None:
        """
        The end is passed on behind everything that waits.
        """
        self.relay.begin(b"", b"")
        data = os.urandom(300_000)
        sent = 0
        for _ in range(50):
            sent += self.writer.try_send(data[sent:])
            self.turn()
        self.writer.half_close()
        self.turn(3)
        self.assertTrue(self.reader.rest() == data[:sent])

    def test_broken(self) -> None:
        """
        The owner is told once who failed.
        """
        self.relay.begin(b"", b"")
        self.reader.reset()
        self.until(lambda: bool(self.owner.calls))
        self.turn(2)
        self.assertEqual(self.owner.calls, [("broken", False)])
