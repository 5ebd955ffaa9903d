"""
Console commands that show servers and change them: C{show servers state}, C{set server}, weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mwproxy.console.dispatch import CommandError, Invocation
from mwproxy.core.families import command
from mwproxy.live import states
from mwproxy.live.proxies import Backend, WorkerState
from mwproxy.live.servers import Server
from mwproxy.observe.servers_state import HEADER, conn_header, conn_row, state_row

Transition = Callable[[Server, float], list[states.Message]]

_STATES: dict[str, Transition] = {
    "ready": states.set_ready,
    "drain": states.set_drain,
    "maint": states.set_maint,
}
_BECAUSE = "changed from CLI"
_USAGE = (
    "usage: set server <backend>/<server> addr | agent | agent-addr | agent-port | agent-send | "
    "check-addr | check-port | fqdn | health | ssl | state | weight"
)


def find_server(worker: WorkerState, text: str) -> Server:
    """
    Find a server.

    @param worker: The worker's state.

    @param text: Backend and server with a slash between, each by name or C{#} and number.

    @return: The server.

    @raise CommandError: There is no such server.
    """
    backend_name, slash, name = text.partition("/")
    if not slash or not name or not backend_name:
        raise CommandError("Require 'backend/server'.")
    backend = find_backend(worker, backend_name)
    if backend is None:
        raise CommandError("No such backend.")
    for server in backend.servers:
        if server.name == name or f"#{server.number}" == name:
            return server
    raise CommandError("No such server.")


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


def _backends(invocation: Invocation) -> list[Backend]:
    worker: WorkerState = invocation.subject
    name = invocation.argument(0)
    if not name:
        return list(worker.backends.values())
    backend = find_backend(worker, name)
    if backend is None:
        raise CommandError("Can't find backend.")
    return [backend]


@command("show servers state", on="worker", usage="show servers state [<backend>]",
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


@command("show servers conn", on="worker", usage="show servers conn [<backend>]",
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
        for server in backend.servers:
            yield row(server)


@command("show backend", on="worker", text="list the backends")
def cmd_show_backend(invocation: Invocation) -> Iterator[str]:
    """
    List backends.

    @param invocation: The command.

    @return: A line for each.
    """
    yield "# name\n"
    for name in invocation.subject.backends:
        yield f"{name}\n"


def _announce(server: Server, messages: list[states.Message]) -> None:
    states.announce(server.backend, messages)


@command("set server", on="worker", level="admin", usage="set server <bk>/<srv> [opts]",
         text="change a server's state, health or weight")  # fmt: skip
def cmd_set_server(invocation: Invocation) -> None:
    """
    Change a server.

    @param invocation: The command.

    @raise CommandError: There is no such server, or it cannot be changed so.
    """
    worker: WorkerState = invocation.subject
    server = find_server(worker, invocation.argument(0))
    what, value = invocation.argument(1), invocation.argument(2)
    if what == "state":
        transition = _STATES.get(value)
        if transition is None:
            raise CommandError("'set server <srv> state' expects 'ready', 'drain' and 'maint'.")
        _announce(server, transition(server, worker.now))
    elif what == "health":
        _set_health(invocation, server, value)
    elif what == "weight":
        _set_weight(invocation, server, value)
    elif what == "agent":
        if value not in ("up", "down"):
            raise CommandError("'set server <srv> agent' expects 'up' or 'down'.")
        raise CommandError("agent checks are not enabled on this server.")
    elif what == "fqdn":
        name = f"{server.backend.name}/{server.name}"
        raise CommandError(f"set server {name} fqdn failed because no resolution is configured.")
    elif what in ("addr", "agent-addr", "agent-port", "agent-send", "check-addr", "check-port",
                  "ssl"):  # fmt: skip
        raise CommandError(f"'set server <srv> {what}' is not supported by mwproxy.")
    else:
        raise CommandError(_USAGE)


def _set_health(invocation: Invocation, server: Server, value: str) -> None:
    now = invocation.subject.now
    if value == "up":
        messages = states.set_up(server, now, _BECAUSE)
    elif value == "stopping":
        messages = states.set_stopping(server, now, _BECAUSE)
    elif value == "down":
        messages = states.set_down(server, now, _BECAUSE)
    else:
        raise CommandError("'set server <srv> health' expects 'up', 'stopping', or 'down'.")
    _announce(server, messages)


def _set_weight(invocation: Invocation, server: Server, text: str) -> None:
    if not text:
        raise CommandError("Require <weight> or <weight%>.")
    number = text.removesuffix("%")
    if not (number.isdecimal() and number.isascii()):
        raise CommandError("Empty weight string empty or preceded by garbage")
    weight = int(number)
    if text.endswith("%"):
        if weight > 100 * 256:
            raise CommandError("Relative weight can only be between 0 and 25600% inclusive.")
        weight = min(256, server.initial_weight * weight // 100)
    elif weight > 256:
        raise CommandError("Absolute weight can only be between 0 and 256 inclusive.")
    balancer = getattr(server.backend, "balancer", None)
    static = balancer is not None and not balancer.live_weights
    if static and weight not in (0, server.initial_weight):
        raise CommandError(
            "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'."
        )
    _announce(server, states.set_weight(server, weight, invocation.subject.now))


@command("get weight", on="worker", usage="get weight <bk>/<srv>", text="show a server's weight")
def cmd_get_weight(invocation: Invocation) -> str:
    """
    Show a server's present and configured weight.

    @param invocation: The command.

    @return: Such as C{10 (initial 10)}.
    """
    server = find_server(invocation.subject, invocation.argument(0))
    return f"{server.weight} (initial {server.initial_weight})\n"


@command("set weight", on="worker", level="admin", usage="set weight <bk>/<srv> <n>|<n>%",
         text="change a server's weight (see 'set server')")  # fmt: skip
def cmd_set_weight(invocation: Invocation) -> None:
    """
    Change a server's weight.

    @param invocation: The command.
    """
    server = find_server(invocation.subject, invocation.argument(0))
    _set_weight(invocation, server, invocation.argument(1))


@command("disable server", on="worker", level="admin", usage="disable server <bk>/<srv>",
         text="put a server in maintenance (see 'set server')")  # fmt: skip
def cmd_disable_server(invocation: Invocation) -> None:
    """
    Put a server in maintenance.

    @param invocation: The command.
    """
    server = find_server(invocation.subject, invocation.argument(0))
    _announce(server, states.set_maint(server, invocation.subject.now))


@command("enable server", on="worker", level="admin", usage="enable server <bk>/<srv>",
         text="end maintenance of a server (see 'set server')")  # fmt: skip
def cmd_enable_server(invocation: Invocation) -> None:
    """
    End a server's maintenance.

    @param invocation: The command.
    """
    server = find_server(invocation.subject, invocation.argument(0))
    _announce(server, states.set_ready(server, invocation.subject.now))
