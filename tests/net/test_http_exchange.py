"""
Tests for L{mwproxy.net.http_exchange}: requests and their bodies go to servers.
"""

from __future__ import annotations

import hashlib
import random

from tests.net.plane import Origin, Peer, PlaneTestCase, get, response

ONE = (
    "frontend f\n bind 127.0.0.1:8000\n LOG\n {front}\n default_backend b\n"
    "backend b\n {lines}\n server s 127.0.0.1:{port} {words}\n"
)
POST = b"POST / HTTP/1.1\r\nhost: a\r\n"


class ExchangeTestCase(PlaneTestCase):
    """
    A test with one server.
    """

    def begin(self, lines: str = "", words: str = "", front: str = "") -> Origin:
        """
        Start with one server.
        """
        self.the_origin = self.origin()
        self.start(ONE.format(port=self.the_origin.port, lines=lines, words=words, front=front))
        return self.the_origin

    def exchange(self, client: Peer, server: Peer | None, request: bytes | None = None) -> Peer:
        """
        Let one whole exchange take place.

        @param server: The connection that must be used, L{None} for a new one.

        @return: The connection that was used.
        """
        client.send(request or get())
        if server is None:
            server = self.the_origin.accept()
        server.head()
        server.send(response())
        client.message()
        return server


class KeepAliveTests(ExchangeTestCase):
    """
    Tests for requests one after the other.
    """

    def test_both_connections_live_on(self) -> None:
        """
        A second request of a client goes over the same two connections.
        """
        origin = self.begin()
        client = self.client()
        client.send(get("/1"))
        server = origin.accept()
        self.assertEqual(server.head(), b"GET /1 HTTP/1.1\r\nhost: a\r\n\r\n")
        server.send(response())
        self.assertEqual(
            client.message(), (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", b"hello")
        )
        client.send(get("/2"))
        self.assertEqual(server.head(), b"GET /2 HTTP/1.1\r\nhost: a\r\n\r\n")
        server.send(response())
        client.message()
        client.close()
        self.assertEqual(self.logged(2), ["f b/s -- 200 28 43 0 1/0/0/0/0 GET"] * 2)
        counters = self.server().counters
        self.assertEqual((counters.connect, counters.reuse, counters.stot), (1, 1, 2))

    def test_server_close(self) -> None:
        """
        With C{option http-server-close} only the client's connection lives on.
        """
        self.begin("option http-server-close")
        client = self.client()
        for _ in range(2):
            client.send(get())
            server = self.the_origin.accept()
            self.assertEqual(
                server.head(), b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
            )
            server.send(response())
            self.assertNotIn(b"close", client.message()[0])
            self.assertEqual(server.rest(), b"")

    def test_close(self) -> None:
        """
        With C{option httpclose} neither does.
        """
        self.begin("option httpclose")
        client = self.client()
        client.send(get())
        server = self.the_origin.accept()
        self.assertIn(b"connection: close\r\n", server.head())
        server.send(response())
        self.assertIn(b"connection: close\r\n", client.message()[0])
        self.assertEqual((client.rest(), server.rest()), (b"", b""))

    def test_client_asks_to_close(self) -> None:
        """
        A client that says so is closed on; its server connection lives on.
        """
        self.begin()
        client = self.client()
        server = self.exchange(client, None, get(lines="connection: close\r\n"))
        self.assertEqual(client.rest(), b"")
        self.assertEqual(len(self.server().idle), 1)
        server.close()
        self.until(lambda: not self.server().idle)

    def test_server_asks_to_close(self) -> None:
        """
        A server that says so is not asked again.
        """
        self.begin()
        client = self.client()
        for _ in range(2):
            client.send(get())
            server = self.the_origin.accept()
            server.head()
            server.send(response(head=b"connection: close\r\n"))
            self.assertNotIn(b"close", client.message()[0])
            self.assertEqual(server.rest(), b"")

    def test_old_versions(self) -> None:
        """
        HTTP/1.0 connections live on when both say so.
        """
        self.begin()
        client = self.client()
        client.send(b"GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n")
        server = self.the_origin.accept()
        self.assertEqual(server.head(), b"GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n")
        server.send(b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\nconnection: keep-alive\r\n\r\n")
        self.assertIn(b"connection: keep-alive\r\n", client.head())
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        server.head()
        server.send(b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n")
        self.assertIn(b"connection: close\r\n", client.head())
        self.assertEqual((client.rest(), server.rest()), (b"", b""))


class ReuseTests(ExchangeTestCase):
    """
    Tests for C{http-reuse}.
    """

    def first_of_another(self, mode: str, used: int = 1) -> bool:
        """
        Let one client use a connection, then another one begin.

        @return: Whether the other one got the same connection.
        """
        origin = self.begin(f"http-reuse {mode}")
        one = self.client()
        server: Peer | None = None
        for _ in range(used):
            server = self.exchange(one, server)
        assert server is not None
        other = self.client()
        other.send(get("/other"))
        self.turn(5)
        server.pump()
        if server.inbuf:
            server.head()
            server.send(response())
            other.message()
            return True
        new = origin.accept()
        new.head()
        new.send(response())
        other.message()
        return False

    def test_safe(self) -> None:
        """
        C{safe}: the first request of a session never gets a used connection.
        """
        self.assertFalse(self.first_of_another("safe", 3))

    def test_always(self) -> None:
        """
        C{always}: it does.
        """
        self.assertTrue(self.first_of_another("always"))

    def test_aggressive_new(self) -> None:
        """
        C{aggressive}: not if the connection was never reused.
        """
        self.assertFalse(self.first_of_another("aggressive"))

    def test_aggressive_proven(self) -> None:
        """
        C{aggressive}: it does if the connection was reused before.
        """
        self.assertTrue(self.first_of_another("aggressive", 3))

    def test_never(self) -> None:
        """
        C{never}: a session keeps its own connection, which goes with it.
        """
        self.begin("http-reuse never")
        one = self.client()
        server = self.exchange(one, None)
        self.exchange(one, server)
        other = self.client()
        second = self.exchange(other, None)
        self.assertEqual(self.server().idle, [])
        one.close()
        self.assertEqual(server.rest(), b"")
        self.exchange(other, second)

    def test_never_and_dead(self) -> None:
        """
        C{never}: an own connection that the server closed is replaced.
        """
        self.begin("http-reuse never")
        client = self.client()
        self.exchange(client, None).close()
        self.turn(3)
        self.exchange(client, None)


class DeadConnectionTests(ExchangeTestCase):
    """
    Tests for reused connections that turn out to be dead.
    """

    def used(self, request: bytes) -> tuple[Peer, Peer]:
        """
        Let a request go over a connection that has served before.
        """
        self.begin()
        client = self.client()
        server = self.exchange(client, None)
        self.logged()
        client.send(request)
        server.head()
        return client, server

    def test_repeated(self) -> None:
        """
        A request that may be sent again is, over a new connection.
        """
        client, server = self.used(get("/2"))
        server.close()
        server = self.the_origin.accept()
        self.assertEqual(server.head(), get("/2"))
        server.send(response())
        client.message()
        self.assertEqual(self.logged(), ["f b/s -- 200 28 43 0 1/0/0/0/0 GET"])

    def test_put_with_its_body(self) -> None:
        """
        So is a C{PUT} whose body is still at hand.
        """
        put = b"PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n"
        client, server = self.used(put + b"hello")
        server.take(5)
        server.close()
        server = self.the_origin.accept()
        self.assertEqual(server.head(), put)
        self.assertEqual(server.take(5), b"hello")
        server.send(response())
        client.message()

    def test_put_without_its_body(self) -> None:
        """
        A C{PUT} whose body was passed on already is not: it would be sent without it.
        """
        put = b"PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n"
        client, server = self.used(put)
        client.send(b"hello")
        server.take(5)
        self.turn(3)
        server.close()
        self.assertEqual(client.rest(), b"")
        self.the_origin.idle()

    def test_post(self) -> None:
        """
        A C{POST} is not repeated: the client's connection is closed, so that it decides itself.
        """
        client, server = self.used(POST + b"content-length: 0\r\n\r\n")
        server.close()
        self.assertEqual(client.rest(), b"")
        self.the_origin.idle()
        self.assertEqual(self.logged()[0][:12], "f b/s SH -1 ")

    def test_answer_had_begun(self) -> None:
        """
        Nor is one that was being answered: 502.
        """
        client, server = self.used(get())
        server.send(b"HTTP/1.1 200")
        self.turn(2)
        server.close()
        self.assertEqual(client.head()[:12], b"HTTP/1.1 502")
        self.the_origin.idle()

    def test_closed_while_idle(self) -> None:
        """
        A connection that closes while nobody uses it is forgotten.
        """
        self.begin()
        client = self.client()
        self.exchange(client, None).close()
        self.until(lambda: not self.server().idle)
        self.exchange(client, None)

    def test_speaks_while_idle(self) -> None:
        """
        One that speaks without being asked is closed: its words belong to nobody.
        """
        self.begin()
        client = self.client()
        server = self.exchange(client, None)
        server.send(b"HTTP/1.1 408 Too Late\r\ncontent-length: 0\r\n\r\n")
        server.rest()
        self.assertEqual(self.server().idle, [])
        self.exchange(client, None)


class RequestBodyTests(ExchangeTestCase):
    """
    Tests for bodies of requests.
    """

    def test_cut_at_each_byte(self) -> None:
        """
        A body with a length passes however it arrives, with a request right behind it.
        """
        self.begin()
        client = self.client()
        server = self.exchange(client, None)
        head = POST + b"content-length: 5\r\n\r\n"
        whole = head + b"hello" + get("/next")
        for cut in range(1, len(whole)):
            client.send(whole[:cut])
            self.turn(2)
            client.send(whole[cut:])
            self.assertEqual(server.head(), head)
            self.assertEqual(server.take(5), b"hello")
            server.send(response(b"one"))
            self.assertEqual(client.message()[1], b"one")
            self.assertEqual(server.head(), get("/next"))
            server.send(response(b"two"))
            self.assertEqual(client.message()[1], b"two")
        self.assertEqual({line.split()[4] for line in self.logged()[1::2]}, {str(len(head) + 5)})

    def test_chunked_cut_at_each_byte(self) -> None:
        """
        So does a chunked one, with its trailers.
        """
        self.begin()
        client = self.client()
        server = self.exchange(client, None)
        body = b"5;a=b\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n"
        head = POST + b"transfer-encoding: chunked\r\n\r\n"
        whole = head + body + get("/next")
        for cut in range(1, len(whole)):
            client.send(whole[:cut])
            self.turn(2)
            client.send(whole[cut:])
            self.assertEqual(server.head(), head)
            self.assertEqual(server.take(len(body)), body)
            server.send(response(b"one"))
            self.assertEqual(client.message()[1], b"one")
            self.assertEqual(server.head(), get("/next"))
            server.send(response(b"two"))
            self.assertEqual(client.message()[1], b"two")
        sizes = {line.split()[4] for line in self.logged()[1::2]}
        self.assertEqual(sizes, {str(len(head + body))})

    def test_slow_server(self) -> None:
        """
        While a server does not read, its client is not read either; nothing is lost.
        """
        origin = self.begin()
        client = self.client()
        body = random.Random(5).randbytes(20_000_000)
        data = POST + b"content-length: %d\r\n\r\n%b" % (len(body), body)
        sent = 0
        for _ in range(100):
            sent += client.try_send(data[sent : sent + 500_000])
            self.turn()
        server = origin.accept()
        self.assertLess(sent, len(data) - 1_000_000)
        session = self.session
        self.assertLessEqual(len(session.stream.link.out), self.plane.bufsize)
        server.head()
        got = bytearray()
        while len(got) < len(body):
            sent += client.try_send(data[sent : sent + 500_000])
            self.turn()
            server.pump()
            got += server.inbuf
            server.inbuf = b""
        self.assertEqual(hashlib.sha256(got).digest(), hashlib.sha256(body).digest())
        server.send(response())
        client.message()
        self.assertEqual(self.logged()[0].split()[4], str(len(data)))
        self.exchange(client, server)

    def test_early_answer(self) -> None:
        """
        An answer before the end of the body passes, and ends both connections.
        """
        self.begin()
        client = self.client()
        client.send(POST + b"content-length: 100000\r\n\r\n" + b"x" * 1000)
        server = self.the_origin.accept()
        server.head()
        server.send(response(b"too large"))
        head, body = client.message()
        self.assertIn(b"connection: close\r\n", head)
        self.assertEqual(body, b"too large")
        self.assertEqual(client.rest(), b"")
        self.assertEqual(self.logged()[0][:13], "f b/s -- 200 ")

    def test_answer_then_reset(self) -> None:
        """
        A server that answers and then resets the connection, because it does not want the
        body, is heard nevertheless.
        """
        self.begin()
        client = self.client()
        client.send(POST + b"content-length: 100000\r\n\r\n")
        server = self.the_origin.accept()
        server.head()
        server.sock.send(response(b"no"))
        server.close()
        client.try_send(b"x" * 50000)
        self.assertEqual(client.message()[1], b"no")

    def test_client_leaves_within(self) -> None:
        """
        A client that goes in the middle of its body is C{CD}; its server sees the end.
        """
        for leave in (Peer.close, Peer.reset):
            if self.service.plane is None:
                self.begin()
            client = self.client()
            client.send(POST + b"content-length: 10\r\n\r\nhel")
            server = self.the_origin.accept()
            server.head()
            server.take(3)
            leave(client)
            self.assertEqual(server.rest(), b"")
            self.assertEqual(self.logged()[0][:12], "f b/s CD -1 ")

    def test_server_leaves_within(self) -> None:
        """
        A server that goes in the middle of the body is a 502.
        """
        self.begin()
        client = self.client()
        client.send(POST + b"content-length: 100000\r\n\r\n" + b"x" * 1000)
        server = self.the_origin.accept()
        server.head()
        server.take(1000)
        server.reset()
        self.assertEqual(client.head()[:12], b"HTTP/1.1 502")
        self.assertEqual(self.logged()[0][:13], "f b/s SH 502 ")

    def test_bad_chunk(self) -> None:
        """
        Broken coding is a 400 C{PH}, and the server sees the end.
        """
        self.begin()
        client = self.client()
        client.send(POST + b"transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n")
        server = self.the_origin.accept()
        server.head()
        server.take(10)
        client.send(b"zz\r\n")
        self.assertEqual(client.head()[:12], b"HTTP/1.1 400")
        self.assertEqual(server.rest(), b"")
        self.assertEqual(self.logged()[0][:13], "f b/s PH 400 ")

    def test_bad_chunk_with_the_head(self) -> None:
        """
        Broken coding from the start never gets to a server.
        """
        self.begin()
        client = self.client()
        client.send(POST + b"transfer-encoding: chunked\r\n\r\nzz\r\n")
        self.assertEqual(client.head()[:12], b"HTTP/1.1 400")
        client.rest()
        self.the_origin.idle()
        self.assertEqual(self.logged()[0][12:19], "PR 400 ", self.log)

    def test_body_to_a_retried_server(self) -> None:
        """
        What came with the head is sent to the server that is found in the end.
        """
        origin = self.origin()
        self.start(
            "frontend f\n bind 127.0.0.1:8000\n LOG\n default_backend b\n"
            f"backend b\n option redispatch 1\n server s 127.0.0.1:{self.dead_port()}\n"
            f" server t 127.0.0.1:{origin.port}\n"
        )
        client = self.client()
        client.send(POST + b"content-length: 10\r\n\r\nhello")
        server = origin.accept()
        server.head()
        self.assertEqual(server.take(5), b"hello")
        client.send(b"world")
        self.assertEqual(server.take(5), b"world")
        server.send(response())
        client.message()
