"""
The header lines of an HTTP/1 message: grammar, framing and what is sent on.

Rules (RFC 9112 and 9110, read as an intermediary must):
  - a line is a token, a colon right behind it, a value without control characters (blanks and
    bytes from 0x80 up are fine) and CRLF; nothing may continue a line on the next one;
  - the end of the body is told in one way only: one C{content-length}, or C{transfer-encoding}
    that is exactly C{chunked}; whatever could be read in two ways is refused;
  - C{connection}, and what it names, end here. Names that decide on framing, routing or access
    are not taken away that way: a client must not be able to strip them.

Most lines were seen before, in this or another order, so lines that were found right are remembered
by their very bytes. Repetitions in patterns are possessive: time is linear.
"""

from __future__ import annotations

import re
from itertools import islice

from mwproxy.protocols.http1.messages import BadMessage, Block, Field
from mwproxy.protocols.http1.targets import check_host

#: Most header lines of a message (C{tune.http.maxhdr}).
MAX_LINES = 101
MAX_LENGTH = 2**63 - 1

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
VALUE = rb"[^\x00-\x08\x0a-\x1f\x7f]"
_LINE = rb"(%b++):[ \t]*+(%b*+)" % (TOKEN, VALUE)
_match_whole_line = re.compile(_LINE).fullmatch
#: One line with its CRLF, at a position.
match_line = re.compile(_LINE + rb"\r\n").match
#: The beginning of a line, up to the end of the data.
match_partial_line = re.compile(rb"(?:%b++(?::%b*+)?)?\r?" % (TOKEN, VALUE)).fullmatch
_match_name = re.compile(TOKEN + b"*+").match
_match_value = re.compile(VALUE + b"*+").match
_is_token = re.compile(TOKEN + b"++").fullmatch

_SPECIAL = frozenset(
    (
        b"host", b"content-length", b"transfer-encoding", b"connection", b"keep-alive",
        b"proxy-connection", b"upgrade", b"http2-settings", b"expect", b"te",
    )
)  # fmt: skip
#: Those of them that are never sent on as they came.
_REMOVED = frozenset(
    (
        b"transfer-encoding", b"connection", b"keep-alive", b"proxy-connection", b"upgrade",
        b"http2-settings", b"te",
    )
)  # fmt: skip
#: What C{connection} cannot take away.
_PROTECTED = frozenset(
    (
        b"host", b"content-length", b"content-type", b"content-encoding", b"content-range",
        b"expect", b"range", b"trailer", b"date", b"location", b"cache-control", b"vary",
        b"authorization", b"proxy-authorization", b"www-authenticate", b"proxy-authenticate",
        b"cookie", b"set-cookie", b"origin", b"referer", b"forwarded", b"via", b"max-forwards",
        b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-port", b"x-forwarded-proto",
        b"x-forwarded-by", b"x-real-ip", b"x-original-to", b"x-client-cert", b"x-request-id",
        b"x-unique-id",
    )
)  # fmt: skip
#: A line as it was read: the field, the line to send on, one of the kinds below.
_Line = tuple[Field, bytes, int]
_PLAIN, _SPECIAL_LINE, _REMOVED_LINE = range(3)
_lines: dict[bytes, _Line] = {}
#: Most lines remembered, and the longest.
_REMEMBERED = 2048
_REMEMBERED_BYTES = 512


class _BadLine(Exception):
    """
    A line breaks the grammar.
    """


def parse_block(lines: bytes, *, request: bool, offset: int = 0, maxhdr: int = MAX_LINES) -> Block:
    """
    Read header lines.

    @param lines: All of them, without the CRLF of the last one.

    @param request: False for those of a response.

    @param offset: Where they stand in the message, for error positions.

    @param maxhdr: Most lines allowed.

    @return: The block.

    @raise BadMessage: They break a rule.
    """
    known = _lines.get
    try:
        found = [known(line) or _read_line(line) for line in lines.split(b"\r\n")] if lines else []
    except _BadLine:
        raise explain_lines(lines + b"\r\n", 0, offset, request=request) from None
    if len(found) > maxhdr:
        raise BadMessage(400 if request else 502, "too many header lines", offset)
    block = Block()
    block.length = -1
    block.chunked = block.close = block.keep_alive = block.expect_continue = False
    block.upgrade = b""
    block.host = None
    sent = found
    special = [line[0] for line in found if line[2]]
    if special:
        try:
            found, sent = _read_special(block, found, special, request)
        except BadMessage as error:
            raise BadMessage(error.status if request else 502, error.reason, offset) from None
    block.fields = tuple([line[0] for line in found])
    block.plain = block.fields if sent is found else tuple([line[0] for line in sent])
    block.wire = b"".join([line[1] for line in sent])
    block.body = block.chunked or block.length > 0
    block.ready = b"" if block.chunked or block.upgrade else block.wire + b"\r\n"
    return block


