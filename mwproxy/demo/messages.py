"""
Requests as the demonstration origin reads them: bytes in, whole requests out.

This is a small reader for a test peer that stands behind a proxy. It is no
model for the proxy itself, which must be far stricter.
"""

from __future__ import annotations

from dataclasses import dataclass

#: The longest head that is read.
MAX_HEAD = 65536
#: The longest body that is kept, for C{/echo}.
MAX_BODY = 16 << 20


class BadRequest(ValueError):
    """
    What arrived is no request; the connection has to end.
    """


@dataclass(frozen=True, slots=True)
class Request:
    """
    One request with its body.

    @ivar headers: Names in lower case and values, in the order of arrival.
    """

    method: str
    target: str
    version: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def header(self, name: str) -> str:
        """
        Look a header up.

        @param name: In lower case.

        @return: Its first value, empty when absent.
        """
        return next((value for key, value in self.headers if key == name), "")

    @property
    def persistent(self) -> bool:
        """
        Whether the connection may carry another request afterwards.
        """
        wish = self.header("connection").lower()
        if self.version == "HTTP/1.0":
            return "keep-alive" in wish
        return "close" not in wish


def parse_head(head: bytes) -> Request:
    """
    Read a request head.

    @param head: The bytes before the empty line.

    @return: The request, still without a body.

    @raise BadRequest: The head makes no sense.
    """
    lines = head.decode("latin-1").split("\r\n")
    try:
        method, target, version = lines[0].split(" ")
    except ValueError:
        raise BadRequest(f"bad request line {lines[0]!r}") from None
    if not version.startswith("HTTP/1."):
        raise BadRequest(f"bad version {version!r}")
    headers = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise BadRequest(f"bad header {line!r}")
        headers.append((name.lower(), value.strip()))
    return Request(method, target, version, tuple(headers))


class RequestReader:
    """
    Cuts a stream of bytes into requests.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head: Request | None = None

    def feed(self, data: bytes) -> list[Request]:
        """
        Take bytes.

        @param data: What arrived, cut anywhere.

        @return: The requests that are whole now, in order.

        @raise BadRequest: What arrived is no request.
        """
        self._buffer += data
        found = []
        while (request := self._next()) is not None:
            found.append(request)
            if request.header("upgrade"):
                break
        return found

    def leftover(self) -> bytes:
        """
        Give up reading requests: what follows belongs to another protocol.

        @return: The bytes that were not read.
        """
        rest = bytes(self._buffer)
        self._buffer.clear()
        return rest

    def _next(self) -> Request | None:
        if self._head is None:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(self._buffer) > MAX_HEAD:
                    raise BadRequest("head too long")
                return None
            self._head = parse_head(bytes(self._buffer[:end]))
            del self._buffer[: end + 4]
        head = self._head
        body = self._body(head)
        if body is None:
            return None
        self._head = None
        return Request(head.method, head.target, head.version, head.headers, body)

    def _body(self, head: Request) -> bytes | None:
        if "chunked" in head.header("transfer-encoding").lower():
            return self._chunked()
        text = head.header("content-length") or "0"
        if not (text.isascii() and text.isdigit()) or int(text) > MAX_BODY:
            raise BadRequest(f"bad length {text!r}")
        length = int(text)
        if len(self._buffer) < length:
            return None
        body = bytes(self._buffer[:length])
        del self._buffer[:length]
        return body

    def _chunked(self) -> bytes | None:
        body = bytearray()
        position = 0
        while True:
            end = self._buffer.find(b"\r\n", position)
            if end < 0:
                break
            try:
                size = int(bytes(self._buffer[position:end]).partition(b";")[0], 16)
            except ValueError:
                raise BadRequest("bad chunk size") from None
            position = end + 2
            if size == 0:
                return self._trailers(position, body)
            if len(body) + size > MAX_BODY:
                raise BadRequest("body too long")
            if len(self._buffer) < position + size + 2:
                break
            body += self._buffer[position : position + size]
            position += size + 2
        if len(self._buffer) > 2 * MAX_BODY:
            raise BadRequest("body too long")
        return None

    def _trailers(self, position: int, body: bytearray) -> bytes | None:
        while True:
            end = self._buffer.find(b"\r\n", position)
            if end < 0:
                return None
            empty = end == position
            position = end + 2
            if empty:
                del self._buffer[:position]
                return bytes(body)
