"""
Tests for L{mwproxy.net.http_response}: responses pass to clients.
"""

from __future__ import annotations

import hashlib
import random
import socket

from tests.net.plane import Peer, PlaneTestCase, get, response

ONE = (
    "frontend f\n bind 127.0.0.1:8000\n LOG\n default_backend b\n"
    "backend b\n {lines}\n server s 127.0.0.1:{port} {words}\n"
)
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


class ResponseTestCase(PlaneTestCase):
    """
    A test with one client and one server.
    """

    lines = ""
    words = ""
    settings = ""

    def begin(self, request: bytes | None = None, buffer: int = 0) -> tuple[Peer, Peer]:
        """
        Let a request come to the server.

        @return: The client and the server.
        """
        self.the_origin = self.origin()
        self.start(
            ONE.format(port=self.the_origin.port, lines=self.lines, words=self.words),
            self.settings,
        )
        client = self.client(buffer=buffer)
        client.send(get() if request is None else request)
        server = self.the_origin.accept()
        server.head()
        return client, server


class BodyTests(ResponseTestCase):
    """
    Tests for bodies of responses.
    """

    def test_cut_at_each_byte(self) -> None:
        """
        A response passes whole however its bytes arrive, and the connections live on.
        """
        whole = response(b"hello", b"X-Thing:  yes \r\n")
        client, server = self.begin()
        for cut in range(1, len(whole)):
            server.send(whole[:cut])
            self.turn(2)
            server.send(whole[cut:])
            self.assertEqual(
                client.message(),
                (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-thing: yes\r\n\r\n", b"hello"),
            )
            client.send(get())
            server.head()
        server.send(response())
        client.message()
        self.assertEqual(
            set(self.logged(len(whole))),
            {"f b/s -- 200 27 57 0 1/0/0/0/0 GET"} | {"f b/s -- 200 27 43 0 1/0/0/0/0 GET"},
        )

    def test_chunked_cut_at_each_byte(self) -> None:
        """
        A chunked response passes as it is coded, with its trailers, however its bytes arrive, and
        each of its bytes is counted once.
        """
        body = b"5;a=b\r\nhello\r\n3\r\nabc\r\n0\r\nx-sum: 1\r\n\r\n"
        client, server = self.begin()
        for cut in range(len(body) + 1):
            server.send(CHUNKED + body[:cut])
            self.turn(2)
            server.send(body[cut:])
            self.assertEqual(client.head(), CHUNKED)
            self.assertEqual(client.take(len(body)), body)
            client.send(get())
            server.head()
        server.send(response())
        client.message()
        size = len(CHUNKED) + len(body)
        lines = self.logged(len(body) + 2)[:-1]
        self.assertEqual(set(lines), {f"f b/s -- 200 27 {size} 0 1/0/0/0/0 GET"})

    def test_until_close(self) -> None:
        """
        A response without length ends with its connection, and so does the client's.
        """
        client, server = self.begin()
        server.send(b"HTTP/1.1 200 OK\r\n\r\nhel")
        self.assertEqual(client.head(), b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
        self.assertEqual(client.take(3), b"hel")
        server.send(b"lo")
        server.close()
        self.assertEqual(client.rest(), b"lo")
        self.assertEqual(self.logged(), ["f b/s -- 200 27 43 0 1/0/0/0/0 GET"])

    def test_large_with_slow_client(self) -> None:
        """
        While a client does not read, its server is not read either; nothing is lost, large
        bodies bypass the process, and both connections serve on.
        """
        body = random.Random(1).randbytes(20_000_000)
        client, server = self.begin(buffer=4096)
        data = response(body)
        sent = 0
        for _ in range(100):
            sent += server.try_send(data[sent:])
            self.turn()
        self.assertLess(sent, len(data) - 1_000_000)
        session = self.session
        self.assertLessEqual(len(session.out), self.plane.bufsize)
        self.assertEqual(client.head()[:15], b"HTTP/1.1 200 OK")
        found = hashlib.sha256()
        left = len(body)

        def moved() -> bool:
            nonlocal left, sent
            sent += server.try_send(data[sent : sent + 1_000_000])
            client.pump()
            found.update(client.inbuf)
            left -= len(client.inbuf)
            client.inbuf = b""
            return left <= 0

        self.until(moved, lambda: f"{left} bytes left")
        self.assertEqual(found.hexdigest(), hashlib.sha256(body).hexdigest())
        self.assertGreater(self.plane.state.bytes_spliced, 5_000_000)
        self.assertEqual(self.logged(), [f"f b/s -- 200 27 {len(data)} 0 1/0/0/0/0 GET"])
        client.send(get("/again"))
        self.assertEqual(server.head()[:10], b"GET /again")
        server.send(response())
        client.message()

    def test_copied_with_slow_client(self) -> None:
        """
        The same without C{splice}: what waits for the client stays within a buffer.
        """
        self.settings = "  nosplice\n"
        body = random.Random(2).randbytes(6_000_000)
        client, server = self.begin(buffer=4096)
        data = response(body)
        sent = 0
        session = self.session
        most = 0

        def full() -> bool:
            nonlocal sent, most
            before = sent
            sent += server.try_send(data[sent:])
            self.turn()
            most = max(most, len(session.out))
            return before == sent and bool(most)

        self.until(full)
        self.assertLessEqual(most, self.plane.bufsize)
        client.head()
        got = bytearray()
        while len(got) < len(body):
            sent += server.try_send(data[sent : sent + 500_000])
            self.turn()
            client.pump()
            got += client.inbuf
            client.inbuf = b""
            self.assertLessEqual(len(session.out), self.plane.bufsize)
        found = hashlib.sha256(got)
        self.assertEqual(found.hexdigest(), hashlib.sha256(body).hexdigest())
        self.assertEqual(self.plane.state.bytes_spliced, 0)
        client.send(get("/again"))
        self.assertEqual(server.head()[:10], b"GET /again")

    def test_large_chunks_bypass_the_process(self) -> None:
        """
        The payload of large chunks is spliced, the coding around it is not lost.
        """
        piece = random.Random(3).randbytes(300_000)
        client, server = self.begin()
        coded = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for _ in range(4)) + b"0\r\n\r\n"
        sent = server.try_send(CHUNKED + coded) - len(CHUNKED)
        self.assertEqual(client.head(), CHUNKED)
        got = b""
        while len(got) < len(coded):
            sent += server.try_send(coded[sent:])
            self.turn()
            client.pump()
            got += client.inbuf
            client.inbuf = b""
        self.assertEqual(hashlib.sha256(got).digest(), hashlib.sha256(coded).digest())
        self.assertGreater(self.plane.state.bytes_spliced, 500_000)
        client.send(get())
        server.head()

    def test_old_client_gets_payload(self) -> None:
        """
        A client of HTTP/1.0 gets the payload of a chunked response, up to the close.
        """
        client, server = self.begin(b"GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n")
        server.send(CHUNKED + b"5\r\nhello\r\n1")
        server.send(b"0\r\n0123456789abcdef\r\n0\r\n\r\n")
        self.assertEqual(
            client.rest(), b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello0123456789abcdef"
        )
        self.assertEqual(self.logged()[0][:13], "f b/s -- 200 ")

    def test_no_body(self) -> None:
        """
        Answers to C{HEAD}, 204 and 304 end with their head, whatever length they name.
        """
        client, server = self.begin(b"HEAD / HTTP/1.1\r\nhost: a\r\n\r\n")
        server.send(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n")
        client.head()
        for status in (b"204 No Content", b"304 Not Modified"):
            client.send(get())
            server.head()
            server.send(b"HTTP/1.1 %b\r\netag: x\r\n\r\n" % status)
            self.assertEqual(client.head(), b"HTTP/1.1 %b\r\netag: x\r\n\r\n" % status)
        client.send(get())
        server.head()
        server.send(b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n")
        client.head()
        client.send(get())
        server.head()
        server.send(response())
        self.assertEqual(client.message()[1], b"hello")

    def test_body_where_none_may_be(self) -> None:
        """
        What follows the head of a 204 or 304 is never passed on: a client would take it
        for the next response.
        """
        client, server = self.begin()
        server.send(b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\nhello")
        self.assertEqual(client.head(), b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n")
        client.quiet()
        client.send(get())
        server = self.the_origin.accept()
        server.head()
        server.send(b"HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nhello")
        client.head()
        client.quiet()

    def test_more_than_its_length(self) -> None:
        """
        What a server sends behind its response is thrown away with its connection.
        """
        client, server = self.begin()
        server.send(response() + b"HTTP/1.1 200 OK\r\n")
        self.assertEqual(client.message()[1], b"hello")
        client.quiet()
        self.assertEqual(server.rest(), b"")
        self.assertEqual(self.server().idle, [])

    def test_ends_while_client_is_slow(self) -> None:
        """
        A server connection whose response ended while the client was slow serves the next
        request: it is heard again.
        """
        client, server = self.begin(buffer=2048)
        session = self.session
        session.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        server.send(b"HTTP/1.1 200 OK\r\ncontent-length: 15000\r\n\r\n")
        client.head()
        server.send(b"x" * 15000)
        self.turn(3)
        self.assertNotEqual(session.out, b"")
        client.take(15000)
        for _ in range(3):
            client.send(get())
            server.head()
            server.send(response())
            self.assertEqual(client.message()[1], b"hello")


class InterimTests(ResponseTestCase):
    """
    Tests for responses before the final one.
    """

    def test_continue(self) -> None:
        """
        100 Continue passes to a client that waits for it before it sends its body.
        """
        client, server = self.begin(
            b"POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n"
        )
        server.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.assertEqual(client.head(), b"HTTP/1.1 100 Continue\r\n\r\n")
        client.send(b"hello")
        self.assertEqual(server.take(5), b"hello")
        server.send(response())
        self.assertEqual(client.message()[1], b"hello")
        client.send(get())
        server.head()

    def test_early_hints(self) -> None:
        """
        Any number of interim responses pass, also together with the final one and cut anywhere.
        """
        hints = b"HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\n"
        whole = hints * 3 + response()
        client, server = self.begin()
        for cut in range(1, len(whole)):
            server.send(whole[:cut])
            self.turn(2)
            server.send(whole[cut:])
            self.assertEqual(client.take(len(whole)), whole)
            client.send(get())
            server.head()

    def test_old_client_sees_none(self) -> None:
        """
        HTTP/1.0 knows no interim responses.
        """
        client, server = self.begin(b"GET / HTTP/1.0\r\n\r\n")
        server.send(b"HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\n" + response())
        self.assertEqual(
            client.rest(), b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello"
        )


class TunnelTests(ResponseTestCase):
    """
    Tests for C{Upgrade} and C{CONNECT}.
    """

    upgrade = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n"
    switch = (
        b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
    )

    def test_data_with_the_heads(self) -> None:
        """
        Bytes that come together with both heads pass, later ones too, and each is counted once.
        """
        client, server = self.begin(self.upgrade + b"early")
        server.send(self.switch + b"first")
        self.assertEqual(client.head(), self.switch)
        self.assertEqual(client.take(5), b"first")
        self.assertEqual(server.take(5), b"early")
        client.send(b"ping")
        self.assertEqual(server.take(4), b"ping")
        server.send(b"pong")
        self.assertEqual(client.take(4), b"pong")
        client.half_close()
        self.assertEqual(server.rest(), b"")
        server.send(b"late")
        server.close()
        self.assertEqual(client.rest(), b"late")
        size = len(self.switch) + 13
        self.assertEqual(
            self.logged(), [f"f b/s -- 101 {len(self.upgrade) + 9} {size} 0 1/0/0/0/0 GET"]
        )

    def test_refused(self) -> None:
        """
        A server that does not switch answers as usual, and the connection lives on.
        """
        client, server = self.begin(self.upgrade)
        server.send(response())
        client.message()
        client.send(get())
        self.assertEqual(server.head(), get())

    def test_switch_unasked(self) -> None:
        """
        A server must not switch unless asked: 502.
        """
        client, server = self.begin()
        server.send(self.switch)
        self.assertEqual(client.head()[:12], b"HTTP/1.1 502")
        self.assertEqual(self.logged()[0][:13], "f b/s PH 502 ")

    def test_connect(self) -> None:
        """
        A successful C{CONNECT} makes a tunnel.
        """
        client, server = self.begin(b"CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\n\r\nhi")
        server.send(b"HTTP/1.1 200 OK\r\n\r\nthere")
        self.assertEqual(client.head(), b"HTTP/1.1 200 OK\r\n\r\n")
        self.assertEqual(client.take(5), b"there")
        self.assertEqual(server.take(2), b"hi")
        server.close()
        self.assertEqual(client.rest(), b"")
        client.close()
        self.logged()

    def test_idle(self) -> None:
        """
        C{timeout tunnel} ends a tunnel where nothing passes.
        """
        self.lines = "timeout tunnel 100s"
        client, server = self.begin(self.upgrade)
        server.send(self.switch)
        client.head()
        self.advance(99)
        client.send(b"a")
        server.take(1)
        self.advance(99)
        client.quiet()
        self.advance(2)
        self.assertEqual(client.rest(), b"")
        self.assertEqual(server.rest(), b"")
        self.assertEqual(self.logged()[0][:13], "f b/s cD 101 ")


class BadServerTests(ResponseTestCase):
    """
    Tests for servers that fail.
    """

    def test_ends_before_a_head(self) -> None:
        """
        A server that closes without an answer is a 502 C{SH}.
        """
        client, server = self.begin()
        server.close()
        self.assertEqual(client.head()[:12], b"HTTP/1.1 502")
        self.assertEqual(self.logged()[0][:13], "f b/s SH 502 ")
        self.assertEqual(self.server().counters.eresp, 1)

    def test_ends_within_the_head(self) -> None:
        """
        Likewise in the middle of the head.
        """
        client, server = self.begin()
        server.send(b"HTTP/1.1 200 OK\r\ncont")
        self.turn(2)
        server.reset()
        self.assertEqual(client.head()[:12], b"HTTP/1.1 502")
        self.assertEqual(self.logged()[0][:13], "f b/s SH 502 ")

    def test_nonsense(self) -> None:
        """
        What is no response is a 502 C{PH}.
        """
        client, server = self.begin()
        server.send(b"SSH-2.0-x\r\n\r\n")
        self.assertEqual(client.head()[:12], b"HTTP/1.1 502")
        self.assertEqual(self.logged()[0][:13], "f b/s PH 502 ")
        self.assertEqual(server.rest(), b"")

    def test_head_too_large(self) -> None:
        """
        A head that does not fit is a 502 C{PH}.
        """
        client, server = self.begin()
        server.send(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 90 + b"x: " + b"y" * 20000)
        self.assertEqual(client.head()[:12], b"HTTP/1.1 502")
        self.assertEqual(self.logged()[0][:13], "f b/s PH 502 ")

    def test_ends_within_the_body(self) -> None:
        """
        A body that ends too early ends the client's connection: C{SD}.
        """
        client, server = self.begin()
        server.send(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhel")
        client.head()
        self.assertEqual(client.take(3), b"hel")
        server.close()
        self.assertEqual(client.rest(), b"")
        self.assertEqual(self.logged()[0][:13], "f b/s SD 200 ")
        self.assertEqual(self.server().counters.srv_abrt, 1)

    def test_what_came_of_a_cut_body_arrives(self) -> None:
        """
        The client gets every byte that the server sent before it failed.
        """
        client, server = self.begin()
        server.send(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhel")
        server.close()
        self.turn(5)
        self.assertEqual(client.rest()[-3:], b"hel")

    def test_bad_chunk(self) -> None:
        """
        A body whose coding breaks is cut short: C{PD}.
        """
        client, server = self.begin()
        server.send(CHUNKED + b"5\r\nhello\r\n")
        client.head()
        client.take(10)
        server.send(b"zz\r\n")
        client.rest()
        self.assertEqual(self.logged()[0][:13], "f b/s PD 200 ")

    def test_bad_chunk_with_the_head(self) -> None:
        """
        A body whose coding is broken from the start is a 502.
        """
        client, server = self.begin()
        server.send(CHUNKED + b"zz\r\n")
        self.assertEqual(client.head()[:12], b"HTTP/1.1 502")
        self.assertEqual(self.logged()[0][:13], "f b/s PH 502 ")
