"""
Heads of HTTP/1 messages: start line and header lines, from bytes.

The caller finds the empty line; everything before it is judged here, once. What is not clearly
right raises L{BadMessage}: an intermediary that guesses lets two parsers disagree.

Clients repeat themselves, so parsed request lines and blocks are remembered in dictionaries of
bounded size, keyed by their very bytes; when one is full its older half is forgotten.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TypeVar

from mwproxy.protocols.http1.blocks import (
    MAX_LINES,
    TOKEN,
    explain_lines,
    match_line,
    match_partial_line,
    name_byte,
    parse_block,
    without_body,
)
from mwproxy.protocols.http1.messages import BadMessage, Block, Request, Response
from mwproxy.protocols.http1.targets import check_authority, check_target

#: Most entries of each dictionary, and the longest text remembered.
REMEMBERED = 512
REMEMBERED_BYTES = 2048

_TARGET = rb"[\x21-\x22\x24-\x7e]"
_TEXT = rb"[^\x00-\x08\x0a-\x1f\x7f]"
_match_request_line = re.compile(
    rb"(%b++) (%b++) HTTP/([0-9])\.([0-9])\r\n" % (TOKEN, _TARGET)
).fullmatch
_match_status_line = re.compile(
    rb"HTTP/([0-9])\.([0-9]) ([1-9][0-9]{2})(?: (%b*+))?\r\n" % _TEXT
).fullmatch
_match_partial_request_line = re.compile(
    rb"(?:%b++(?: (?:%b++(?: (?:H(?:T(?:T(?:P(?:/(?:[0-9](?:\.(?:[0-9]\r?)?)?)?)?)?)?)?)?)?)?)?)?"
    % (TOKEN, _TARGET)
).fullmatch
_match_partial_status_line = re.compile(
    rb"H?|HT|HTTP?|HTTP/(?:[0-9](?:\.(?:[0-9](?: (?:[1-9][0-9]?|"
    rb"[1-9][0-9]{2}(?: %b*+)?\r?)?)?)?)?)?" % _TEXT
).fullmatch
_match_method = re.compile(TOKEN + b"*+").match
_match_target = re.compile(_TARGET + b"*+").match
_match_empty_lines = re.compile(rb"(?:\r\n)*+").match

Key = TypeVar("Key")
Value = TypeVar("Value")
_RequestLine = tuple[bytes, bytes, int, bytes | None]
_StatusLine = tuple[int, bytes, int, bytes]

_request_lines: dict[bytes, _RequestLine] = {}
_request_blocks: dict[bytes, Block] = {}
_status_lines: dict[bytes, _StatusLine] = {}
_response_blocks: dict[bytes, Block] = {}


def parse_request(data: bytes, end: int, start: int = 0, maxhdr: int = MAX_LINES) -> Request:
    """
    Read the head of a request.

    @param data: Holds the head.

    @param end: Where it ends: behind the first CRLF CRLF.

    @param start: Where its first line begins.

    @param maxhdr: Most header lines.

    @return: The request.

    @raise BadMessage: It breaks a rule; the status is 400, 422 or 505.
    """
    middle = data.find(b"\n", start, end) + 1
    line = data[start:middle]
    lines = data[middle : end - 4]
    parts = _request_lines.get(line)
    if parts is None:
        parts = _read_request_line(line)
        if len(line) <= REMEMBERED_BYTES:
            _remember(_request_lines, line, parts)
    block = _request_blocks.get(lines)
    if block is None:
        block = parse_block(lines, request=True, offset=middle - start, maxhdr=maxhdr)
        if len(lines) <= REMEMBERED_BYTES:
            _remember(_request_blocks, lines, block)
    elif len(block.fields) > maxhdr:
        raise BadMessage(400, "too many header lines", middle - start)
    method, target, version, authority = parts
    if version == 11:
        if block.host is None:
            raise BadMessage(400, "missing host", middle - start)
    elif block.chunked:
        raise BadMessage(400, "transfer-encoding in HTTP/1.0", middle - start)
    if authority is not None and block.host is not None:
        check_authority(target, authority, block.host)
    return Request(method, target, version, block, end - start, line)


def parse_response(data: bytes, end: int, start: int = 0, maxhdr: int = MAX_LINES) -> Response:
    """
    Read the head of a response. Framing that a status forbids (1xx, 204, 304) is left out of
    the block.

    @param data: Holds the head.

    @param end: Where it ends: behind the first CRLF CRLF.

    @param start: Where its first line begins.

    @param maxhdr: Most header lines.

    @return: The response.

    @raise BadMessage: It breaks a rule; the status is 502.
    """
    middle = data.find(b"\n", start, end) + 1
    line = data[start:middle]
    lines = data[middle : end - 4]
    parts = _status_lines.get(line)
    if parts is None:
        parts = _read_status_line(line)
        if len(line) <= 128:
            _remember(_status_lines, line, parts)
    block = _response_blocks.get(lines)
    if block is None:
        block = parse_block(lines, request=False, offset=middle - start, maxhdr=maxhdr)
        if len(lines) <= REMEMBERED_BYTES:
            _remember(_response_blocks, lines, block)
    elif len(block.fields) > maxhdr:
        raise BadMessage(502, "too many header lines", middle - start)
    status, reason, version, line = parts
    if block.chunked and version == 10:
        raise BadMessage(502, "transfer-encoding in HTTP/1.0", middle - start)
    if status < 200 or status == 204:
        if block.chunked or block.length >= 0:
            block = without_body(block, keep_length=False)
    elif status == 304 and block.chunked:
        block = without_body(block, keep_length=True)
    return Response(status, reason, version, block, end - start, line)


def skip_empty_lines(data: bytes, start: int = 0) -> int:
    """
    Skip the empty lines that may stand before a request (RFC 9112, 2.2).

    @param data: What came.

    @param start: Where to begin.

    @return: Where the request line begins, or may begin with the next bytes: a CR at the end
        of the data is not skipped.
    """
    if data[start : start + 1] != b"\r":
        return start
    found = _match_empty_lines(data, start)
    assert found is not None  # matches the empty string too
    return found.end()


def reject_partial(
    data: bytes, start: int = 0, *, request: bool, resume: int = -1, maxhdr: int = MAX_LINES
) -> int:
    """
    Refuse a head that is not complete yet but wrong already, so that garbage need not be
    waited for.

    @param data: What came, without a CRLF CRLF from C{start} on.

    @param start: Where the message begins.

    @param request: False for a response.

    @param resume: What the last call for this head returned, -1 for the first one: lines
        before it are not looked at again.

    @param maxhdr: Most header lines.

    @return: Where the unfinished line begins.

    @raise BadMessage: No continuation can make it right.
    """
    position = max(resume, start)
    if position == start:
        position = data.find(b"\n", start) + 1
        if position == 0:
            _reject_partial_line(data, start, request)
            return start
        if request:
            _read_request_line(data[start:position])
        else:
            _read_status_line(data[start:position])
    while (line := match_line(data, position)) is not None:
        position = line.end()
    if match_partial_line(data, position) is None:
        raise explain_lines(data, position, -start, request=request)
    if data.count(b"\n", start, position) > maxhdr + 1:
        raise BadMessage(400 if request else 502, "too many header lines", position - start)
    return position


def _reject_partial_line(data: bytes, start: int, request: bool) -> None:
    rest = data[start:]
    if request:
        if rest == b"\r":
            return  # half of an empty line, see skip_empty_lines
        if _match_partial_request_line(rest) is None:
            raise _explain_request_line(rest)
    elif _match_partial_status_line(rest) is None:
        raise BadMessage(502, "bad status line", 0)


def _read_request_line(line: bytes) -> _RequestLine:
    found = _match_request_line(line)
    if found is None:
        raise _explain_request_line(line)
    method, target, major, minor = found.groups()
    if major != b"1" or minor not in b"01":
        raise BadMessage(505, "HTTP version not supported", found.start(3))
    authority = None
    if target[0] != 47 or method == b"CONNECT":
        try:
            authority = check_target(method, target)
        except BadMessage as error:
            raise BadMessage(error.status, error.reason, found.start(2)) from None
    return method, target, 11 if minor == b"1" else 10, authority


def _explain_request_line(line: bytes) -> BadMessage:
    at = _end_of(_match_method(line))
    byte = line[at : at + 1]
    if byte != b" " or at == 0:
        return BadMessage(400, f"{name_byte(byte)} in method", at)
    at = _end_of(_match_target(line, at + 1))
    byte = line[at : at + 1]
    if byte not in (b" ", b"\r", b"\n", b""):
        return BadMessage(400, f"{name_byte(byte)} in request target", at)
    if line[at - 1 : at] == b" ":
        return BadMessage(400, "empty request target", at)
    return BadMessage(400, "bad HTTP version", at)


def _end_of(match: re.Match[bytes] | None) -> int:
    assert match is not None  # patterns that accept the empty string always match
    return match.end()


def _read_status_line(line: bytes) -> _StatusLine:
    found = _match_status_line(line)
    if found is None:
        raise BadMessage(502, "bad status line", 0)
    major, minor, status, reason = found.groups()
    if major != b"1" or minor not in b"01":
        raise BadMessage(502, "HTTP version not supported", 5)
    reason = reason or b""
    line = b"HTTP/1.%b %b %b\r\n" % (minor, status, reason)
    return int(status), reason, 11 if minor == b"1" else 10, line


def _remember(memory: dict[Key, Value], key: Key, value: Value) -> None:
    if len(memory) >= REMEMBERED:
        for old in list(islice(memory, REMEMBERED // 2)):
            del memory[old]
    memory[key] = value
