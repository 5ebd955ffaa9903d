"""
Bodies: where they end.

A proxy forwards chunked bodies as they are coded, so L{ChunkScanner} does not decode: it tells
how many of the bytes at hand belong to the body and are known to be right. A line that is not
complete is held back by the caller until it is. Payload that the caller moves without
looking at it (C{splice}) is told with L{ChunkScanner.advance}.

Rules (RFC 9112, 7.1): a size is 1 to 16 hexadecimal digits with nothing around it; extensions
have the form the grammar gives them; every line ends in CRLF; trailers are header lines and must
not be those that frame or route a message.
"""

from __future__ import annotations

import re

from mwproxy.protocols.http1.blocks import (
    MAX_LENGTH,
    MAX_LINES,
    TOKEN,
    VALUE,
    explain_lines,
    match_line,
    match_partial_line,
)
from mwproxy.protocols.http1.messages import BadMessage, Response

#: Answers of L{response_length} beside real lengths.
UNTIL_CLOSE = -1
CHUNKED = -2

#: What ends a chunked body that has no trailers.
LAST_CHUNK = b"0\r\n\r\n"

#: Longest line that gives a chunk's size, and longest trailer line.
MAX_SIZE_LINE = 1024
MAX_TRAILER_LINE = 8192

_BLANKS = rb"[ \t]*+"
_QUOTED = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*+"'
_EXTENSION = rb"%b;%b%b++(?:%b=%b(?:%b++|%b))?+" % (
    _BLANKS, _BLANKS, TOKEN, _BLANKS, _BLANKS, TOKEN, _QUOTED,
)  # fmt: skip
_match_size = re.compile(rb"([0-9A-Fa-f]{1,16}+)(?:%b)*+\r\n" % _EXTENSION).match
_match_partial_size = re.compile(rb"[0-9A-Fa-f]{1,16}+(?:[ \t]*+(?:;%b*+)?)?\r?" % VALUE).fullmatch

_FORBIDDEN = frozenset(
    (
        b"connection", b"content-encoding", b"content-length", b"content-range", b"content-type",
        b"expect", b"host", b"keep-alive", b"max-forwards", b"proxy-connection", b"range", b"te",
        b"trailer", b"transfer-encoding", b"upgrade", b"authorization", b"proxy-authorization",
        b"cookie", b"set-cookie",
    )
)  # fmt: skip

_SIZE, _DATA, _DATA_END, _TRAILERS, _DONE = range(5)


class ChunkScanner:
    """
    Follows one chunked body.

    @ivar remaining: Payload bytes of the current chunk that have not passed yet. When
        positive, that many bytes need no scanner; L{advance} tells that they passed.

    @ivar complete: True once the whole body has passed, trailers included.

    @ivar payload: Payload bytes that have passed so far.
    """

    __slots__ = ("remaining", "complete", "payload", "_status", "_state", "_trailers")

    def __init__(self, *, request: bool = True) -> None:
        """
        @param request: False for the body of a response; decides on the status of errors.
        """
        self.remaining = 0
        self.complete = False
        self.payload = 0
        self._status = 400 if request else 502
        self._state = _SIZE
        self._trailers = 0

    def advance(self, count: int) -> None:
        """
        Note that payload passed by another way.

        @param count: How much, at most L{remaining}.
        """
        if count < 0 or count > self.remaining:
            raise ValueError(f"{count} bytes are not within the chunk")
        self.payload += count
        self.remaining -= count
        if self.remaining == 0 and self._state == _DATA:
            self._state = _DATA_END

    def feed(
        self, data: bytes, start: int = 0, pieces: list[bytes] | None = None
    ) -> tuple[int, int]:
        """
        Look at what came.

        @param data: Bytes; those from C{start} on are the body's.

        @param start: Where to begin.

        @param pieces: When given, the payload is appended to it: for those who decode.

        @return: Up to where the bytes are right and belong to the body, and how many of these
            are payload. What follows belongs to an unfinished line, to be given again with
            more, or to the next message when L{complete}.

        @raise BadMessage: The coding is wrong.
        """
        position = start
        end = len(data)
        before = self.payload
        while position < end:
            state = self._state
            if state == _SIZE:
                found = _match_size(data, position)
                if found is None:
                    self._reject_size(data, position)
                    break
                if found.end() - position > MAX_SIZE_LINE:
                    raise BadMessage(self._status, "chunk size line too long", position)
                size = int(found[1], 16)
                if size > MAX_LENGTH:
                    raise BadMessage(self._status, "chunk too large", position)
                position = found.end()
                self.remaining = size
                self._state = _DATA if size else _TRAILERS
            elif state == _DATA:
                taken = min(self.remaining, end - position)
                if pieces is not None:
                    pieces.append(data[position : position + taken])
                position += taken
                self.advance(taken)
            elif state == _DATA_END:
                if data.startswith(b"\r\n", position):
                    position += 2
                    self._state = _SIZE
                elif end - position == 1 and data[position] == 13:
                    break
                else:
                    raise BadMessage(self._status, "no CRLF behind a chunk", position)
            elif state == _TRAILERS:
                after = self._read_trailer(data, position)
                if after == position:
                    break
                position = after
            else:
                break
        return position, self.payload - before

    def _reject_size(self, data: bytes, position: int) -> None:
        if _match_partial_size(data, position) is None:
            raise BadMessage(self._status, "bad chunk size or extension", position)
        if len(data) - position >= MAX_SIZE_LINE:
            raise BadMessage(self._status, "chunk size line too long", position)

    def _read_trailer(self, data: bytes, position: int) -> int:
        if data.startswith(b"\r\n", position):
            self._state = _DONE
            self.complete = True
            return position + 2
        found = match_line(data, position)
        if found is None:
            if match_partial_line(data, position) is None:
                raise explain_lines(data, position, 0, request=self._status == 400)
            if len(data) - position >= MAX_TRAILER_LINE:
                raise BadMessage(self._status, "trailer too long", position)
            return position
        self._trailers += 1
        if self._trailers > MAX_LINES:
            raise BadMessage(self._status, "too many trailers", position)
        if found.end() - position > MAX_TRAILER_LINE:
            raise BadMessage(self._status, "trailer too long", position)
        if found[1].lower() in _FORBIDDEN:
            raise BadMessage(self._status, "header that must not be a trailer", position)
        return found.end()


def chunk(data: bytes) -> bytes:
    """
    Code a chunk.

    @param data: The payload. Empty for no chunk at all, since an empty one would end the body.

    @return: The coded bytes.
    """
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def response_length(response: Response, method: bytes) -> int:
    """
    Tell how the body of a response ends (RFC 9112, 6.3).

    @param response: Its head.

    @param method: The method of the request it answers.

    @return: The length, 0 for no body, L{CHUNKED} or L{UNTIL_CLOSE}.
    """
    status = response.status
    if method == b"HEAD" or status < 200 or status in (204, 304):
        return 0
    if method == b"CONNECT" and status < 300:
        return 0
    block = response.block
    if block.chunked:
        return CHUNKED
    return block.length if block.length >= 0 else UNTIL_CLOSE
