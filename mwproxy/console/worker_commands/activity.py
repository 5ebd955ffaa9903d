"""
Console commands about what the process does: C{show activity}, C{show fd}, C{show events}.

Their output is for people; HAProxy's differs from release to release, too.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mwproxy.console.dispatch import CommandError, Invocation
from mwproxy.core.families import command
from mwproxy.live.proxies import WorkerState

_SINKS = (
    ("stdout", "standard output (fd#1)"),
    ("stderr", "standard error (fd#2)"),
)


@command("show activity", on="worker", level="operator", changes=False,
         text="show what the process has been busy with")  # fmt: skip
def cmd_show_activity(invocation: Invocation) -> Iterator[str]:
    """
    Show counters of the process that C{show info} does not have.

    @param invocation: The command.

    @return: Lines C{name: value}.
    """
    state: WorkerState = invocation.subject
    usage = resource.getrusage(resource.RUSAGE_SELF)
    wall = state.started_wall + state.now - state.started
    yield "thread_id: 1 (1..1)\n"
    yield f"date_now: {wall:.6f}\n"
    yield f"ctxsw: {usage.ru_nvcsw + usage.ru_nivcsw}\n"
    yield f"cpu_user_ms: {int(usage.ru_utime * 1000)}\n"
    yield f"cpu_system_ms: {int(usage.ru_stime * 1000)}\n"
    yield f"page_faults: {usage.ru_majflt}\n"
    yield f"accepted: {state.counters.conn_tot}\n"
    yield f"stream_calls: {state.counters.req_tot}\n"
    yield f"sessions: {len(state.sessions)}\n"


@command("show fd", on="worker", level="operator", usage="show fd [<fd>]", changes=False,
         text="list the open descriptors, or show one")  # fmt: skip
def cmd_show_fd(invocation: Invocation) -> Iterator[str]:
    """
    List descriptors with what they are and whom they serve.

    @param invocation: The command.

    @return: A line for each; none for a descriptor that is not open.
    """
    state: WorkerState = invocation.subject
    word = invocation.argument(0)
    if word:
        numbers = [int(word)] if word.isdecimal() and word.isascii() else []
    else:
        numbers = sorted(int(each.name) for each in Path("/proc/self/fd").iterdir())
    return _lines(numbers, _owners(state))


def _owners(state: WorkerState) -> dict[int, str]:
    owners: dict[int, str] = {}
    for frontend in state.frontends.values():
        for listener in frontend.listeners:
            fd = _descriptor(listener)
            if fd >= 0:
                address = listener.bind.address
                owners[fd] = (
                    f"l.st={'RDY' if frontend.state == 'OPEN' else frontend.state} "
                    f"fe={frontend.name} fam={address.family} lport={address.port}"
                )
    for session in state.sessions:
        fd = _descriptor(session)
        if fd >= 0:
            source = f"{session.client_host}:{session.client_port}"
            owners[fd] = f"fe={session.frontend.name} src={source if session.client_host else ''}"
            stream: Any = getattr(session, "stream", None)
            link = getattr(stream, "link", None)
            if link is not None and _descriptor(link) >= 0 and stream.server is not None:
                name = f"{stream.server.backend.name}/{stream.server.name}"
                owners[_descriptor(link)] = f"back=1 sv={name} fe={session.frontend.name}"
    for backend in state.backends.values():
        for server in backend.servers:
            for link in server.idle:
                if _descriptor(link) >= 0:
                    owners[_descriptor(link)] = f"back=1 sv={backend.name}/{server.name} idle=1"
    return owners


def _descriptor(owner: Any) -> int:
    fd = getattr(owner, "fd", None)
    if fd is None:
        sock = getattr(owner, "socket", None)
        return sock.fileno() if sock is not None else -1
    return int(fd)


def _lines(numbers: list[int], owners: dict[int, str]) -> Iterator[str]:
    for number in numbers:
        try:
            what = Path(f"/proc/self/fd/{number}").readlink()
        except OSError:
            continue
        owner = owners.get(number)
        yield f"{number:7} : {what}{f' {owner}' if owner else ''}\n"


@command("show events", on="worker", usage="show events [<sink>] [-w] [-n]", changes=False,
         text="list the sinks of events")  # fmt: skip
def cmd_show_events(invocation: Invocation) -> Iterator[str]:
    """
    List sinks; there are no rings, so none has events to show.

    @param invocation: The command.

    @return: The lines.

    @raise CommandError: There is no such sink, or it keeps nothing.
    """
    name = invocation.argument(0)
    if name and name not in [known for known, _text in _SINKS]:
        raise CommandError("No such event sink")
    if name:
        raise CommandError("Nothing to report for this sink")
    return _sinks()


def _sinks() -> Iterator[str]:
    yield "Supported events sinks are listed below. Add -w(wait), -n(new). Any key to stop\n"
    for name, text in _SINKS:
        yield f"    {name:<10} : type=fd, 0 dropped, {text}\n"
