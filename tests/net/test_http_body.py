"""
Tests for L{mwproxy.net.http_body}: bodies of requests that rules look at.
"""

from __future__ import annotations

from tests.net.plane import Peer, response
from tests.net.test_http_exchange import ExchangeTestCase

LOOK = (
    "http-request set-header x-len %[req.body_len]\n"
    " http-request set-header x-cut %[req.body_truncated]\n"
    " http-request set-header x-size %[req.body_size]\n"
    " http-request set-header x-sum %[req.body,sha1,hex]"
)
BUFFER = f"option http-buffer-request\n {LOOK}"
HEAD = b"POST / HTTP/1.1\r\nhost: a\r\n"


def with_length(body: bytes, more: bytes = b"") -> bytes:
    """
    Make a request.
    """
    return HEAD + more + b"content-length: %d\r\n\r\n%b" % (len(body), body)


def chunked(*pieces: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """
    Make a request in chunks.
    """
    body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return HEAD + b"transfer-encoding: chunked\r\n\r\n" + body + end


class BodyTestCase(ExchangeTestCase):
    """
    A test with one server.
    """

    def seen(self, server: Peer) -> dict[bytes, bytes]:
        """
        Receive the head of a request.

        @return: Its headers.
        """
        lines = server.head().split(b"\r\n")[1:-2]
        return dict(line.split(b": ", 1) for line in lines)

    def look(self, client: Peer) -> tuple[bytes, bytes]:
        """
        Let an exchange be, whose server is connected to now.

        @return: What rules saw of its body: the length, and whether it was cut.
        """
        server = self.the_origin.accept()
        seen = self.seen(server)
        server.send(response())
        client.message()
        return seen[b"x-len"], seen[b"x-cut"]


class BufferTests(BodyTestCase):
    """
    Tests for C{option http-buffer-request}.
    """

    def test_at_once(self) -> None:
        """
        A body that came with its head needs no waiting, and nothing of it is read again.
        """
        self.begin(front=BUFFER)
        client = self.client()
        client.send(with_length(b"hello"))
        self.assertEqual(self.look(client), (b"5", b"0"))
        self.assertEqual(self.logged()[0][:16], "f b/s -- 200 52 ")

    def test_every_cut(self) -> None:
        """
        Wherever a request is cut, rules see all of its body, and the server gets the bytes that the
        client has sent. So does the next request, which comes with the last piece.
        """
        self.begin(front=BUFFER)
        client = self.client()
        server = None
        body = b"a=1&b=%b" % (b"x" * 20)
        extension = b"6;ext=1\r\na=1&b=\r\n14\r\n" + b"x" * 20 + b"\r\n0\r\nx-t: 1\r\n\r\n"
        in_chunks = HEAD + b"transfer-encoding: chunked\r\n\r\n" + extension
        digest = None
        for message, wire in ((with_length(body), body), (in_chunks, extension)):
            for cut in range(1, len(message)):
                client.send(message[:cut])
                self.turn(2)
                self.the_origin.idle()
                client.send(message[cut:] + b"GET /next HTTP/1.1\r\nhost: a\r\n\r\n")
                server = server or self.the_origin.accept()
                seen = self.seen(server)
                self.assertEqual((seen[b"x-len"], seen[b"x-cut"]), (b"26", b"0"))
                digest = digest or seen[b"x-sum"]
                self.assertEqual(seen[b"x-sum"], digest)
                self.assertEqual(server.take(len(wire)), wire)
                server.send(response())
                client.message()
                self.assertEqual(self.seen(server)[b"x-len"], b"0")
                server.send(response())
                client.message()

    def test_one_byte_at_a_time(self) -> None:
        """
        Chunks that come byte by byte are seen whole.
        """
        self.begin(front=BUFFER)
        client = self.client()
        for byte in chunked(b"hello", b" ", b"world"):
            client.send(bytes((byte,)))
        self.assertEqual(self.look(client), (b"11", b"0"))

    def test_full(self) -> None:
        """
        No more is seen than C{tune.bufsize} without C{tune.maxrewrite}, head included, however it
        came; the rest goes on behind it, and rules can tell.
        """
        self.begin(front=BUFFER)
        message = with_length(b"x" * 100_000)
        room = 16384 - 1024 - (len(message) - 100_000)
        for cut in (20_000, 40, 1000, len(message) - 100_000 + room):
            client = self.client()
            client.send(message[:cut])
            self.turn(3)
            client.send(message[cut:20_000])
            server = self.the_origin.accept()
            seen = self.seen(server)
            self.assertEqual((seen[b"x-len"], seen[b"x-cut"]), (b"%d" % room, b"1"))
            client.send(message[20_000:])
            self.assertEqual(server.take(100_000), b"x" * 100_000)
            server.send(response(b"hello", b"connection: close\r\n"))
            client.message()

    def test_not_quite_full(self) -> None:
        """
        A body that just fits is whole; with one byte more it is not.
        """
        self.begin(front=BUFFER)
        for size, cut in ((15308, b"0"), (15309, b"0"), (15310, b"1")):
            message = with_length(b"x" * size)
            client = self.client()
            client.send(message)
            server = self.the_origin.accept()
            seen = self.seen(server)
            self.assertEqual((seen[b"x-len"], seen[b"x-cut"]), (b"%d" % min(size, 15309), cut))
            self.assertEqual(server.take(size), b"x" * size)
            server.send(response(b"hello", b"connection: close\r\n"))
            client.message()

    def test_in_time(self) -> None:
        """
        The body has as long as C{timeout http-request} says, counted from its head; then the client
        is told, and no server was asked.
        """
        self.begin(front=f"timeout http-request 3s\n {BUFFER}")
        client = self.client()
        message = with_length(b"hello")
        client.send(message[:-2])
        self.turn(3)
        self.advance(2)
        client.send(message[-2:-1])
        self.advance(0.9)
        client.quiet()
        self.advance(0.2)
        self.assertTrue(client.rest().startswith(b"HTTP/1.1 408 "))
        self.assertEqual(self.logged()[0][:17], "f f/<NOSRV> cR 40")
        self.assertEqual(self.frontend().counters.ereq, 1)
        self.the_origin.idle()

    def test_timeout_client(self) -> None:
        """
        Without C{timeout http-request} it has as long as C{timeout client} says.
        """
        self.begin(front=BUFFER)
        client = self.client()
        client.send(with_length(b"hello")[:-1])
        self.turn(3)
        self.advance(9.9)
        client.quiet()
        self.advance(0.2)
        self.assertTrue(client.rest().startswith(b"HTTP/1.1 408 "))

    def test_backend(self) -> None:
        """
        In a backend the option counts for the backend's rules, with its timeout; the frontend's see
        what is there.
        """
        self.begin(
            f"option http-buffer-request\n timeout http-request 2s\n {LOOK}",
            front="http-request set-header x-front %[req.body_len]",
        )
        client = self.client()
        message = with_length(b"hello")
        client.send(message[:-2])
        self.turn(3)
        self.the_origin.idle()
        client.send(message[-2:])
        server = self.the_origin.accept()
        seen = self.seen(server)
        self.assertEqual((seen[b"x-front"], seen[b"x-len"]), (b"3", b"5"))
        server.send(response())
        client.message()
        client.send(message[:-2])
        self.turn(3)
        self.advance(2.1)
        self.assertTrue(client.rest().startswith(b"HTTP/1.1 408 "))
        self.assertEqual(self.logged(2)[1][:17], "f b/<NOSRV> cR 40")
        counters = self.backend().counters
        self.assertEqual((counters.stot, counters.scur), (2, 0))

    def test_client_leaves(self) -> None:
        """
        A client that ends, closes or breaks its connection in the midst of the body gets nothing
        (C{CR}).
        """
        self.begin(front=BUFFER)
        for leave in ("half_close", "close", "reset"):
            client = self.client()
            client.send(with_length(b"hello")[:-1])
            self.turn(3)
            getattr(client, leave)()
            self.assertEqual(self.logged()[0][:17], "f f/<NOSRV> CR -1")
        self.settled()
        self.assertEqual(self.frontend().counters.ereq, 3)
        self.the_origin.idle()

    def test_nonsense(self) -> None:
        """
        A body that makes no sense is refused, and kept for C{show errors}.
        """
        self.begin(front=BUFFER)
        client = self.client()
        client.send(chunked(b"hello", end=b""))
        self.turn(3)
        client.send(b"xyz\r\n")
        self.assertTrue(client.rest().startswith(b"HTTP/1.1 400 "))
        self.assertEqual(self.logged()[0][:17], "f f/<NOSRV> PR 40")
        self.the_origin.idle()

    def test_session_is_ended(self) -> None:
        """
        A session that is shut down while it waits leaves nothing behind; nor does its timeout.
        """
        self.begin(front=f"timeout http-request 3s\n {BUFFER}")
        client = self.client()
        client.send(with_length(b"hello")[:-1])
        self.turn(3)
        self.session.stream.kill()
        self.assertEqual(self.logged()[0][:14], "f f/<NOSRV> KH")
        self.settled()
        self.advance(4)
        self.assertEqual(self.log, [])
        self.assertEqual(len(self.plane.wheel), 0)

    def test_denied(self) -> None:
        """
        A rule decides by the body; the connection lives on, as all of it was read.
        """
        self.begin(
            front="option http-buffer-request\n http-request deny if { req.body -m sub bad }"
        )
        client = self.client()
        message = with_length(b"a=bad")
        client.send(message[:-1])
        self.turn(3)
        client.send(message[-1:])
        self.assertEqual(client.message()[0][:12], b"HTTP/1.1 403")
        client.send(with_length(b"a=fine"))
        server = self.the_origin.accept()
        server.head()
        self.assertEqual(server.take(6), b"a=fine")
        server.send(response())
        client.message()


class ContinueTests(BodyTestCase):
    """
    Tests for clients that wait to be asked for the body.
    """

    EXPECT = b"expect: 100-continue\r\n"

    def test_asked_here(self) -> None:
        """
        The proxy asks, once, and the server does not hear of it, as it has nothing to ask any more.
        """
        self.begin(f"option http-buffer-request\n {LOOK}", front=BUFFER)
        client = self.client()
        message = with_length(b"hello", self.EXPECT)
        for cut in (len(message) - 5, len(message)):
            client.send(message[:cut])
            self.assertEqual(client.head(), b"HTTP/1.1 100 Continue\r\n\r\n")
            client.send(message[cut:])
            server = self.the_origin.accept()
            seen = self.seen(server)
            self.assertEqual((seen[b"x-len"], seen.get(b"expect")), (b"5", None))
            server.send(response(b"hello", b"connection: close\r\n"))
            self.assertEqual(client.message()[1], b"hello")

    def test_not_asked(self) -> None:
        """
        Where nobody looks at the body, where there is none, and in HTTP/1.0 it is the server's.
        """
        self.begin(front=f"{BUFFER} unless {{ path /other }}")
        client = self.client()
        client.send(b"GET / HTTP/1.1\r\nhost: a\r\n" + self.EXPECT + b"\r\n")
        server = self.the_origin.accept()
        self.assertEqual(self.seen(server)[b"expect"], b"100-continue")
        server.send(response())
        client.message()
        old = self.client()
        old.send(with_length(b"hello", self.EXPECT).replace(b"HTTP/1.1", b"HTTP/1.0"))
        server = self.the_origin.accept()
        self.assertEqual(self.seen(server)[b"expect"], b"100-continue")
        server.take(5)
        server.send(response())
        self.assertTrue(old.rest().startswith(b"HTTP/1.1 200 "))


class WaitForBodyTests(BodyTestCase):
    """
    Tests for C{http-request wait-for-body}.
    """

    def test_rules_go_on(self) -> None:
        """
        Rules before it see what there is, those behind it the whole body.
        """
        self.begin(
            front="http-request set-header x-before %[req.body_len]\n"
            f" http-request wait-for-body time 1s\n {LOOK}"
        )
        client = self.client()
        message = chunked(b"hello", b"world")
        client.send(message[:-16])
        self.turn(3)
        self.the_origin.idle()
        client.send(message[-16:])
        server = self.the_origin.accept()
        seen = self.seen(server)
        self.assertEqual((seen[b"x-before"], seen[b"x-len"]), (b"5", b"10"))
        server.send(response())
        client.message()

    def test_at_least(self) -> None:
        """
        So many bytes of payload are enough; the rest follows when it comes.
        """
        self.begin(front=f"http-request wait-for-body time 1s at-least 4\n {LOOK}")
        for message, end, size in (
            (with_length(b"0123456789"), 10, b"10"),
            (chunked(b"012345", b"6789"), 25, b"6"),
        ):
            client = self.client()
            head = len(message) - end
            client.send(message[: head + 3])
            self.turn(3)
            self.the_origin.idle()
            client.send(message[head + 3 : head + 8])
            server = self.the_origin.accept()
            seen = self.seen(server)
            self.assertEqual((seen[b"x-cut"], seen[b"x-size"]), (b"1", size))
            client.send(message[head + 8 :])
            self.assertEqual(server.take(end), message[head:])
            server.send(response(b"hello", b"connection: close\r\n"))
            client.message()
            client.close()

    def test_condition(self) -> None:
        """
        Where its condition does not hold, nothing waits.
        """
        self.begin(front=f"http-request wait-for-body time 1s if {{ path /x }}\n {LOOK}")
        client = self.client()
        client.send(with_length(b"hello")[:-1])
        server = self.the_origin.accept()
        self.assertEqual(self.seen(server)[b"x-len"], b"4")
        client.send(b"o")
        self.assertEqual(server.take(5), b"hello")
        server.send(response())
        client.message()

    def test_time(self) -> None:
        """
        When its time is over the client is told.
        """
        self.begin(front=f"http-request wait-for-body time 500ms\n {LOOK}")
        client = self.client()
        client.send(with_length(b"hello")[:-1])
        self.turn(3)
        self.advance(0.6)
        self.assertTrue(client.rest().startswith(b"HTTP/1.1 408 "))
        self.the_origin.idle()
