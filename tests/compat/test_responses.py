"""
What the client receives for what a server answers, compared with HAProxy.
"""

from __future__ import annotations

from tests.compat.outcomes import CompatTestCase, mask_page, plain_head
from tests.integration.clients import request
from tests.integration.harness import Proxy
from tests.integration.origins import Origin

CONFIG = """\
global
    nbthread 1
defaults
    mode http
    timeout connect 2s
    timeout client 5s
    timeout server 1s
frontend web
    bind <listen:web>
    http-response set-header x-seen "%[status]"
    http-response del-header x-remove
    default_backend first
backend first
    server one <origin>
"""

ANSWERS = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "case and spaces": b"HTTP/1.1 200 OK\r\nX-MiXed:   a  \r\nContent-Length: 0\r\n\r\n",
    "removed": b"HTTP/1.1 200 OK\r\nX-Remove: a\r\nContent-Length: 0\r\n\r\n",
    "other reason": b"HTTP/1.1 200 Fine by me\r\nContent-Length: 0\r\n\r\n",
    "no reason": b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
    "unknown status": b"HTTP/1.1 299 What\r\nContent-Length: 0\r\n\r\n",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "until close": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello",
    "until close, HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\nhello",
    "HTTP/1.0 with length": b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "304": b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n",
    "100, then 200": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "103, then 200": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "several of one name": b"HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n"
    b"Content-Length: 0\r\n\r\n",
    "404": b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
    "keep-alive told": b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
}

BROKEN = {
    "nothing": b"",
    "no HTTP": b"SSH-2.0-OpenSSH\r\n\r\n",
    "bad status": b"HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-",
    "space before colon": b"HTTP/1.1 200 OK\r\nX : a\r\n\r\n",
    "different lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "head too long": b"HTTP/1.1 200 OK\r\nX: " + b"y" * 20000 + b"\r\n\r\n",
}


class ResponseTests(CompatTestCase):
    """
    Tests of responses.
    """

    def _compare(self, answers: dict[str, bytes], version: str = "1.1") -> None:
        origin = Origin()
        self.addCleanup(origin.stop)
        current = b""

        def answer(_request: bytes) -> bytes:
            return current

        origin.answer = answer

        def script(proxy: Proxy) -> dict[str, bytes]:
            nonlocal current
            seen = {}
            for name, answered in answers.items():
                current = answered
                asked = f"GET / HTTP/{version}\r\nhost: a\r\n\r\n".encode()
                seen[name] = plain_head(mask_page(request(proxy.port("web"), asked)))
            return seen

        self.compare(CONFIG, script, lambda: {"origin": origin.address})

    def test_forwarded(self) -> None:
        """
        The client receives the same bytes.
        """
        self._compare(ANSWERS)

    def test_forwarded_to_http_1_0(self) -> None:
        """
        A client of HTTP/1.0 receives the same bytes. HAProxy also sends it chunks and
        interim responses, which RFC 9112 6.1 and RFC 9110 15.2 forbid: not compared.
        """
        without = ("chunked", "100, then 200", "103, then 200")
        answers = {name: answer for name, answer in ANSWERS.items() if name not in without}
        self._compare(answers, version="1.0")

    def test_broken(self) -> None:
        """
        What is no response becomes the same 502.
        """
        self._compare(BROKEN)
