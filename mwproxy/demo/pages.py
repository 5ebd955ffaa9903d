"""
What the demonstration origin answers: a request in, an answer out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

from mwproxy.demo.messages import Request
from mwproxy.demo.websocket import accept_key

#: The longest delay of C{/slow}, in milliseconds.
MAX_DELAY_MS = 600_000
_PIECE = b"0123456789abcdef" * 4096
_LIST = """\
/            who answers
/health      200 while healthy; /down and /up change that
/slow?ms=N   the same as / after N milliseconds
/bytes/N     a body of N bytes
/chunked?n=N a chunked body of N pieces
/status/N    an answer of that status
/echo        the request, as it arrived here
/ws          a WebSocket that echoes
"""


@dataclass(slots=True)
class Origin:
    """
    The state of one origin.

    @ivar name: What it calls itself in answers.

    @ivar healthy: What C{/health} says.

    @ivar checked: Called at each request for C{/health}.
    """

    name: str
    healthy: bool = True
    checked: Callable[[], None] = lambda: None


@dataclass(slots=True)
class Answer:
    """
    An answer.

    @ivar body: The whole body, or its pieces; C{length} is L{None} for a chunked one.

    @ivar delay_ms: How long to wait before it is sent.

    @ivar upgrade: True when WebSocket frames follow.
    """

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: Iterator[bytes] = field(default_factory=lambda: iter(()))
    length: int | None = 0
    delay_ms: int = 0
    upgrade: bool = False


def answer(request: Request, origin: Origin) -> Answer:
    """
    Answer a request.

    @param request: What was asked.

    @param origin: Who answers; C{/up} and C{/down} change it.

    @return: The answer.
    """
    url = urlsplit(request.target)
    query = parse_qs(url.query)
    # The quickstart routes /api/… here; the same pages are there.
    head, _, rest = url.path.removeprefix("/api").lstrip("/").partition("/")
    if head == "slow":
        said = text(200, f"slow hello from {origin.name}\n")
        said.delay_ms = min(_number(query.get("ms", ["1000"])[0], 1000), MAX_DELAY_MS)
        return said
    if head == "health":
        origin.checked()
        return text(200, "healthy\n") if origin.healthy else text(503, "unhealthy\n")
    if head in ("up", "down"):
        origin.healthy = head == "up"
        return text(200, f"{origin.name} is {head}\n")
    if head == "bytes":
        size = _number(rest, 0)
        return Answer(200, [("content-type", "application/octet-stream")], pieces(size), size)
    if head == "chunked":
        count = _number(query.get("n", ["5"])[0], 5)
        parts = (f"piece {index} from {origin.name}\n".encode() for index in range(count))
        return Answer(200, [("content-type", "text/plain")], parts, None)
    if head == "status":
        status = _number(rest, 200)
        return text(status if 200 <= status <= 599 else 400, f"status {rest}\n")
    if head == "echo":
        lines = [f"{request.method} {request.target} {request.version}"]
        lines += [f"{name}: {value}" for name, value in request.headers]
        return content(200, "\n".join([*lines, "", ""]).encode("latin-1") + request.body)
    if head == "ws":
        return _websocket(request)
    if head == "help":
        return text(200, _LIST)
    return text(200, f"hello from {origin.name}, you asked for {request.target}\n")


def text(status: int, said: str) -> Answer:
    """
    Make an answer of plain text.

    @return: The answer.
    """
    return content(status, said.encode("latin-1", "replace"))


def content(status: int, body: bytes) -> Answer:
    """
    Make an answer of bytes that are text.

    @return: The answer.
    """
    return Answer(status, [("content-type", "text/plain")], iter((body,)), len(body))


def pieces(size: int) -> Iterator[bytes]:
    """
    Make a body of some size.

    @param size: Its bytes.

    @return: Its pieces.
    """
    while size > 0:
        piece = _PIECE if size >= len(_PIECE) else _PIECE[:size]
        size -= len(piece)
        yield piece


def render_head(said: Answer, request: Request, name: str) -> bytes:
    """
    Write the head of an answer.

    @param said: The answer.

    @param request: What it answers.

    @param name: Who answers.

    @return: The bytes before the body.
    """
    try:
        reason = HTTPStatus(said.status).phrase
    except ValueError:
        reason = "Unknown"
    lines = [f"HTTP/1.1 {said.status} {reason}", f"x-origin: {name}"]
    lines += [f"{key}: {value}" for key, value in said.headers]
    if said.upgrade or said.status in (204, 304):
        pass
    elif said.length is not None:
        lines.append(f"content-length: {said.length}")
    elif request.version == "HTTP/1.1":
        lines.append("transfer-encoding: chunked")
    if not said.upgrade and not keeps_open(said, request):
        lines.append("connection: close")
    elif not said.upgrade and request.version == "HTTP/1.0":
        lines.append("connection: keep-alive")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def keeps_open(said: Answer, request: Request) -> bool:
    """
    Tell whether the connection outlives the answer.

    @return: False when it has to be closed behind it.
    """
    return request.persistent and (said.length is not None or request.version == "HTTP/1.1")


def has_body(said: Answer, request: Request) -> bool:
    """
    Tell whether a body is sent.

    @return: False for C{HEAD} and for answers that have none.
    """
    return request.method != "HEAD" and said.status not in (101, 204, 304)


def _websocket(request: Request) -> Answer:
    key = request.header("sec-websocket-key")
    if request.header("upgrade").lower() != "websocket" or not key:
        return text(426, "this is a WebSocket\n")
    headers = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-accept", accept_key(key)),
    ]
    return Answer(101, headers, upgrade=True)


def _number(word: str, otherwise: int) -> int:
    return int(word) if word.isascii() and word.isdigit() and len(word) < 16 else otherwise
