"""
Messages about whose end two parsers might disagree, and messages that are none: refused, logged,
the connection closed, nothing passed on.
"""

from __future__ import annotations

from tests.net.plane import Origin, PlaneTestCase, get, response

ONE = (
    "frontend f\n bind 127.0.0.1:8000\n LOG\n default_backend b\n"
    "backend b\n server s 127.0.0.1:{port}\n"
)
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"

#: What is wrong before any byte of a body: C{PR--} and C{<BADREQ>} in the log.
HEADS = {
    "both framings": POST + CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n",
    "chunked is not last": POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n",
    "chunked twice": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n",
    "chunked in two lines": POST + CHUNKED + CHUNKED + b"\r\n",
    "unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n",
    "coding with control": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n",
    "coding in HTTP/1.0": b"POST / HTTP/1.0\r\nTransfer-Encoding: gzip\r\n\r\n",
    "lengths differ": POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "lengths differ in a list": POST + b"Content-Length: 5, 6\r\n\r\nhello",
    "length with sign": POST + b"Content-Length: +5\r\n\r\nhello",
    "negative length": POST + b"Content-Length: -5\r\n\r\nhello",
    "length in hex": POST + b"Content-Length: 0x5\r\n\r\nhello",
    "length with blank": POST + b"Content-Length: 1 0\r\n\r\nhello",
    "length with underscore": POST + b"Content-Length: 1_0\r\n\r\nhello",
    "length in other digits": POST + "Content-Length: ٥\r\n\r\n".encode(),
    "length overflows": POST + b"Content-Length: " + b"9" * 40 + b"\r\n\r\n",
    "empty length": POST + b"Content-Length: \r\n\r\n",
    "obs-fold": POST + b"X: a\r\n b: c\r\n\r\n",
    "obs-fold at once": b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
    "obs-fold of the coding": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "blank before colon": POST + b"Content-Length : 5\r\n\r\nhello",
    "tab before colon": POST + b"Transfer-Encoding\t: chunked\r\n\r\n",
    "bare CR in value": POST + b"X: a\rContent-Length: 5\r\n\r\n",
    "bare CR in the request line": b"GET /\r HTTP/1.1\r\nHost: a\r\n\r\n",
    "bare LF": b"GET / HTTP/1.1\nHost: a\n\n",
    "bare LF in the middle": POST + b"X: a\nContent-Length: 5\r\n\r\nhello",
    "NUL in value": POST + b"X: a\x00b\r\n\r\n",
    "NUL in name": POST + b"X\x00: a\r\n\r\n",
    "NUL in target": b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
    "no colon": POST + b"nonsense\r\n\r\n",
    "empty name": POST + b": x\r\n\r\n",
    "name that is no token": POST + b"Content-Length(: 5\r\n\r\nhello",
    "method that is no token": b"G@T / HTTP/1.1\r\nHost: a\r\n\r\n",
    "no target": b"GET  HTTP/1.1\r\nHost: a\r\n\r\n",
    "two blanks": b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
    "blank in target": b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    "DEL in target": b"GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n",
    "no version": b"GET /\r\nHost: a\r\n\r\n",
    "version 1.10": b"GET / HTTP/1.10\r\nHost: a\r\n\r\n",
    "version in lower case": b"GET / http/1.1\r\nHost: a\r\n\r\n",
    "hosts differ": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "host is no host": b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    "host unlike the target": b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
}

#: What is wrong in a chunked body. What came before it may have been passed on.
CHUNKS = {
    "no number": b"xyz\r\n",
    "empty size": b"\r\n0\r\n\r\n",
    "sign": b"+5\r\nhello\r\n0\r\n\r\n",
    "minus": b"-1\r\nhello\r\n0\r\n\r\n",
    "0x": b"0x5\r\nhello\r\n0\r\n\r\n",
    "underscore": b"1_0\r\nhello\r\n0\r\n\r\n",
    "blank before": b" 5\r\nhello\r\n0\r\n\r\n",
    "overflow": b"f" * 17 + b"\r\n",
    "bare LF behind the size": b"5\nhello\r\n0\r\n\r\n",
    "bare CR behind the size": b"5\rXhello\r\n0\r\n\r\n",
    "bare LF in an extension": b"5;a=b\nhello\r\n0\r\n\r\n",
    "bare CR in an extension": b"5;a\rb\r\nhello\r\n0\r\n\r\n",
    "NUL in an extension": b"5;\x00\r\nhello\r\n0\r\n\r\n",
    "chunk longer than it says": b"4\r\nhello\r\n0\r\n\r\n",
    "chunk ended by LF": b"5\r\nhello\n0\r\n\r\n",
    "trailer without colon": b"0\r\nnonsense\r\n\r\n",
    "trailer folded": b"0\r\nX: a\r\n b\r\n\r\n",
    "trailer ended by LF": b"0\r\nX: a\n\n",
}

RESPONSES = {
    "lengths differ": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na",
    "length overflows": b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 40 + b"\r\n\r\n",
    "chunked twice": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
    "obs-fold": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "blank before colon": b"HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
    "bare CR": b"HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n",
    "bare LF": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "NUL": b"HTTP/1.1 200 OK\r\nX: \x00\r\nContent-Length: 0\r\n\r\n",
    "status": b"HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n",
    "status of four digits": b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
    "status of two digits": b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "version": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "too long": b"HTTP/1.1 200 OK\r\nX: " + b"y" * 20000 + b"\r\n\r\n",
    "too many headers": b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 150 + b"\r\n",
}


