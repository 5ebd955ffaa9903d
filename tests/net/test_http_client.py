"""
Tests for L{mwproxy.net.http_client}: what comes from clients before, between and behind streams.
"""

from __future__ import annotations

from tests.net.plane import Origin, Peer, PlaneTestCase, get, response

ONE = (
    "frontend f\n bind 127.0.0.1:8000\n LOG\n {front}\n default_backend b\n"
    "backend b\n server s 127.0.0.1:{port}\n"
)


class ClientTestCase(PlaneTestCase):
    """
    A test with one server.
    """

    def begin(self, front: str = "") -> Origin:
        """
        Start with one server.
        """
        self.the_origin = self.origin()
        self.start(ONE.format(port=self.the_origin.port, front=front))
        return self.the_origin

    def used(self, front: str = "") -> tuple[Peer, Peer]:
        """
        Let one exchange take place.

        @return: The client's connection and the server's.
        """
        self.begin(front)
        client = self.client()
        client.send(get())
        server = self.the_origin.accept()
        server.head()
        server.send(response())
        client.message()
        self.logged()
        return client, server


class PipeliningTests(ClientTestCase):
    """
    Tests for requests that do not wait for responses.
    """

    def test_hundred_in_one_segment(self) -> None:
        """
        A hundred requests at once are answered in order, one after the other.
        """
        self.begin()
        client = self.client()
        client.send(b"".join(get(f"/{number}") for number in range(100)))
        server = self.the_origin.accept()
        for number in range(100):
            self.assertEqual(server.head(), get(f"/{number}"))
            server.pump()
            self.assertEqual(server.inbuf, b"")
            server.send(response(b"%d" % number))
            self.assertEqual(client.message()[1], b"%d" % number)
        self.assertEqual(len(self.logged(100)), 100)

    def test_hundred_answered_by_the_proxy(self) -> None:
        """
        Likewise when no server is asked.
        """
        self.begin("http-request deny")
        client = self.client()
        client.send(b"".join(get(f"/{number}") for number in range(100)))
        for _ in range(100):
            client.message()
        self.assertEqual(len(self.logged(100)), 100)

    def test_more_than_fits(self) -> None:
        """
        Requests beyond the buffer wait in the kernel, and none is lost.
        """
        client, server = self.used()
        sent = b"".join(get(f"/{number}", f"x: {'y' * 500}\r\n") for number in range(200))
        done = client.try_send(sent)
        self.turn(5)
        session = self.session
        self.assertLessEqual(len(session.inbuf), self.plane.bufsize)
        for number in range(200):
            self.assertEqual(server.head().split()[1], b"/%d" % number)
            server.send(response())
            client.message()
            done += client.try_send(sent[done:])

    def test_end_behind_the_last(self) -> None:
        """
        A client that ends its side behind its requests gets all responses, then the end.
        """
        client, server = self.used()
        client.send(get("/1") + get("/2"))
        client.half_close()
        for _ in range(2):
            self.turn(3)
            server.head()
            server.send(response())
            client.message()
        self.assertEqual(client.rest(), b"")
        self.assertEqual(len(self.log), 2)

    def test_empty_lines_between(self) -> None:
        """
        Empty lines before a request line are skipped.
        """
        client, server = self.used()
        client.send(b"\r\n\r\n" + get("/1") + b"\r\n" + get("/2"))
        for path in ("/1", "/2"):
            self.assertEqual(server.head(), get(path))
            server.send(response())
            client.message()

    def test_only_empty_lines(self) -> None:
        """
        Empty lines alone are no request.
        """
        client, server = self.used()
        for piece in (b"\r", b"\n", b"\r\n", b"\r\n\r"):
            client.send(piece)
            self.turn(2)
        client.send(b"\n" + get("/1"))
        self.assertEqual(server.head(), get("/1"))
        server.send(response())
        client.message()

    def test_cut_at_each_byte(self) -> None:
        """
        A request is understood however its bytes arrive, on a new connection as on an old one.
        """
        self.begin("http-request deny")
        request = get("/1", "x: y\r\n")
        for cut in range(1, len(request)):
            client = self.client()
            for _ in range(2):
                client.send(request[:cut])
                self.turn(2)
                client.send(request[cut:])
                self.assertEqual(client.message()[0][:12], b"HTTP/1.1 403")
            client.close()
        client = self.client()
        for byte in request:
            client.send(bytes([byte]))
            self.turn()
        self.assertEqual(client.message()[0][:12], b"HTTP/1.1 403")


