"""
Tests for L{mwproxy.net.tcp_client} and the relay it uses.
"""

from __future__ import annotations

import hashlib
import random

from tests.net.plane import Peer, PlaneTestCase

TCP = (
    "frontend f\n bind 127.0.0.1:8000\n mode tcp\n LOG\n default_backend b\n"
    "backend b\n mode tcp\n {lines}\n server s 127.0.0.1:{port} {words}\n"
)


class TcpTestCase(PlaneTestCase):
    """
    A test with one server.
    """

    def begin(self, lines: str = "", words: str = "", settings: str = "") -> tuple[Peer, Peer]:
        """
        Let a client connect through.

        @return: The client and the server.
        """
        self.the_origin = self.origin()
        self.start(TCP.format(port=self.the_origin.port, lines=lines, words=words), settings)
        client = self.client()
        return client, self.the_origin.accept()


class RelayTests(TcpTestCase):
    """
    Tests for bytes in both directions.
    """

    def test_both_ways(self) -> None:
        """
        Bytes pass both ways and are counted.
        """
        client, server = self.begin()
        client.send(b"ping")
        self.assertEqual(server.take(4), b"ping")
        server.send(b"pong!")
        self.assertEqual(client.take(5), b"pong!")
        client.close()
        self.assertEqual(server.rest(), b"")
        server.close()
        self.assertEqual(self.logged()[0][:16], "f b/s -- 0 4 5 0")
        for counters in (self.frontend().counters, self.backend().counters):
            self.assertEqual((counters.bin, counters.bout), (4, 5))

    def test_server_first(self) -> None:
        """
        A server that speaks first is heard by a client that says nothing.
        """
        client, server = self.begin()
        server.send(b"220 hello\r\n")
        self.assertEqual(client.take(11), b"220 hello\r\n")

    def test_said_before_the_connection(self) -> None:
        """
        What the client says at once reaches the server, even if it then ends its side.
        """
        origin = self.origin()
        self.start(TCP.format(port=origin.port, lines="", words=""))
        client = self.client()
        client.try_send(b"question")
        client.half_close()
        server = origin.accept()
        self.assertEqual(server.rest(), b"question")
        server.send(b"answer")
        server.close()
        self.assertEqual(client.rest(), b"answer")
        self.assertEqual(self.logged()[0][:16], "f b/s -- 0 8 6 0")

    def test_half_closed_by_the_server(self) -> None:
        """
        A server that has ended its side still gets what the client sends.
        """
        client, server = self.begin()
        server.send(b"bye")
        server.half_close()
        self.assertEqual(client.rest(), b"bye")
        client.send(b"still here")
        self.assertEqual(server.take(10), b"still here")
        client.close()
        self.assertEqual(server.rest(), b"")
        self.logged()

    def test_broken_by_the_client(self) -> None:
        """
        A client that resets is C{CD}.
        """
        client, server = self.begin()
        client.send(b"a")
        server.take(1)
        client.reset()
        server.rest()
        self.assertEqual(self.logged()[0][:11], "f b/s CD 0 ")

    def test_broken_by_the_server(self) -> None:
        """
        A server that resets is C{SD}.
        """
        client, server = self.begin()
        client.send(b"a")
        server.take(1)
        server.reset()
        client.rest()
        self.assertEqual(self.logged()[0][:11], "f b/s SD 0 ")

    def pass_much(self, settings: str) -> int:
        """
        Pass large amounts both ways at one time.

        @param settings: Lines of C{global}.

        @return: How much of it was spliced.
        """
        client, server = self.begin(settings=settings)
        data = random.Random(4).randbytes(8_000_000)
        sent = {client: 0, server: 0}
        got = {client: bytearray(), server: bytearray()}

        def done() -> bool:
            for peer in (client, server):
                sent[peer] += peer.try_send(data[sent[peer] : sent[peer] + 400_000])
                peer.pump()
                got[peer] += peer.inbuf
                peer.inbuf = b""
            return all(len(each) == len(data) for each in got.values())

        self.until(done)
        for each in got.values():
            self.assertEqual(hashlib.sha256(each).digest(), hashlib.sha256(data).digest())
        return self.plane.state.bytes_spliced

    def test_large_both_ways(self) -> None:
        """
        Large amounts pass both ways at one time, mostly outside the process.
        """
        self.assertGreater(self.pass_much(""), 1_000_000)

    def test_large_copied(self) -> None:
        """
        So they do without C{splice}.
        """
        self.assertEqual(self.pass_much("  nosplice\n"), 0)

    def test_slow_reader(self) -> None:
        """
        Who does not read stops who writes.
        """
        client, server = self.begin()
        total = 0
        for _ in range(200):
            total += client.try_send(b"x" * 500_000)
            self.turn()
        self.assertLess(total, 30_000_000)
        session = self.session
        self.assertLessEqual(len(session.stream.link.out), self.plane.bufsize)
        got = 0

        def moved() -> bool:
            nonlocal got
            server.pump()
            got += len(server.inbuf)
            server.inbuf = b""
            return got == total

        self.until(moved)
        client.half_close()
        self.assertEqual(server.rest(), b"")


