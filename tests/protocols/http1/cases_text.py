"""
The cases in C{cases/}: pairs of files, what comes (C{.in}) and what is made of it (C{.out}).

In C{.in} files backslash escapes stand for bytes that an editor would not show or keep, and
the ends of lines mean nothing. C{.out} files begin with C{ok} or with the status of the error.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mwproxy.protocols.http1.framing import ChunkScanner
from mwproxy.protocols.http1.heads import parse_request, parse_response
from mwproxy.protocols.http1.messages import BadMessage, Message

CASES = Path(__file__).parent / "cases"


def read_cases(kind: str) -> Iterator[tuple[str, bytes, str]]:
    """
    Read the cases of one kind.

    @param kind: The directory.

    @return: Name, what comes and what is expected.
    """
    for path in sorted((CASES / kind).glob("*.in")):
        yield path.stem, decode(path.read_text("ascii")), path.with_suffix(".out").read_text()


def decode(text: str) -> bytes:
    """
    Turn the text of an C{.in} file into bytes.
    """
    return text.replace("\n", "").encode("ascii").decode("unicode_escape").encode("latin-1")


def describe_request(data: bytes) -> str:
    """
    Parse a request and spell out what was understood.
    """
    try:
        request = parse_request(data, len(data))
    except BadMessage as error:
        return describe_error(error)
    line = f"{request.method!r} {request.target!r} {request.version}"
    return f"ok {line}\n" + _describe_block(request)


def describe_response(data: bytes) -> str:
    """
    Parse a response and spell out what was understood.
    """
    try:
        response = parse_response(data, len(data))
    except BadMessage as error:
        return describe_error(error)
    line = f"{response.status} {response.reason!r} {response.version}"
    return f"ok {line}\n" + _describe_block(response)


def describe_chunks(data: bytes) -> str:
    """
    Decode a chunked body and spell out what was understood.
    """
    scanner = ChunkScanner()
    pieces: list[bytes] = []
    try:
        end, _count = scanner.feed(data, 0, pieces)
    except BadMessage as error:
        return describe_error(error)
    state = "complete" if scanner.complete else "unfinished"
    return f"ok {state} at {end} of {len(data)}\npayload {b''.join(pieces)!r}\n"


def describe_error(error: BadMessage) -> str:
    """
    Spell an error out.
    """
    return f"{error.status} {error.reason} @{error.position}\n"


def _describe_block(message: Message) -> str:
    block = message.block
    facts = [f"received {name!r}: {value!r}" for name, value in block.fields]
    facts += [f"sent {line!r}" for line in block.wire.split(b"\r\n")[:-1]]
    for name in ("length", "chunked", "close", "keep_alive", "upgrade", "expect_continue"):
        value = getattr(block, name)
        if value not in (-1, False, b""):
            facts.append(f"{name} {value!r}")
    return "".join([f"{fact}\n" for fact in facts])