class BadRequestTests(ClientTestCase):
    """
    Tests for what is no request.
    """

    def refused(self, data: bytes, status: bytes = b"400") -> None:
        """
        Check that something is refused.
        """
        self.begin()
        client = self.client()
        client.send(data)
        self.assertIn(b"HTTP/1.1 " + status, client.rest())
        self.the_origin.idle()
        [line] = self.logged()
        self.assertEqual(line[:19], "f f/<NOSRV> PR " + status.decode() + " ")
        self.assertEqual(self.frontend().counters.ereq, 1)

    def test_nonsense(self) -> None:
        """
        Garbage is a 400 C{PR} at once.
        """
        self.refused(b"\x16\x03\x01\x02\0\x01")

    def test_bad_line(self) -> None:
        """
        So is a wrong header line, before the head is complete.
        """
        self.refused(b"GET / HTTP/1.1\r\nhost: a\r\nbad line\r\n")

    def test_bad_version(self) -> None:
        """
        A version that is not spoken here is a 505.
        """
        self.refused(b"GET / HTTP/3.0\r\nhost: a\r\n\r\n", b"505")

    def test_too_large(self) -> None:
        """
        So is a head that does not fit, whether it is complete or not.
        """
        self.refused(b"GET / HTTP/1.1\r\n" + b"x: " + b"y" * 16000)

    def test_too_large_but_complete(self) -> None:
        """
        A complete head beyond the limit is refused as well.
        """
        self.refused(get("/", "x: " + "y" * 16000 + "\r\n"))

    def test_behind_a_good_one(self) -> None:
        """
        A good request before it is answered first.
        """
        client, server = self.used()
        client.send(get() + b"\0\0\0\0")
        server.head()
        server.send(response())
        client.message()
        self.assertIn(b"HTTP/1.1 400", client.rest())

    def test_rest_is_read(self) -> None:
        """
        The client can read the answer although it had sent more than was understood.
        """
        self.begin()
        client = self.client()
        client.try_send(b"\0" * 200_000)
        self.assertIn(b"HTTP/1.1 400", client.take_until(b"</html>"))
        client.rest()
        self.assertFalse(client.was_reset)


