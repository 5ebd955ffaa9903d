"""
Tests for L{mwproxy.net.endpoint}, and for what server connections make of it.
"""

from __future__ import annotations

import socket
from typing import Any

from mwproxy.net import server_link
from mwproxy.net.endpoint import ENDPOINT_SLOTS, UNWATCHED, Endpoint
from mwproxy.net.reactor import BROKEN, READ, WRITE
from mwproxy.net.server_link import ServerLink
from tests.net.plane import PlaneTestCase


class End(Endpoint):
    """
    An endpoint that notes its events.
    """

    __slots__ = (*ENDPOINT_SLOTS, "events")

    events: list[int]

    def event(self, event: int) -> None:
        self.events.append(event)


class Owner:
    """
    A stream that uses a link.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []

    def link_ready(self, link: ServerLink) -> None:
        self.calls.append("ready")

    def link_refused(self, link: ServerLink, reason: str) -> None:
        self.calls.append(f"refused: {reason}")

    def link_broken(self) -> None:
        self.calls.append("broken")


class EndpointTests(PlaneTestCase):
    """
    Tests for L{Endpoint}.
    """

    def setUp(self) -> None:
        super().setUp()
        self.start("frontend f\n bind 127.0.0.1:8000\n")
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self.theirs = self.peer(theirs)
        self.end = End()
        self.end.events = []
        self.end.adopt(self.plane, ours)
        self.end.mask = READ
        self.reactor.watch(self.end.fd, READ, self.end.event)
        self.addCleanup(self.end.close_socket)

    def fill(self) -> bytes:
        """
        Write more than the kernel takes.

        @return: All of it.
        """
        data = b"0123456789" * 100_000
        self.assertFalse(self.end.write(data))
        return data

    def test_written_at_once(self) -> None:
        """
        What the kernel takes leaves nothing behind.
        """
        self.assertTrue(self.end.write(b"abc"))
        self.assertEqual((self.end.out, self.end.mask), (b"", READ))
        self.assertEqual(self.theirs.take(3), b"abc")

    def test_written_later(self) -> None:
        """
        What it does not take waits in order, and the descriptor is watched until it is gone.
        """
        data = self.fill()
        self.assertEqual(self.end.mask, READ | WRITE)
        self.assertFalse(self.end.write(b"more"))
        got = b""
        while self.end.out:
            self.theirs.pump()
            got += self.theirs.inbuf
            self.theirs.inbuf = b""
            self.end.flush()
        self.assertEqual(got + self.theirs.take(len(data) + 4 - len(got)), data + b"more")
        self.assertEqual(self.end.mask, READ)

    def test_flush_while_full(self) -> None:
        """
        Flushing what the kernel does not take changes nothing.
        """
        self.fill()
        left = len(self.end.out)
        self.assertFalse(self.end.flush())
        self.assertEqual(len(self.end.out), left)
        self.end.out = b""
        self.assertTrue(self.end.flush())

    def test_pause(self) -> None:
        """
        A paused endpoint hears nothing.
        """
        self.end.pause_reading()
        self.theirs.send(b"x")
        self.turn(2)
        self.assertEqual(self.end.events, [])
        self.end.resume_reading()
        self.turn()
        self.assertEqual(self.end.events, [READ])

    def test_hang_up_of_both_sides(self) -> None:
        """
        A hang-up while nothing is wanted is no failure if both sides have merely ended: the
        descriptor is left alone until somebody wants to read what is left.
        """
        self.theirs.send(b"last words")
        self.end.pause_reading()
        self.end.shut()
        self.theirs.half_close()
        self.turn()
        self.assertTrue(self.end.events[0] & BROKEN)
        self.assertFalse(self.end.failed())
        self.assertEqual(self.end.mask, UNWATCHED)
        self.end.pause_reading()
        self.end.events.clear()
        self.turn(2)
        self.assertEqual(self.end.events, [])
        self.end.resume_reading()
        self.turn()
        self.assertTrue(self.end.events[0] & READ)
        self.assertEqual(self.end.recv(100), b"last words")

    def test_event_of_another_socket(self) -> None:
        """
        A hang-up that cannot be read was told of a socket that had the descriptor before.
        """
        self.assertFalse(self.end.failed())
        self.assertEqual(self.end.mask, READ)

    def test_closed_twice(self) -> None:
        """
        Closing twice does nothing, shutting a closed one neither.
        """
        self.end.close_socket()
        self.end.close_socket()
        self.end.shut()
        self.assertEqual((self.end.fd, self.end.out), (-1, b""))


class ServerLinkTests(PlaneTestCase):
    """
    Tests for L{ServerLink}.
    """

    def setUp(self) -> None:
        super().setUp()
        self.listening = self.origin()
        self.start(
            "frontend f\n bind 127.0.0.1:8000\n default_backend b\n"
            f"backend b\n server s 127.0.0.1:{self.listening.port}\n"
        )
        self.owner = Owner()
        self.link = ServerLink(self.plane, self.server())
        self.addCleanup(self.link.close)

    def connect(self, port: int = 0) -> None:
        """
        Begin to connect.
        """
        self.link.connect(self.owner, ("127.0.0.1", port or self.listening.port))

    def test_ready(self) -> None:
        """
        The owner is told when the connection stands.
        """
        self.connect()
        self.until(lambda: self.owner.calls == ["ready"])
        self.assertEqual(self.link.mask, READ)
        self.listening.accept()

    def test_own_host(self) -> None:
        """
        A connection within the machine need not be waited for.
        """
        self.connect()
        self.assertEqual(self.owner.calls, ["ready"])
        self.assertEqual(self.link.mask, READ)

    def test_full_backlog(self) -> None:
        """
        One that has to be waited for all the same is waited for.
        """
        full = self.origin(backlog=0)
        for _ in range(3):
            waiting = socket.socket()
            self.addCleanup(waiting.close)
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", full.port))
        self.connect(full.port)
        self.assertEqual((self.owner.calls, self.link.mask), ([], WRITE))

    def test_refused(self) -> None:
        """
        The owner is told why it does not.
        """
        self.connect(self.dead_port())
        self.assertEqual(self.owner.calls, [])
        self.until(lambda: self.owner.calls == ["refused: Connection refused"])
        self.assertEqual(self.link.fd, -1)

    def test_unusable_address(self) -> None:
        """
        An address that cannot be used is a refusal too, which is not told within the attempt.
        """
        self.link.connect(self.owner, ("255.255.255.255", 1))
        self.assertEqual(self.owner.calls, [])
        self.until(lambda: bool(self.owner.calls))
        self.assertEqual(self.owner.calls[0][:8], "refused:")

    def test_given_up(self) -> None:
        """
        An owner that has given up by then is not told.
        """
        self.link.connect(self.owner, ("255.255.255.255", 1))
        self.link.close()
        self.turn()
        self.assertEqual(self.owner.calls, [])

    def test_no_descriptors(self) -> None:
        """
        So is the want of descriptors.
        """

        def fail(*_: Any) -> None:
            raise OSError(24, "Too many open files")

        self.patch(socket, "SocketType", fail)
        self.connect()
        self.until(lambda: self.owner.calls == ["refused: Too many open files"])

    def test_event_of_another_socket(self) -> None:
        """
        While it connects, an event for reading was meant for another socket.
        """
        self.patch(server_link, "_OWN_HOST", ())
        self.connect()
        for event in (READ, READ | WRITE, BROKEN):
            self.link._connecting(event)
        self.assertEqual(self.owner.calls, [])
        self.until(lambda: self.owner.calls == ["ready"])
        self.listening.accept()

    def test_broken_in_use(self) -> None:
        """
        The owner is told of a failure while nothing is read.
        """
        self.connect()
        self.until(lambda: bool(self.owner.calls))
        self.link.pause_reading()
        self.listening.accept().reset()
        self.until(lambda: self.owner.calls == ["ready", "broken"])

    def test_broken_while_idle(self) -> None:
        """
        An idle connection that fails leaves its pool.
        """
        self.connect()
        self.until(lambda: bool(self.owner.calls))
        self.link.pause_reading()
        self.link.rest(1.0)
        self.server().idle.append(self.link)
        self.listening.accept().reset()
        self.until(lambda: not self.server().idle)
        self.assertEqual((self.owner.calls, self.link.fd), (["ready"], -1))

    def test_reset(self) -> None:
        """
        A reset leaves no connection behind; resetting a closed one does nothing.
        """
        self.connect()
        self.until(lambda: bool(self.owner.calls))
        server = self.listening.accept()
        self.link.reset()
        self.link.reset()
        server.rest()
        self.assertTrue(server.was_reset)
