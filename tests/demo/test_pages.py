"""
Tests for L{mwproxy.demo.pages}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.demo.messages import Request
from mwproxy.demo.pages import Origin, answer, has_body, keeps_open, pieces, render_head


def get(target: str, *headers: tuple[str, str], method: str = "GET", body: bytes = b"") -> Request:
    """
    Make a request.
    """
    return Request(method, target, "HTTP/1.1", headers, body)


class PagesTests(SynchronousTestCase):
    """
    Tests for L{answer}.
    """

    def setUp(self) -> None:
        self.origin = Origin("a")

    def _body(self, request: Request) -> tuple[int, bytes]:
        said = answer(request, self.origin)
        return said.status, b"".join(said.body)

    def test_names_itself(self) -> None:
        """
        Any path is answered with the name of the origin.
        """
        expected = (200, b"hello from a, you asked for /x?y\n")
        self.assertEqual(self._body(get("/x?y")), expected)

    def test_health(self) -> None:
        """
        The health page follows C{/down} and C{/up}, and tells that it was asked.
        """
        asked: list[int] = []
        self.origin.checked = lambda: asked.append(1)
        self.assertEqual(self._body(get("/health"))[0], 200)
        self._body(get("/down"))
        self.assertEqual(self._body(get("/health"))[0], 503)
        self._body(get("/up"))
        self.assertEqual(self._body(get("/health"))[0], 200)
        self.assertEqual(len(asked), 3)

    def test_slow(self) -> None:
        """
        The delay is what was asked for, within bounds.
        """
        self.assertEqual(answer(get("/slow?ms=5"), self.origin).delay_ms, 5)
        self.assertEqual(answer(get("/slow?ms=x"), self.origin).delay_ms, 1000)
        self.assertEqual(answer(get("/slow?ms=99999999"), self.origin).delay_ms, 600000)

    def test_bytes(self) -> None:
        """
        A body has the size that was asked for, in pieces.
        """
        for size in (0, 1, 65536, 65537, 200000):
            said = answer(get(f"/bytes/{size}"), self.origin)
            self.assertEqual(said.length, size)
            self.assertEqual(sum(len(piece) for piece in said.body), size)
        self.assertEqual(list(pieces(0)), [])

    def test_chunked(self) -> None:
        """
        A body in pieces has no length.
        """
        said = answer(get("/chunked?n=2"), self.origin)
        self.assertIsNone(said.length)
        self.assertEqual(list(said.body), [b"piece 0 from a\n", b"piece 1 from a\n"])
        self.assertIn(b"transfer-encoding: chunked", render_head(said, get("/"), "a"))

    def test_status(self) -> None:
        """
        The status is what was asked for; one that no answer may have is refused.
        """
        self.assertEqual(self._body(get("/status/404"))[0], 404)
        self.assertEqual(self._body(get("/status/101"))[0], 400)
        head = render_head(answer(get("/status/299"), self.origin), get("/"), "a")
        self.assertTrue(head.startswith(b"HTTP/1.1 299 Unknown\r\n"))

    def test_echo(self) -> None:
        """
        The request comes back as it arrived.
        """
        request = get("/echo", ("host", "h"), method="POST", body=b"body")
        self.assertEqual(self._body(request), (200, b"POST /echo HTTP/1.1\nhost: h\n\nbody"))

    def test_api(self) -> None:
        """
        The pages stand under C{/api} too, where the quickstart routes to.
        """
        self.assertEqual(self._body(get("/api/echo")), (200, b"GET /api/echo HTTP/1.1\n\n"))

    def test_help(self) -> None:
        """
        The list of pages is itself a page.
        """
        self.assertIn(b"/slow?ms=N", self._body(get("/help"))[1])

    def test_websocket(self) -> None:
        """
        An upgrade is accepted, a plain request for it is not.
        """
        self.assertEqual(answer(get("/ws"), self.origin).status, 426)
        request = get("/ws", ("upgrade", "websocket"), ("sec-websocket-key", "k"))
        said = answer(request, self.origin)
        self.assertTrue(said.upgrade)
        self.assertNotIn(b"content-length", render_head(said, request, "a"))

    def test_head_of_answers(self) -> None:
        """
        Length and persistence are told to the peer.
        """
        said = answer(get("/"), self.origin)
        asked = get("/", ("connection", "close"))
        self.assertIn(b"connection: close", render_head(said, asked, "a"))
        self.assertFalse(keeps_open(said, asked))
        old = Request("GET", "/", "HTTP/1.0", (("connection", "keep-alive"),))
        self.assertIn(b"connection: keep-alive", render_head(said, old, "a"))
        self.assertFalse(keeps_open(answer(get("/chunked"), self.origin), old))

    def test_no_body(self) -> None:
        """
        C{HEAD} and statuses without a body send none.
        """
        self.assertFalse(has_body(answer(get("/"), self.origin), get("/", method="HEAD")))
        self.assertFalse(has_body(answer(get("/status/204"), self.origin), get("/")))
        self.assertTrue(has_body(answer(get("/"), self.origin), get("/")))