class LeavingTests(ClientTestCase):
    """
    Tests for clients that go.
    """

    def test_between_requests(self) -> None:
        """
        A client that goes between two requests is not worth a word.
        """
        for leave in (Peer.close, Peer.reset, Peer.half_close):
            if self.service.plane is None:
                client, self.one_server = self.used()
            else:
                client = self.client()
                client.send(get())
                server = self.the_origin.accept()
                server.head()
                server.send(response())
                client.message()
                self.logged()
            leave(client)
            self.settled()
            self.assertEqual(self.log, [])

    def test_without_a_word(self) -> None:
        """
        One that has never said anything is logged: C{CR}.
        """
        self.begin()
        self.client().close()
        self.assertEqual(self.logged()[0][:19], "f f/<NOSRV> CR 400 ")

    def test_ignored_probes(self) -> None:
        """
        With C{option http-ignore-probes} it is not.
        """
        self.begin("option http-ignore-probes")
        self.client().close()
        self.turn(3)
        self.settled()
        self.assertEqual(self.log, [])

    def test_within_the_head(self) -> None:
        """
        One that goes in the middle of a head is C{CR}, a request error.
        """
        self.begin()
        client = self.client()
        client.send(b"GET / HTTP/1.1\r\n")
        self.turn(2)
        client.close()
        self.assertEqual(self.logged()[0][:19], "f f/<NOSRV> CR 400 ")
        self.assertEqual(self.frontend().counters.ereq, 1)

    def test_while_it_waits(self) -> None:
        """
        One that breaks its connection while a server works is C{CH}, and the server is left.
        """
        client, server = self.used()
        client.send(get("/2"))
        server.head()
        client.reset()
        self.assertEqual(server.rest(), b"")
        self.assertEqual(self.logged()[0][:12], "f b/s CH -1 ")
        self.assertEqual(self.frontend().counters.cli_abrt, 1)

    def test_half_closed_while_it_waits(self) -> None:
        """
        One that has merely ended its side gets its response.
        """
        client, server = self.used()
        client.send(get("/2"))
        server.head()
        client.half_close()
        self.turn(3)
        server.send(response())
        self.assertEqual(client.message()[1], b"hello")
        self.assertEqual(client.rest(), b"")
        self.assertEqual(self.logged()[0][:13], "f b/s -- 200 ")

    def test_abortonclose(self) -> None:
        """
        Unless C{option abortonclose} is set, also for the first request of a connection.
        """
        origin = self.origin()
        self.start(
            "frontend f\n bind 127.0.0.1:8000\n LOG\n default_backend b\n"
            f"backend b\n option abortonclose\n server s 127.0.0.1:{origin.port}\n"
        )
        client = self.client()
        client.send(get())
        server = origin.accept()
        server.head()
        client.half_close()
        self.assertEqual(server.rest(), b"")
        self.assertEqual(self.logged()[0][:12], "f b/s CH -1 ")

    def test_within_the_response(self) -> None:
        """
        One that goes within its response is C{CD}.
        """
        client, server = self.used()
        client.send(get("/2"))
        server.head()
        server.send(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nx")
        client.head()
        client.reset()
        self.turn(2)
        server.rest()
        self.assertEqual(self.logged()[0][:13], "f b/s CD 200 ")


class TimeoutTests(ClientTestCase):
    """
    Tests for C{timeout client}, C{http-request}, C{http-keep-alive} and C{server}.
    """

    def test_silent(self) -> None:
        """
        A client that says nothing is told so: 408 C{cR}.
        """
        self.begin()
        client = self.client()
        self.turn(2)
        self.advance(9.9)
        client.quiet()
        self.advance(0.2)
        self.assertEqual(client.head()[:12], b"HTTP/1.1 408")
        self.assertEqual(self.logged()[0][:19], "f f/<NOSRV> cR 408 ")

    def test_silent_probe(self) -> None:
        """
        With C{option http-ignore-probes} it is closed without a word.
        """
        self.begin("option http-ignore-probes")
        client = self.client()
        self.advance(10.1)
        self.assertEqual(client.rest(), b"")
        self.assertEqual(self.log, [])

    def test_slow_head(self) -> None:
        """
        C{timeout http-request} is for the whole head, however often bytes come.
        """
        self.begin("timeout http-request 5s")
        client = self.client()
        for _ in range(5):
            client.send(b"G" if not _ else b"E")
            self.turn(2)
            client.quiet()
            self.advance(1.01)
        self.assertEqual(client.head()[:12], b"HTTP/1.1 408")
        self.assertEqual(self.logged()[0][:19], "f f/<NOSRV> cR 408 ")

    def test_slow_second_head(self) -> None:
        """
        For later requests it begins with their first byte.
        """
        client, _ = self.used("timeout http-request 5s\n timeout http-keep-alive 8s")
        self.advance(7)
        client.send(b"GET")
        self.turn(2)
        self.advance(4.9)
        client.quiet()
        self.advance(0.2)
        self.assertEqual(client.head()[:12], b"HTTP/1.1 408")

    def test_keep_alive(self) -> None:
        """
        C{timeout http-keep-alive} closes an idle connection without a word.
        """
        client, server = self.used("timeout http-keep-alive 3s")
        self.advance(2.9)
        client.send(get("/2"))
        server.head()
        server.send(response())
        client.message()
        self.logged()
        self.advance(2.9)
        client.quiet()
        self.advance(0.2)
        self.assertEqual(client.rest(), b"")
        self.assertEqual(self.log, [])

    def test_server(self) -> None:
        """
        A server that does not answer is a 504 C{sH}; the client's connection goes on.
        """
        client, server = self.used()
        client.send(get("/2"))
        server.head()
        self.advance(19.9)
        client.quiet()
        self.advance(0.2)
        self.assertEqual(client.message()[0][:12], b"HTTP/1.1 504")
        self.assertEqual(server.rest(), b"")
        self.assertEqual(self.logged()[0][:13], "f b/s sH 504 ")
        client.send(get("/3"))
        server = self.the_origin.accept()
        self.assertEqual(server.head(), get("/3"))

    def test_server_within_the_body(self) -> None:
        """
        A server that stops within its response is C{sD}.
        """
        client, server = self.used()
        client.send(get("/2"))
        server.head()
        server.send(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nx")
        client.head()
        self.advance(20.1)
        self.assertEqual(client.rest(), b"x")
        self.assertEqual(self.logged()[0][:13], "f b/s sD 200 ")

    def test_client_within_its_body(self) -> None:
        """
        A client that stops within its request is a 408 C{cH}.
        """
        client, server = self.used()
        client.send(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nx")
        server.head()
        server.take(1)
        self.advance(10.1)
        self.assertEqual(client.head()[:12], b"HTTP/1.1 408")
        self.assertEqual(self.logged()[0][:13], "f b/s cH 408 ")

    def test_client_does_not_read(self) -> None:
        """
        A client that does not read its response is C{cD}.
        """
        client, server = self.used()
        client.send(get("/2"))
        server.head()
        server.try_send(response(b"x" * 30_000_000))

        def stuck() -> bool:
            server.try_send(b"x" * 1_000_000)
            session = self.session
            return self.plane.pipes.used == 1 or bool(session.out)

        self.until(stuck)
        for _ in range(20):
            server.try_send(b"x" * 1_000_000)
            self.turn()
        self.advance(21)
        self.assertEqual(self.logged()[0][:13], "f b/s cD 200 ")
        self.assertEqual(self.plane.pipes.used, 0)

    def test_lingering(self) -> None:
        """
        A client that does not close after a last answer is closed a second later.
        """
        client, server = self.used()
        client.send(get("/2"))
        server.head()
        server.send(b"HTTP/1.1 200 OK\r\n\r\nbye")
        server.close()
        self.assertEqual(client.rest()[-3:], b"bye")
        self.assertEqual(len(self.plane.state.sessions), 1)
        self.advance(1.1)
        self.assertEqual(len(self.plane.state.sessions), 0)
