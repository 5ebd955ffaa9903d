"""
Console commands that show servers: C{show servers state}, C{show servers conn}, C{show backend}.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mwproxy.console.dispatch import CommandError, Invocation
from mwproxy.core.families import command
from mwproxy.live import states
from mwproxy.live.proxies import Backend, WorkerState
from mwproxy.live.servers import Server
from mwproxy.observe.servers_state import HEADER, conn_header, conn_row, state_row


def find_server(worker: WorkerState, text: str) -> Server:
    """
    Find a server.

    @param worker: The worker's state.

    @param text: Backend and server with a slash between, each by name or C{#} and number.

    @return: The server.

    @raise CommandError: There is no such server.
    """
    backend, name = find_place(worker, text)
    for server in backend.servers:
        if server.name == name or f"#{server.number}" == name:
            return server
    raise CommandError("No such server.")


def find_place(worker: WorkerState, text: str) -> tuple[Backend, str]:
    """
    Find the backend of a server that need not exist.

    @param worker: The worker's state.

    @param text: Backend and server with a slash between.

    @return: The backend, and what stands behind the slash.

    @raise CommandError: There is no such backend.
    """
    backend_name, slash, name = text.partition("/")
    if not slash or not name or not backend_name:
        raise CommandError("Require 'backend/server'.")
    backend = find_backend(worker, backend_name)
    if backend is None:
        raise CommandError("No such backend.")
    return backend, name


def find_backend(worker: WorkerState, name: str) -> Backend | None:
    """
    Find a backend.

    @param worker: The worker's state.

    @param name: Its name, or C{#} and its number.

    @return: The backend, L{None} when there is none.
    """
    found = worker.backends.get(name)
    if found is None and name.startswith("#"):
        found = next((b for b in worker.backends.values() if f"#{b.number}" == name), None)
    return found


def announce(server: Server, messages: list[states.Message]) -> None:
    """
    Print and log what a change of a server has brought.

    @param server: The server.

    @param messages: What a transition returned.
    """
    states.announce(server.backend, messages)


def _backends(invocation: Invocation) -> list[Backend]:
    worker: WorkerState = invocation.subject
    name = invocation.argument(0)
    if not name:
        return list(worker.backends.values())
    backend = find_backend(worker, name)
    if backend is None:
        raise CommandError("Can't find backend.")
    return [backend]


@command("show servers state", on="worker", changes=False, usage="show servers state [<backend>]",
         text="show the state of servers, as for a server-state file")  # fmt: skip
def cmd_show_servers_state(invocation: Invocation) -> Iterator[str]:
    """
    Show the state of all servers, or of those of one backend.

    @param invocation: The command.

    @return: The lines.

    @raise CommandError: There is no such backend.
    """
    backends = _backends(invocation)
    now = invocation.subject.now
    return _lines(HEADER, backends, lambda server: state_row(server, now))


@command("show servers conn", on="worker", changes=False, usage="show servers conn [<backend>]",
         text="show the connections of servers")  # fmt: skip
def cmd_show_servers_conn(invocation: Invocation) -> Iterator[str]:
    """
    Show the connections of all servers, or of those of one backend.

    @param invocation: The command.

    @return: The lines.

    @raise CommandError: There is no such backend.
    """
    return _lines(conn_header(), _backends(invocation), conn_row)


def _lines(header: str, backends: list[Backend], row: Callable[[Server], str]) -> Iterator[str]:
    yield header
    for backend in backends:
        for server in tuple(backend.servers):
            yield row(server)


@command("show backend", on="worker", changes=False, text="list the backends")
def cmd_show_backend(invocation: Invocation) -> Iterator[str]:
    """
    List backends.

    @param invocation: The command.

    @return: A line for each.
    """
    yield "# name\n"
    for name in invocation.subject.backends:
        yield f"{name}\n"
