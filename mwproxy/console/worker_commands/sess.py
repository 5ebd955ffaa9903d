"""
Console commands about sessions: C{show sess}, C{shutdown session}.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from mwproxy.console.dispatch import CommandError, Invocation
from mwproxy.core.families import command
from mwproxy.live.proxies import WorkerState
from mwproxy.live.sessions import Session, Stream

USAGE = "show sess [all|<id>|older <s>|server <b>/<s>|backend <b>|frontend <f>]* [show-uri]"
_SELECTORS = ("older", "server", "backend", "frontend")

_PLACEHOLDERS = (
    "ts=00 epoch=0x0 age={age} calls=1 rate=0 cpu=0 lat=0 "
    "rq[f=0h,i=0,an=00h,ax=] rp[f=0h,i=0,an=00h,ax=] "
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


def _stream(session: Session) -> Stream | None:
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
    stream = _stream(session)
    backend = stream.backend.name if stream is not None and stream.backend else "<NONE>"
    server = stream.server.name if stream is not None and stream.server else "<none>"
    text = (
        f"0x{session.number:x}: proto={_protocol(session)} src={_source(session)} "
        f"fe={session.frontend.name} be={backend} srv={server} "
        + _PLACEHOLDERS.format(age=duration(now - session.accepted))
        + "scf=[8,0h,fd=-1,rex=,wex=] scb=[8,0h,fd=-1,rex=,wex=] exp= rc="
        + f"{stream.retries if stream is not None else 0} c_exp="
    )
    if uri and stream is not None and stream.request is not None:
        request = stream.request
        text += f' uri="{_text(request.method)} {_text(request.target)}"'
    return text + "\n"


def _text(value: bytes) -> str:
    return value.decode("latin-1").encode("unicode_escape").decode("ascii")


def _details(session: Session, now: float) -> str:
    stream = _stream(session)
    text = line(session, now, True)
    host, port = session.destination()
    text += (
        f"  accepted {duration(now - session.accepted)} ago, own address {host or 'unix'}:{port}, "
        f"requests={session.requests}\n"
    )
    if stream is not None:
        state = f"{stream.cause}{stream.phase}{stream.cookies}"
        text += (
            f"  stream: bytes in={stream.bytes_in} out={stream.bytes_out} "
            f"status={stream.status} retries={stream.retries} state={state}\n"
        )
    return text


def own_line(invocation: Invocation) -> str:
    """
    Describe the console connection that asks.

    @param invocation: The command.

    @return: The line with line feed.
    """
    return (
        "0x0: proto=unix_stream src=unix:1 fe=GLOBAL be=<NONE> srv=<none> "
        + _PLACEHOLDERS.format(age="0s")
        + "scf=[8,0h,fd=-1,rex=,wex=] scb=[8,0h,fd=-1,rex=,wex=] exp= rc=0 c_exp=\n"
    )


Test = Callable[[Session], bool]
#: How sessions are named in commands that end them.
_NUMBER = re.compile(r"0x[0-9a-fA-F]+|[0-9]+", re.ASCII)


def _selector(words: list[str], now: float) -> Test:
    word = words[0]
    value = words[1] if len(words) > 1 else ""
    if word == "older":
        seconds = value.removesuffix("s")
        if not seconds.isdecimal():
            raise CommandError("Expects a duration in seconds behind 'older'.")
        return lambda session: now - session.accepted >= int(seconds)
    if not value:
        raise CommandError(f"Expects a name behind '{word}'.")
    if word == "frontend":
        return lambda session: session.frontend.name == value
    if word == "backend":
        return lambda session: _used(session, "backend") == value
    return lambda session: f"{_used(session, 'backend')}/{_used(session, 'server')}" == value


def _used(session: Session, kind: str) -> str:
    used: Any = getattr(_stream(session), kind, None)
    return used.name if used is not None else ""


def _by_number(worker: WorkerState, text: str) -> Session | None:
    try:
        number = int(text, 16)
    except ValueError:
        return None
    return next((each for each in worker.sessions if each.number == number), None)


@command(
    "show sess", on="worker", changes=False, level="operator", usage=USAGE, text="list sessions"
)
def cmd_show_sess(invocation: Invocation) -> Iterator[str]:
    """
    List sessions, oldest first, or tell all about some.

    @param invocation: The command.

    @return: A line for each.

    @raise CommandError: The arguments are wrong.
    """
    worker: WorkerState = invocation.subject
    words = [word for word in invocation.args if word != "show-uri"]
    uri = "show-uri" in invocation.args
    if not words:
        return _list(worker, lambda session: True, uri, own_line(invocation))
    if words[0] == "help":
        return iter([f"{USAGE}\n"])
    tests = []
    everything = words[0] == "all"
    if everything:
        del words[0]
    while words and words[0] in _SELECTORS:
        tests.append(_selector(words, worker.now))
        del words[:2]

    def wanted(session: Session) -> bool:
        return all(test(session) for test in tests)

    if everything:
        return (_details(each, worker.now) for each in _ordered(worker) if wanted(each))
    if tests:
        return _list(worker, wanted, uri, "")
    session = _by_number(worker, words[0])
    if session is None:
        raise CommandError("Session not found.")
    return iter([_details(session, worker.now)])


def _ordered(worker: WorkerState) -> list[Session]:
    return sorted(worker.sessions, key=lambda session: session.number)


def _list(worker: WorkerState, wanted: Test, uri: bool, last: str) -> Iterator[str]:
    for session in _ordered(worker):
        if session in worker.sessions and wanted(session):
            yield line(session, worker.now, uri)
    yield last


@command("shutdown session", on="worker", level="admin", usage="shutdown session <id>",
         changes=True, text="end a session")  # fmt: skip
def cmd_shutdown_session(invocation: Invocation) -> None:
    """
    End a session at once.

    @param invocation: The command.

    @raise CommandError: There is no such session.
    """
    text = invocation.argument(0)
    if not _NUMBER.fullmatch(text):
        raise CommandError("Session pointer expected (use 'show sess').")
    session = _by_number(invocation.subject, text)
    if session is None:
        raise CommandError("No such session (use 'show sess').")
    _close(session)


def _close(session: Any) -> None:
    session.close()


@command("shutdown sessions server", on="worker", changes=True, level="admin",
         usage="shutdown sessions server <bk>/<srv>",
         text="end the sessions that use a server")  # fmt: skip
def cmd_shutdown_sessions_server(invocation: Invocation) -> None:
    """
    End all sessions that use a server.

    @param invocation: The command.

    @raise CommandError: There is no such server.
    """
    from mwproxy.console.worker_commands.servers import find_server

    server = find_server(invocation.subject, invocation.argument(0))
    for session in list(invocation.subject.sessions):
        stream = _stream(session)
        if stream is not None and stream.server is server:
            _close(session)
