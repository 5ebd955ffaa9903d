"""
C{option httpchk}: one request, and an answer with the right status.
"""

from __future__ import annotations

from mwproxy.config.model import HttpCheck
from mwproxy.core.families import health_check
from mwproxy.live.servers import Server
from mwproxy.net.checks.result import Result
from mwproxy.protocols.http1.framing import CHUNKED, UNTIL_CLOSE, ChunkScanner, response_length
from mwproxy.protocols.http1.heads import parse_response
from mwproxy.protocols.http1.messages import BadMessage, Response

#: Most bytes of an answer that are looked at.
MAX_ANSWER = 16384


class HttpDialog:
    """
    One HTTP exchange. The body is read only for C{http-check expect}.
    """

    broken = "L7RSP"

    def __init__(self, check: HttpCheck) -> None:
        """
        @param check: What to send and to expect.
        """
        self.request = build_request(check)
        self._method = check.method.encode("latin-1", "replace")
        self._expect = check.expect
        self._data = b""
        self._response: Response | None = None

    def received(self, data: bytes) -> Result | None:
        """
        Take a part of the answer. See L{Dialog<mwproxy.net.checks.result.Dialog>}.
        """
        self._data = (self._data + data)[:MAX_ANSWER]
        ended = not data or len(self._data) >= MAX_ANSWER
        try:
            while self._response is None:
                end = self._data.find(b"\r\n\r\n") + 4
                if end < 4:
                    return Result("L7RSP") if ended else None
                response = parse_response(self._data, end)
                self._data = self._data[end:]
                if response.status >= 200:
                    self._response = response
            if self._expect is None:
                return self._judge(self._response, 200 <= self._response.status < 400)
            body = self._body(self._response, ended)
        except BadMessage:
            return Result("L7RSP")
        if body is None:
            return None
        return self._judge(self._response, self._expect(self._response.status, body))

    def _judge(self, response: Response, passed: bool) -> Result:
        if passed:
            return Result("L7OK", response.status)
        return Result("L7STS", response.status, response.reason.decode("latin-1"))

    def _body(self, response: Response, ended: bool) -> bytes | None:
        length = response_length(response, self._method)
        if length == CHUNKED:
            scanner = ChunkScanner(request=False)
            pieces: list[bytes] = []
            scanner.feed(self._data, 0, pieces)
            return b"".join(pieces) if scanner.complete or ended else None
        if length != UNTIL_CLOSE and len(self._data) >= length:
            return self._data[:length]
        return self._data if ended else None


def build_request(check: HttpCheck) -> bytes:
    """
    Write the request of a check.

    @param check: C{option httpchk} and C{http-check send}.

    @return: Head and body.
    """
    body = check.body.encode("utf-8", "surrogateescape")
    lines = [f"{check.method} {check.uri} {check.version}"]
    lines += [f"{name.lower()}: {value}" for name, value in check.headers]
    names = {name.lower() for name, _ in check.headers}
    if body and "content-length" not in names:
        lines.append(f"content-length: {len(body)}")
    if check.version == "HTTP/1.1" and "connection" not in names:
        lines.append("connection: close")
    head = "\r\n".join([*lines, "", ""])
    return head.encode("utf-8", "surrogateescape") + body


@health_check("http")
def check_http(server: Server) -> HttpDialog:
    """
    Check that an HTTP request is answered with 2xx or 3xx, or as C{http-check expect} says.
    """
    return HttpDialog(server.backend.description.http_check or HttpCheck())
