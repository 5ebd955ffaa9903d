"""
Client sessions in words: the line of C{show sess} and what C{show sess all} adds.

The line has HAProxy's fields. What stands for HAProxy's own engine is always zero: C{ts}, C{epoch},
C{calls}, C{rate}, C{cpu}, C{lat}, the flags C{f=} and C{an=}, and those of C{scf} and C{scb}. The
others are true: C{age}, the bytes that wait in each direction (C{i=}), states, descriptors, and
when which side's timeout ends the session (C{rex}, C{exp}, C{c_exp}).
"""

from __future__ import annotations

from math import inf
from typing import Any

from mwproxy.live.sessions import Session, Stream

#: States of a side: none yet, in a queue, connecting, connected.
NONE, QUEUED, CONNECTING, ESTABLISHED = 0, 2, 5, 8
_DETAIL = (
    ("queue", "queued_at", "assigned_at"),
    ("connect", "assigned_at", "connected_at"),
    ("response", "connected_at", "response_at"),
)


def duration(seconds: float) -> str:
    """
    Write an age briefly.

    @param seconds: It.

    @return: Its two largest units, such as C{2m15s} or C{1s}.
    """
    rest = max(0, int(seconds))
    units: list[str] = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        count, rest = divmod(rest, size)
        if count or units or size == 1:
            units.append(f"{count}{unit}")
    return "".join(units[:2])


def stream_of(session: Session) -> Stream | None:
    """
    Get the exchange that a session is in the midst of.
    """
    stream: Stream | None = getattr(session, "stream", None)
    return stream


def line(session: Session, now: float, uri: bool) -> str:
    """
    Describe a session on one line.

    @param session: It.

    @param now: The monotonic clock.

    @param uri: Whether to show the request too.

    @return: The line with line feed.
    """
    stream = stream_of(session)
    link = getattr(stream, "link", None)
    backend = server = ""
    retries = 0
    if stream is not None:
        backend = stream.backend.name if stream.backend else ""
        server = stream.server.name if stream.server else ""
        retries = stream.retries
    text = _fields(
        session,
        backend or "<NONE>",
        server or "<none>",
        age=duration(now - _since(session, stream)),
        waiting=(_size(session, "inbuf"), _size(session, "out")),
        descriptors=(_fd(session), _fd(link)),
        state=server_side(stream),
        left=expiry(session, now),
        retries=retries,
    )
    if uri and stream is not None and stream.request is not None:
        request = stream.request
        text += f' uri="{printable(request.method)} {printable(request.target)}"'
    return text + "\n"


def _fields(
    session: Session,
    backend: str,
    server: str,
    *,
    age: str,
    waiting: tuple[int, int],
    descriptors: tuple[int, int],
    state: int,
    left: str,
    retries: int,
) -> str:
    client, towards = descriptors
    of_client = left if state in (NONE, QUEUED) else ""
    of_server = left if state == ESTABLISHED else ""
    return (
        f"0x{session.number:x}: proto={_protocol(session)} src={_source(session)} "
        f"fe={session.frontend.name} be={backend} srv={server} "
        f"ts=00 epoch=0x0 age={age} calls=0 rate=0 cpu=0 lat=0 "
        f"rq[f=0h,i={waiting[0]},an=00h,ax=] rp[f=0h,i={waiting[1]},an=00h,ax=] "
        f"scf=[{ESTABLISHED},0h,fd={client},rex={of_client},wex=] "
        f"scb=[{state},0h,fd={towards},rex={of_server},wex=] "
        f"exp={left} rc={retries} c_exp={left if state == CONNECTING else ''}"
    )


def asking() -> str:
    """
    Describe the console connection that asks.

    @return: The line with line feed.
    """
    return (
        "0x0: proto=unix_stream src=unix:1 fe=GLOBAL be=<NONE> srv=<none> ts=00 epoch=0x0 age=0s "
        "calls=0 rate=0 cpu=0 lat=0 rq[f=0h,i=0,an=00h,ax=] rp[f=0h,i=0,an=00h,ax=] "
        "scf=[8,0h,fd=-1,rex=,wex=] scb=[8,0h,fd=-1,rex=,wex=] exp= rc=0 c_exp=\n"
    )


def details(session: Session, now: float) -> str:
    """
    Describe a session on several lines; their form is free, as with HAProxy.

    @return: Lines with line feed.
    """
    stream = stream_of(session)
    host, port = session.destination()
    frontend = session.frontend
    text = line(session, now, True) + (
        f"  accepted {duration(now - session.accepted)} ago, own address {host or 'unix'}:{port}, "
        f"requests={session.requests}\n"
        f"  frontend={frontend.name} (id={frontend.number} mode={_mode(frontend)})\n"
    )
    if stream is None:
        return text
    if stream.backend is not None:
        backend = stream.backend
        near = f" addr={stream.server_host}:{stream.server_port}" if stream.server_host else ""
        text += f"  backend={backend.name} (id={backend.number} mode={_mode(backend)}){near}\n"
    if stream.server is not None:
        server = stream.server
        text += f"  server={server.name} (id={server.number})\n"
    reached = [
        f"{name}={_milliseconds(stream, begin, end, now)}"
        for name, begin, end in _DETAIL
        if getattr(stream, begin)
    ]
    state = f"{stream.cause}{stream.phase}{stream.cookies}"
    return text + (
        f"  stream: bytes in={stream.bytes_in} out={stream.bytes_out} status={stream.status} "
        f"retries={stream.retries} state={state} reused={int(stream.reused)}"
        f"{''.join(f' {each}' for each in reached)}\n"
    )


def suspicious(session: Session, now: float) -> bool:
    """
    Tell whether a session looks stuck: nothing will end it as no timeout counts, or the timeout has
    passed for more than a second and it is still there.
    """
    end: float = getattr(session, "expiry", inf)
    return end == inf or end < now - 1


def server_side(stream: Stream | None) -> int:
    """
    Tell how far a stream is with its server.
    """
    if stream is None:
        return NONE
    if stream.connected_at:
        return ESTABLISHED
    if stream.assigned_at:
        return CONNECTING
    return QUEUED if stream.queued_at else NONE


def expiry(session: Session, now: float) -> str:
    """
    Write when the present timeout ends the session.

    @return: Such as C{38s}; empty for never.
    """
    end: float = getattr(session, "expiry", inf)
    return "" if end == inf else duration(end - now)


def printable(value: bytes) -> str:
    """
    Write what came from a client so that it can do no harm to a terminal or a line.
    """
    return value.decode("latin-1").encode("unicode_escape").decode("ascii")


def _since(session: Session, stream: Stream | None) -> float:
    return stream.begun if stream is not None and stream.begun else session.accepted


def _milliseconds(stream: Stream, begin: str, end: str, now: float) -> str:
    ended: float = getattr(stream, end)
    took = (ended or now) - getattr(stream, begin)
    return f"{max(0, round(1000 * took))}ms{'' if ended else '+'}"


def _size(session: Any, name: str) -> int:
    return len(getattr(session, name, None) or b"")


def _fd(endpoint: Any) -> int:
    fd = getattr(endpoint, "fd", -1)
    return fd if isinstance(fd, int) else -1


def _mode(proxy: Any) -> str:
    return str(proxy.description.mode)


def _source(session: Session) -> str:
    if not session.client_host:
        return "unix:1"
    if ":" in session.client_host:
        return f"[{session.client_host}]:{session.client_port}"
    return f"{session.client_host}:{session.client_port}"


def _protocol(session: Session) -> str:
    if not session.client_host:
        return "unix_stream"
    return "tcpv6" if ":" in session.client_host else "tcpv4"
