"""
Tests for L{mwproxy.process.exposure}, with the other side of the exchange.
"""

from __future__ import annotations

import os
import socket
import struct
import tempfile
import threading
from collections.abc import Sequence

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.exposure import Exposure, describe, sender
from mwproxy.process.getsocks import REQUEST, fetch_listeners

ROW = bytes(6)


class ExposureTests(SynchronousTestCase):
    """
    Giving sockets away.
    """

    def setUp(self) -> None:
        self.sent: list[tuple[bytes, list[int]]] = []
        self.broken = False

    def send(self, data: bytes, fds: Sequence[int]) -> None:
        if self.broken:
            raise BrokenPipeError
        self.sent.append((data, list(fds)))

    def make(self, count: int) -> Exposure:
        sock = socket.socket(socket.AF_UNIX)
        self.addCleanup(sock.close)
        self.fd = sock.fileno()
        exposure = Exposure([sock] * count, self.send)
        exposure.begin()
        return exposure

    def test_messages(self) -> None:
        """
        At most 252 are sent at a time; the rest waits for the acknowledgement, in whatever pieces
        it comes.
        """
        exposure = self.make(300)
        self.assertEqual(self.sent, [(struct.pack("=i", 300), []), (ROW * 252, [self.fd] * 252)])
        exposure.received(b"\0\0\0")
        self.assertEqual(len(self.sent), 2)
        exposure.received(b"\0\0")
        self.assertEqual(self.sent[2], (ROW * 48, [self.fd] * 48))
        self.assertFalse(exposure.over)
        exposure.received(b"\0\0\0")
        self.assertTrue(exposure.over)

    def test_garbage(self) -> None:
        """
        Whatever else the peer sends ends the exchange, not more.
        """
        exposure = self.make(1)
        exposure.received(b"x" * 1000)
        self.assertTrue(exposure.over)
        exposure.received(b"x" * 1000)
        self.assertEqual(len(self.sent), 2)

    def test_nothing(self) -> None:
        """
        To have none is an answer too.
        """
        self.assertTrue(self.make(0).over)
        self.assertEqual(self.sent, [(bytes(4), [])])

    def test_peer_is_gone(self) -> None:
        """
        A peer that is gone ends it, at the first or at a later message.
        """
        exposure = self.make(300)
        self.broken = True
        exposure.received(bytes(4))
        self.assertTrue(exposure.over)
        self.assertTrue(self.make(1).over)

    def test_interface(self) -> None:
        """
        The interface that a socket is bound to stands beside it.
        """
        with socket.socket() as sock:
            self.assertEqual(describe(sock), ROW)
            if os.geteuid() == 0:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")
                self.assertEqual(describe(sock), b"\0\2lo" + bytes(4))

    def test_both_sides(self) -> None:
        """
        What is given is what is taken.
        """
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        server = socket.socket(socket.AF_UNIX)
        self.addCleanup(server.close)
        server.bind(f"{directory.name}/s")
        server.listen()
        given = [socket.create_server(("127.0.0.1", 0)) for _ in range(300)]
        for sock in given:
            self.addCleanup(sock.close)

        def serve() -> None:
            with server.accept()[0] as peer:
                self.request = peer.recv(100)
                exposure = Exposure(given, sender(peer))
                exposure.begin()
                while not exposure.over:
                    exposure.received(peer.recv(100))

        thread = threading.Thread(target=serve)
        thread.start()
        taken = fetch_listeners(f"{directory.name}/s")
        thread.join()
        for each in taken.values():
            self.addCleanup(each.close)
        self.assertEqual(self.request, REQUEST)
        self.assertEqual(
            {sock.getsockname() for sock in given},
            {sock.getsockname() for sock in taken.values()},
        )