class SmugglingTestCase(PlaneTestCase):
    """
    A test with one server.
    """

    def setUp(self) -> None:
        super().setUp()
        self.the_origin: Origin = self.origin()
        self.start(ONE.format(port=self.the_origin.port))

    def answered(self, sent: bytes) -> tuple[bytes, bool, bool, str]:
        """
        Send what is refused before anything is passed on.

        @return: The status, whether the connection was closed behind one answer, whether a server
            was asked, and how the log tells it.
        """
        client = self.client()
        client.send(sent)
        answer = client.rest()
        self.turn(2)
        [line] = self.logged()
        words = line.split()
        return (
            answer.split()[1],
            answer.count(b"HTTP/1.1 ") == 1,
            self.asked(),
            " ".join((words[1], words[2], words[3], words[-1])),
        )

    def asked(self) -> bool:
        """
        Tell whether a server is being asked.
        """
        try:
            self.the_origin.sock.accept()[0].close()
        except BlockingIOError:
            return False
        return True


class RequestTests(SmugglingTestCase):
    """
    Tests of requests.
    """

    def test_heads(self) -> None:
        """
        A head that is not beyond doubt gets 400, and no server hears of it; C{show errors} does.
        """
        seen = {name: self.answered(sent) for name, sent in HEADS.items()}
        wanted = (b"400", True, False, "f/<NOSRV> PR 400 <BADREQ>")
        self.assertEqual({name: one for name, one in seen.items() if one != wanted}, {})
        errors = self.plane.state.errors
        self.assertEqual(errors.total, len(HEADS))
        [last] = errors.listed()
        self.assertEqual(last.data, list(HEADS.values())[-1])

    def test_behind_a_good_one(self) -> None:
        """
        So does one that follows a good request on the same connection.
        """
        for name, sent in HEADS.items():
            client = self.client()
            client.send(get())
            server = self.the_origin.accept()
            server.head()
            server.send(response(head=b"connection: close\r\n"))
            server.close()
            client.message()
            client.send(sent)
            self.assertTrue(client.rest().startswith(b"HTTP/1.1 400 "), name)
            self.assertIn("PR 400", self.logged(2)[1], name)
            self.the_origin.idle()

    def test_chunks(self) -> None:
        """
        A chunked body that is malformed ends with 400; the server's connection is closed, and
        nothing of it can be taken for another request.
        """
        seen = {}
        for name, sent in CHUNKS.items():
            client = self.client()
            client.send(POST + CHUNKED + b"\r\n" + sent + get("/smuggled"))
            answer = client.rest()
            self.turn(2)
            [line] = self.logged()
            passed = b""
            try:
                server = self.peer(self.the_origin.sock.accept()[0])
                passed = server.rest()
            except BlockingIOError:
                pass
            seen[name] = (answer[:13], b"smuggled" in passed, line.split()[3])
        wanted = (b"HTTP/1.1 400 ", False, "400")
        self.assertEqual({name: one for name, one in seen.items() if one != wanted}, {})
        self.assertEqual(self.plane.state.errors.total, len(CHUNKS))

    def test_chunks_later(self) -> None:
        """
        So does one that becomes malformed after the server has the head.
        """
        for name, sent in CHUNKS.items():
            client = self.client()
            client.send(POST + CHUNKED + b"\r\n3\r\nabc\r\n")
            server = self.the_origin.accept()
            server.take_until(b"abc\r\n")
            client.send(sent + get("/smuggled"))
            self.assertNotIn(b"smuggled", server.rest(), name)
            client.rest()
            self.logged()

    def test_too_long(self) -> None:
        """
        A head that does not fit into C{tune.bufsize} gets 400, in one piece and in several.
        """
        long = b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 20000 + b"\r\n\r\n"
        self.assertEqual(self.answered(long)[0], b"400")
        self.assertEqual(self.answered(b"GET /" + b"a" * 20000)[0], b"400")

    def test_too_many_headers(self) -> None:
        """
        So does one with more than C{tune.http.maxhdr} headers, 101 by default.
        """
        lines = b"x: y\r\n"
        head = b"GET / HTTP/1.1\r\nHost: a\r\n"
        self.assertEqual(self.answered(head + lines * 101 + b"\r\n")[0], b"400")
        client = self.client()
        client.send(head + lines * 100 + b"\r\n")
        server = self.the_origin.accept()
        server.head()
        server.send(response())
        client.message()

    def test_other_version(self) -> None:
        """
        The first bytes of an HTTP/2 connection get 505.
        """
        wanted = (b"505", True, False, "f/<NOSRV> PR 505 <BADREQ>")
        self.assertEqual(self.answered(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), wanted)


class ResponseTests(SmugglingTestCase):
    """
    Tests of responses.
    """

    def test_heads(self) -> None:
        """
        A response that is not beyond doubt becomes 502 C{PH}; its connection is closed.
        """
        seen = {}
        for name, sent in RESPONSES.items():
            client = self.client()
            client.send(get())
            server = self.the_origin.accept()
            server.head()
            server.send(sent)
            answer, _ = client.message()
            server.rest()
            client.close()
            seen[name] = (answer[:13], " ".join(self.logged()[0].split()[1:4]))
        wanted = (b"HTTP/1.1 502 ", "b/s PH 502")
        self.assertEqual({name: one for name, one in seen.items() if one != wanted}, {})
        [last] = self.plane.state.errors.listed()
        self.assertFalse(last.request)
        self.assertEqual(last.server, self.plane.state.backends["b"].servers[0])

    def test_behind_the_response(self) -> None:
        """
        Bytes behind a response reach no client, and the connection serves nobody else.
        """
        client = self.client()
        client.send(get())
        server = self.the_origin.accept()
        server.head()
        server.send(response(b"one") + response(b"smuggled"))
        self.assertEqual(client.message()[1], b"one")
        client.send(get("/next"))
        other = self.the_origin.accept()
        other.head()
        other.send(response(b"two"))
        self.assertEqual(client.message()[1], b"two")
        client.quiet()