class TimeoutTests(TcpTestCase):
    """
    Tests for timeouts.
    """

    def test_client(self) -> None:
        """
        Silence ends a session after the shorter of C{timeout client} and C{timeout server}.
        """
        client, server = self.begin()
        self.advance(9)
        client.send(b"x")
        server.take(1)
        self.advance(9)
        client.quiet()
        self.advance(1.1)
        self.assertEqual((client.rest(), server.rest()), (b"", b""))
        self.assertEqual(self.logged()[0][:11], "f b/s cD 0 ")

    def test_server(self) -> None:
        """
        It is the server's fault when its timeout is the shorter.
        """
        client, _ = self.begin("timeout server 4s")
        self.advance(4.1)
        client.rest()
        self.assertEqual(self.logged()[0][:11], "f b/s sD 0 ")

    def test_half_closed(self) -> None:
        """
        C{timeout server-fin} limits how long one side stays open alone.
        """
        client, server = self.begin("timeout server-fin 2s")
        server.half_close()
        client.rest()
        self.advance(1.9)
        client.send(b"x")
        server.take(1)
        self.advance(60)
        self.logged()

    def test_tunnel(self) -> None:
        """
        C{timeout tunnel} replaces both.
        """
        client, _ = self.begin("timeout tunnel 100s")
        self.advance(99)
        client.quiet()
        self.advance(1.1)
        client.rest()
        self.logged()


class RefusedTests(TcpTestCase):
    """
    Tests for sessions that get no server.
    """

    def test_refused(self) -> None:
        """
        A server that refuses ends the session: C{SC}.
        """
        self.start(TCP.format(port=self.dead_port(), lines="retries 1", words=""))
        client = self.client()
        client.quiet()
        self.advance(1.1)
        self.assertEqual(client.rest(), b"")
        self.assertEqual(self.logged(), ["f b/s SC 0 0 0 1 1/0/0/0/0 <BADREQ>"])

    def test_no_server(self) -> None:
        """
        So does a backend without usable servers.
        """
        self.start(TCP.format(port=1, lines="", words="disabled"))
        client = self.client()
        self.assertEqual(client.rest(), b"")
        self.assertEqual(self.logged()[0][:17], "f b/<NOSRV> SC 0 ")

    def test_no_backend(self) -> None:
        """
        And a frontend without backend.
        """
        self.start("frontend f\n bind 127.0.0.1:8000\n mode tcp\n LOG\n")
        client = self.client()
        self.assertEqual(client.rest(), b"")
        self.assertEqual(self.logged()[0][:17], "f f/<NOSRV> SC 0 ")

    def test_queue(self) -> None:
        """
        Sessions wait for a full server, and leave the queue when their client does.
        """
        first, server = self.begin(words="maxconn 1")
        second = self.client()
        third = self.client()
        self.turn(3)
        self.assertEqual(len(self.backend().queue), 2)
        second.reset()
        self.assertEqual(self.logged()[0][:17], "f b/<NOSRV> CQ 0 ")
        third.send(b"hello")
        self.turn(2)
        first.close()
        server.close()
        self.logged()
        server = self.the_origin.accept()
        self.assertEqual(server.take(5), b"hello")
        third.close()
        server.close()

    def test_queue_timeout(self) -> None:
        """
        C{timeout queue} ends the wait: C{sQ}.
        """
        self.begin("timeout queue 2s", "maxconn 1")
        second = self.client()
        self.advance(2.1)
        self.assertEqual(second.rest(), b"")
        self.assertEqual(self.logged()[0][:17], "f b/<NOSRV> sQ 0 ")

    def test_much_said_while_it_waits(self) -> None:
        """
        What a client sends while it waits is kept within a buffer, and none of it is lost.
        """
        first, server = self.begin(words="maxconn 1")
        second = self.client()
        data = b"0123456789" * 10_000
        second.try_send(data)
        self.turn(10)
        waiting = self.backend().queue[0]
        self.assertEqual(len(waiting.inbuf), self.plane.bufsize)
        first.close()
        server.close()
        server = self.the_origin.accept()
        second.half_close()
        self.assertEqual(server.rest(), data)

    def test_killed(self) -> None:
        """
        A session that is killed is C{KD}.
        """
        client, server = self.begin()
        session = self.session
        session.stream.kill()
        self.assertEqual((client.rest(), server.rest()), (b"", b""))
        self.assertEqual(self.logged()[0][:11], "f b/s KD 0 ")
