"""
What the server receives, and what the client of a malformed request gets, compared with HAProxy.
"""

from __future__ import annotations

from tests.compat.outcomes import CompatTestCase, mask_page, plain_head
from tests.integration.clients import Connection, exchange, request
from tests.integration.harness import Proxy
from tests.integration.origins import Origin

CONFIG = """\
global
    nbthread 1
defaults
    mode http
    timeout connect 2s
    timeout client 5s
    timeout server 5s
    timeout http-request 5s
frontend web
    bind <listen:web>
    option forwardfor
    http-request set-header x-proto http if { path_beg /secure }
    http-request del-header x-remove
    http-request add-header x-added one
    http-request deny deny_status 429 if { path /denied }
    http-request redirect location /there code 302 if { path /moved }
    http-request return status 200 content-type text/plain string "here" if { path /local }
    use_backend second if { path_beg /second } || { hdr(host) -i second.test }
    default_backend first
backend first
    server one <origin>
backend second
    http-request set-header x-backend second
    server two <origin>
"""

FORWARDED = {
    "simple": b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "case and spaces of headers": b"GET /x?y=1 HTTP/1.1\r\nHOST: a.test\r\n"
    b"X-MiXed:   Value  \r\n\r\n",
    "routed by path": b"GET /second/1 HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "routed by host": b"GET / HTTP/1.1\r\nHost: SECOND.test\r\n\r\n",
    "condition": b"GET /secure HTTP/1.1\r\nHost: a.test\r\nX-Proto: evil\r\n\r\n",
    "removed header": b"GET / HTTP/1.1\r\nHost: a.test\r\nX-Remove: a\r\nx-remove: b\r\n\r\n",
    "several of one name": b"GET / HTTP/1.1\r\nHost: a.test\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n",
    "connection: close": b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n",
    "HTTP/1.0": b"GET / HTTP/1.0\r\nHost: a.test\r\n\r\n",
    "HTTP/1.0 keep-alive": b"GET / HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n",
    "HTTP/1.0 without host": b"GET / HTTP/1.0\r\n\r\n",
    "absolute form": b"GET http://a.test/p?q HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "HEAD": b"HEAD /h HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "OPTIONS *": b"OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "extension method": b"BREW /pot HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "length": b"POST /p HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello",
    "no length": b"POST /p HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "chunked": b"POST /c HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\n0\r\n\r\n",
    "same length twice": b"POST /p HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n"
    b"Content-Length: 5\r\n\r\nhello",
    "empty header": b"GET / HTTP/1.1\r\nHost: a.test\r\nX-Empty:\r\n\r\n",
    "leading empty line": b"\r\nGET / HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "x-forwarded-for of another proxy": b"GET / HTTP/1.1\r\nHost: a.test\r\n"
    b"X-Forwarded-For: 10.0.0.1\r\n\r\n",
}

ANSWERED_HERE = {
    "deny": b"GET /denied HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "redirect": b"GET /moved HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "return": b"GET /local HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "return to HEAD": b"HEAD /local HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "return to HTTP/1.0": b"GET /local HTTP/1.0\r\nHost: a.test\r\n\r\n",
    "return, then close": b"GET /local HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n",
}

MALFORMED = {
    "no version": b"GET /\r\n\r\n",
    "bad version": b"GET / HTTP/x.1\r\nHost: a\r\n\r\n",
    "space in target": b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    "control in target": b"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n",
    "space before colon": b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    "no colon": b"GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n",
    "empty name": b"GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n",
    "bad name": b"GET / HTTP/1.1\r\nHost: a\r\nx(y: 1\r\n\r\n",
    "bad method": b"GE(T / HTTP/1.1\r\nHost: a\r\n\r\n",
    "different lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
    b"Content-Length: 6\r\n\r\nhello!",
    "negative length": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\nhello",
    "length with sign": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello",
    "length that is none": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: five\r\n\r\nhello",
    "empty length": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\nhello",
    "different hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "bad chunk size": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
    "head too long": b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 20000 + b"\r\n\r\n",
    "too many headers": b"GET / HTTP/1.1\r\nHost: a\r\n" + b"x: y\r\n" * 150 + b"\r\n",
}


class RequestTests(CompatTestCase):
    """
    Tests of requests.
    """

    def setUp(self) -> None:
        self.origin = Origin()
        self.addCleanup(self.origin.stop)

    def _prepare(self) -> dict[str, str]:
        return {"origin": self.origin.address}

    def test_forwarded(self) -> None:
        """
        The server receives the same bytes. Two cases are not compared, in which HAProxy is laxer
        than RFC 9112 3.2 (no C{Host}) and RFC 9110 7.6.1 (headers that C{Connection} names).
        """

        def script(proxy: Proxy) -> dict[str, tuple[bytes, ...]]:
            seen = {}
            for name, sent in FORWARDED.items():
                del self.origin.requests[:]
                connection = Connection(proxy.port("web"))
                connection.send(sent)
                connection.response(sent.split()[0].decode())
                connection.close()
                seen[name] = tuple(plain_head(one) for one in self.origin.requests)
            return seen

        self.compare(CONFIG, script, self._prepare)

    def test_answered_here(self) -> None:
        """
        Answers that no server gave are the same bytes.
        """

        def script(proxy: Proxy) -> dict[str, bytes]:
            return {
                name: mask_page(request(proxy.port("web"), sent))
                for name, sent in ANSWERED_HERE.items()
            }

        self.compare(CONFIG, script, self._prepare)

    def test_malformed(self) -> None:
        """
        A malformed request gets the same answer, and none reaches a server.
        """

        def script(proxy: Proxy) -> dict[str, tuple[bytes, int]]:
            seen = {}
            for name, sent in MALFORMED.items():
                before = len(self.origin.requests)
                answer = mask_page(exchange(proxy.port("web"), sent))
                seen[name] = (answer, len(self.origin.requests) - before)
            return seen

        self.compare(CONFIG, script, self._prepare)