def _read_line(line: bytes) -> _Line:
    found = _match_whole_line(line)
    if found is None:
        raise _BadLine
    name, value = found.groups()
    known = _line(name.lower(), value.rstrip(b" \t"))
    if len(line) <= _REMEMBERED_BYTES:
        if len(_lines) >= _REMEMBERED:
            for old in list(islice(_lines, _REMEMBERED // 2)):
                del _lines[old]
        _lines[line] = known
    return known


def _line(name: bytes, value: bytes) -> _Line:
    kind = _REMOVED_LINE if name in _REMOVED else _SPECIAL_LINE if name in _SPECIAL else _PLAIN
    return (name, value), b"%b: %b\r\n" % (name, value), kind


def _read_special(
    block: Block, found: list[_Line], special: list[Field], request: bool
) -> tuple[list[_Line], list[_Line]]:
    # Returns the lines as received and those to send on: the same list when all are.
    lengths: list[bytes] = []
    codings: list[bytes] = []
    options: list[bytes] = []
    upgrades: list[bytes] = []
    trailers = removes = False
    for name, value in special:
        if name == b"host":
            if request:
                if block.host is not None:
                    raise BadMessage(400, "more than one host header")
                check_host(value)
            block.host = value
        elif name == b"content-length":
            lengths.append(value)
        elif name == b"expect":
            block.expect_continue = value.lower() == b"100-continue"
        else:
            removes = True
            if name == b"connection":
                options += _elements(value)
            elif name == b"transfer-encoding":
                codings.append(value)
            elif name == b"upgrade":
                upgrades += [word.strip(b" \t") for word in value.split(b",")]
            elif name == b"te":
                trailers = trailers or b"trailers" in _elements(value)
    if lengths:
        found = _read_length(block, lengths, found)
    if codings:
        _read_coding(block, codings)
    if not removes:
        return found, found
    named: set[bytes] = set()
    if options:
        block.close = b"close" in options
        block.keep_alive = b"keep-alive" in options
        if b"upgrade" in options:
            block.upgrade = b", ".join([word for word in upgrades if _can_upgrade(word)])
        named = {option for option in options if option not in _PROTECTED}
    sent = [line for line in found if line[2] != _REMOVED_LINE and line[0][0] not in named]
    if trailers:
        sent.append(_line(b"te", b"trailers"))
    return found, sent


def _elements(value: bytes) -> list[bytes]:
    return [word.strip(b" \t") for word in value.lower().split(b",")]


def _can_upgrade(protocol: bytes) -> bool:
    # HTTP/2 begun by an upgrade is never relayed, as in HAProxy.
    return protocol.lower() not in (b"", b"h2c", b"h2")


def _read_length(block: Block, lengths: list[bytes], found: list[_Line]) -> list[_Line]:
    # Returns the lines with just one content-length in its shortest form.
    first = lengths[0]
    if len(lengths) == 1 and first.isdigit() and len(first) < 19 and first == b"%d" % int(first):
        block.length = int(first)
        return found
    values = set()
    for line in lengths:
        for word in line.split(b","):
            digits = word.strip(b" \t")
            if not digits.isdigit() or len(digits) > 19 or int(digits) > MAX_LENGTH:
                raise BadMessage(400, "bad content-length")
            values.add(int(digits))
    if len(values) > 1:
        raise BadMessage(400, "content-length differs from content-length")
    block.length = values.pop()
    name = b"content-length"
    place = next(at for at, line in enumerate(found) if line[0][0] == name)
    rest = [line for line in found[place + 1 :] if line[0][0] != name]
    return [*found[:place], _line(name, b"%d" % block.length), *rest]


def _read_coding(block: Block, codings: list[bytes]) -> None:
    words = _elements(b",".join(codings))
    if words != [b"chunked"]:
        # HAProxy's way: 422 for codings it would have to undo, 400 for those without a clear end.
        clear = words[-1] == b"chunked" and words.count(b"chunked") == 1 and len(codings) == 1
        known = clear and all(map(_is_token, words))
        raise BadMessage(422 if known else 400, "transfer-encoding is not just chunked")
    if block.length >= 0:
        raise BadMessage(400, "both transfer-encoding and content-length")
    block.chunked = True


def without_body(block: Block, *, keep_length: bool) -> Block:
    """
    Derive the block of a response that cannot have a body.

    @param block: As received.

    @param keep_length: True to send C{content-length} on (304: it tells of another response).

    @return: The same without framing.
    """
    other = Block()
    for name in Block.__slots__:
        if name != "_names":
            setattr(other, name, getattr(block, name))
    other.chunked = other.body = False
    if not keep_length:
        other.length = -1
        other.fields = tuple([line for line in block.fields if line[0] != b"content-length"])
        other.plain = tuple([line for line in block.plain if line[0] != b"content-length"])
        other.wire = b"".join([b"%b: %b\r\n" % line for line in other.plain])
    other.ready = b"" if other.upgrade else other.wire + b"\r\n"
    return other


def explain_lines(data: bytes, start: int, offset: int, *, request: bool) -> BadMessage:
    """
    Find out what is wrong with header lines.

    @param data: Holds the lines.

    @param start: Where the first one begins in it.

    @param offset: Where C{data} begins in the message.

    @param request: False for those of a response.

    @return: The error, to be raised.
    """
    position = start
    while (line := match_line(data, position)) is not None:
        position = line.end()
    status = 400 if request else 502
    at, reason = _explain_line(data, position)
    return BadMessage(status, reason, at + offset)


def _explain_line(data: bytes, position: int) -> tuple[int, str]:
    byte = data[position : position + 1]
    if byte in (b" ", b"\t"):
        return position, "header line continues on the next one"
    at = _end_of(_match_name(data, position))
    byte = data[at : at + 1]
    if byte == b":":
        if at == position:
            return at, "empty header name"
        at = _end_of(_match_value(data, at + 1))
        byte = data[at : at + 1]
        where = "header value"
    elif at > position and byte in (b" ", b"\t"):
        return at, "blank before the colon of a header"
    else:
        where = "header name"
    return at, f"{name_byte(byte)} in {where}"


def _end_of(match: re.Match[bytes] | None) -> int:
    assert match is not None  # patterns that accept the empty string always match
    return match.end()


def name_byte(byte: bytes) -> str:
    """
    Name an offending byte.

    @param byte: It, or empty at the end of the data.

    @return: Such as C{"bare CR"}.
    """
    known = {b"": "end", b"\0": "NUL", b"\r": "bare CR", b"\n": "bare LF"}
    return known.get(byte) or f"bad character 0x{byte[0]:02x}"
