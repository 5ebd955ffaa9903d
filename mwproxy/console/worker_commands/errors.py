"""
Console command C{show errors}: the last invalid request and response of each proxy.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from mwproxy.console.dispatch import CommandError, Invocation
from mwproxy.core.families import command
from mwproxy.live.errors import CapturedError
from mwproxy.live.proxies import WorkerState

#: Characters of a message that fit into one line of the answer.
_WIDTH = 70
_LETTERS = {9: "\\t", 10: "\\n", 13: "\\r", 27: "\\e", 92: "\\\\"}


def _date(wall: float) -> str:
    stamp = time.strftime("%d/%b/%Y:%H:%M:%S", time.localtime(wall))
    return f"{stamp}.{int(wall * 1000) % 1000:03}"


def escaped(code: int) -> str:
    """
    Write one byte of a message.

    @return: One to four characters.
    """
    if code in _LETTERS:
        return _LETTERS[code]
    return chr(code) if 32 <= code < 127 else f"\\x{code:02X}"


def dump(data: bytes) -> Iterator[str]:
    """
    Write a message: each of its lines, cut where it is too long, behind its offset.

    @return: Lines with line feed.
    """
    begin = 0
    continued = " "
    line = ""
    for position, code in enumerate(data):
        piece = escaped(code)
        if len(line) + len(piece) > _WIDTH:
            yield f"  {begin:05}{continued} {line}\n"
            begin, continued, line = position, "+", ""
        line += piece
        if code == 10:
            yield f"  {begin:05}{continued} {line}\n"
            begin, continued, line = position + 1, " ", ""
    if line:
        yield f"  {begin:05}{continued} {line}\n"


def _described(error: CapturedError, bufsize: int) -> str:
    frontend, backend, server = error.frontend, error.backend, error.server
    front = f"frontend {frontend.name} (#{frontend.number})"
    back = "backend <NONE> (#-1)"
    if backend is not None:
        back = f"backend {backend.name} (#{backend.number})"
    whose = "server <NONE> (#-1)"
    if server is not None:
        whose = f"server {server.name} (#{server.number})"
    owner, other = (front, back) if error.request else (back, front)
    source = f"{error.source}:{error.port}" if error.source else "unix"
    size = len(error.data)
    return (
        f" \n[{_date(error.wall)}] {owner}: invalid {'request' if error.request else 'response'}\n"
        f"  {other}, {whose}, event #{error.event}, src {source}\n"
        f"  buffer starts at 0 (including 0 out), {max(0, bufsize - size)} free,\n"
        f"  len {size}, wraps at {bufsize}, error at position {error.position}\n"
        f"  {error.reason} :\n  \n"
    )


@command("show errors", on="worker", level="operator", changes=False,
         usage="show errors [<px>] [request|response]",
         text="show the last invalid request and response of each proxy")  # fmt: skip
def cmd_show_errors(invocation: Invocation) -> Iterator[str]:
    """
    Show messages that were refused, with the byte that is wrong.

    @param invocation: The command; a proxy by name or number (-1 for all), and one kind.

    @return: The lines.

    @raise CommandError: There is no such proxy.
    """
    state: WorkerState = invocation.subject
    wanted = _wanted(state, invocation.argument(0))
    kind = invocation.argument(1)
    bufsize = state.configuration.global_.bufsize
    found = [
        each
        for each in state.errors.listed()
        if (kind != "request" or each.request)
        and (kind != "response" or not each.request)
        and (wanted is None or wanted in _concerned(each))
    ]
    return _show(state, found, bufsize)


def _wanted(state: WorkerState, text: str) -> int | None:
    """
    Read which proxy is meant.

    @return: Its number, L{None} for all.
    """
    if text in ("", "-1"):
        return None
    for proxy in state.configuration.proxies:
        if proxy.name == text:
            return proxy.number
    if text.isdecimal() and text.isascii():
        return int(text)
    raise CommandError("No such proxy.")


def _concerned(error: CapturedError) -> tuple[int, ...]:
    backend = error.backend
    own = error.frontend.number
    return (own,) if backend is None else (own, backend.number)


def _show(state: WorkerState, found: list[CapturedError], bufsize: int) -> Iterator[str]:
    wall = state.started_wall + state.now - state.started
    yield f"Total events captured on [{_date(wall)}] : {state.errors.total}\n"
    for each in found:
        yield _described(each, bufsize)
        yield from dump(each.data)
