"""
Console commands C{set server} and what it replaced: C{set weight}, C{get weight}, C{enable server},
C{disable server}.
"""

from __future__ import annotations

from collections.abc import Callable

from mwproxy.console.dispatch import CommandError, Feedback, Invocation
from mwproxy.console.worker_commands import server_places
from mwproxy.console.worker_commands.servers import announce, find_server
from mwproxy.core.families import command
from mwproxy.live import states
from mwproxy.live.agents import RISE
from mwproxy.live.proxies import WorkerState
from mwproxy.live.servers import Server
from mwproxy.live.weights import BadNumber, new_weight

Transition = Callable[[Server, float], list[states.Message]]
#: One form of C{set server}: gets the command and the server.
Form = Callable[[Invocation, Server], "Feedback | None"]

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


def _set_state(invocation: Invocation, server: Server) -> None:
    transition = _STATES.get(invocation.argument(2))
    if transition is None:
        raise CommandError("'set server <srv> state' expects 'ready', 'drain' and 'maint'.")
    announce(server, transition(server, invocation.subject.now))


def _set_health(invocation: Invocation, server: Server) -> None:
    now, value = invocation.subject.now, invocation.argument(2)
    if value == "up":
        states.declare_healthy(server, True)
        messages = states.set_up(server, now, _BECAUSE)
    elif value == "stopping":
        states.declare_healthy(server, True)
        messages = states.set_stopping(server, now, _BECAUSE)
    elif value == "down":
        states.declare_healthy(server, False)
        messages = states.set_down(server, now, _BECAUSE)
    else:
        raise CommandError("'set server <srv> health' expects 'up', 'stopping', or 'down'.")
    announce(server, messages)


def _set_agent(invocation: Invocation, server: Server) -> None:
    agent, now, value = server.agent, invocation.subject.now, invocation.argument(2)
    if agent is None or not agent.enabled:
        raise CommandError("agent checks are not enabled on this server.")
    if value == "up":
        agent.health = RISE
        messages = states.set_up(server, now, _BECAUSE) if server.wanted_up else []
    elif value == "down":
        agent.health = 0
        messages = states.set_down(server, now, _BECAUSE)
    else:
        raise CommandError("'set server <srv> agent' expects 'up' or 'down'.")
    announce(server, messages)


def _set_weight(invocation: Invocation, server: Server) -> None:
    _change_weight(invocation, server, invocation.argument(2))


def _set_fqdn(invocation: Invocation, server: Server) -> None:
    if not invocation.argument(2):
        raise CommandError("set server <b>/<s> fqdn requires a FQDN.")
    raise CommandError("set server <b>/<s> fqdn failed because no resolution is configured.")


def _set_ssl(invocation: Invocation, server: Server) -> None:
    raise CommandError(
        "'set server <srv> ssl' cannot be set.  default-server should define ssl settings"
    )


_FORMS: dict[str, Form] = {
    "state": _set_state,
    "health": _set_health,
    "agent": _set_agent,
    "weight": _set_weight,
    "fqdn": _set_fqdn,
    "ssl": _set_ssl,
    "addr": server_places.set_addr,
    "check-addr": server_places.set_check_addr,
    "check-port": server_places.set_check_port,
    "agent-addr": server_places.set_agent_addr,
    "agent-port": server_places.set_agent_port,
    "agent-send": server_places.set_agent_send,
}


@command("set server", on="worker", level="admin", usage="set server <bk>/<srv> [opts]",
         changes=True,
         text="change a server's state, health, weight, address or checks")  # fmt: skip
def cmd_set_server(invocation: Invocation) -> Feedback | None:
    """
    Change a server.

    @param invocation: The command.

    @return: What changed, where HAProxy tells.

    @raise CommandError: There is no such server, or it cannot be changed so.
    """
    worker: WorkerState = invocation.subject
    server = find_server(worker, invocation.argument(0))
    form = _FORMS.get(invocation.argument(1))
    if form is None:
        raise CommandError(_USAGE)
    return form(invocation, server)


def _change_weight(invocation: Invocation, server: Server, text: str) -> None:
    try:
        weight = new_weight(server, text)
    except BadNumber as error:
        raise CommandError(str(error)) from None
    announce(server, states.set_weight(server, weight, invocation.subject.now))


@command(
    "get weight",
    on="worker",
    changes=False,
    usage="get weight <bk>/<srv>",
    text="show a server's weight",
)
def cmd_get_weight(invocation: Invocation) -> str:
    """
    Show a server's present and configured weight.

    @param invocation: The command.

    @return: Such as C{10 (initial 10)}.
    """
    server = find_server(invocation.subject, invocation.argument(0))
    return f"{server.weight} (initial {server.initial_weight})\n"


@command("set weight", on="worker", level="admin", usage="set weight <bk>/<srv> <n>|<n>%",
         changes=True, text="change a server's weight (see 'set server')")  # fmt: skip
def cmd_set_weight(invocation: Invocation) -> None:
    """
    Change a server's weight.

    @param invocation: The command.
    """
    server = find_server(invocation.subject, invocation.argument(0))
    _change_weight(invocation, server, invocation.argument(1))


@command("disable server", on="worker", level="admin", usage="disable server <bk>/<srv>",
         changes=True, text="put a server in maintenance (see 'set server')")  # fmt: skip
def cmd_disable_server(invocation: Invocation) -> None:
    """
    Put a server in maintenance.

    @param invocation: The command.
    """
    server = find_server(invocation.subject, invocation.argument(0))
    announce(server, states.set_maint(server, invocation.subject.now))


@command("enable server", on="worker", level="admin", usage="enable server <bk>/<srv>",
         changes=True, text="end maintenance of a server (see 'set server')")  # fmt: skip
def cmd_enable_server(invocation: Invocation) -> None:
    """
    End a server's maintenance.

    @param invocation: The command.
    """
    server = find_server(invocation.subject, invocation.argument(0))
    announce(server, states.set_ready(server, invocation.subject.now))
