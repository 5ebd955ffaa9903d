"""
Console commands about sessions: C{show sess}, C{shutdown session}.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from mwproxy.console.dispatch import CommandError, Invocation
from mwproxy.console.session_text import asking, details, line, stream_of, suspicious
from mwproxy.core.families import command
from mwproxy.live.proxies import WorkerState
from mwproxy.live.sessions import Session

USAGE = "show sess [all|susp|<id>|older <s>|server <b>/<s>|backend <b>|frontend <f>]* [show-uri]"
_SELECTORS = ("older", "server", "backend", "frontend")

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
    used: Any = getattr(stream_of(session), kind, None)
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
        return _list(worker, lambda session: True, uri, asking())
    if words[0] == "help":
        return iter([f"{USAGE}\n"])
    tests: list[Test] = []
    everything = words[0] == "all"
    if everything:
        del words[0]
    while words and (words[0] in _SELECTORS or words[0] == "susp"):
        if words[0] == "susp":
            tests.append(lambda session: suspicious(session, worker.now))
            del words[0]
            continue
        tests.append(_selector(words, worker.now))
        del words[:2]

    def wanted(session: Session) -> bool:
        return all(test(session) for test in tests)

    if everything:
        return (details(each, worker.now) for each in _ordered(worker) if wanted(each))
    if tests:
        return _list(worker, wanted, uri, "")
    session = _by_number(worker, words[0])
    if session is None:
        raise CommandError("Session not found.")
    return iter([details(session, worker.now)])


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
    # Its stream has to give back what it holds: its place in a queue, with a server, at an agent.
    kill = getattr(session.stream, "kill", None)
    if kill is not None:
        kill()
    else:
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
        stream = stream_of(session)
        if stream is not None and stream.server is server:
            _close(session)
