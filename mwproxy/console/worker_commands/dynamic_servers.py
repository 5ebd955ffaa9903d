"""
Console commands C{add server} and C{del server}.
"""

from __future__ import annotations

from mwproxy.balance.farm import servers_changed
from mwproxy.config.dynamic_server import CONSOLE, read_server
from mwproxy.console.dispatch import CommandError, Feedback, Invocation
from mwproxy.console.worker_commands.servers import find_place, find_server
from mwproxy.core.diagnostics import ConfigError, Severity
from mwproxy.core.families import command
from mwproxy.live.additions import CannotDelete, add_server, delete_server
from mwproxy.live.proxies import Backend, WorkerState
from mwproxy.live.servers import Server


@command("add server", on="worker", changes=True, level="admin",
         usage="add server <bk>/<srv> <addr> [<option>]*",
         text="add a server, in maintenance and unchecked")  # fmt: skip
def cmd_add_server(invocation: Invocation) -> Feedback:
    """
    Add a server to a backend. C{enable server} puts it to work; C{enable health} and C{enable
    agent} begin the checks that its options ask for. It is not there any more after a reload,
    unless it has been written to the configuration too. C{default-server} does not count for it,
    and a name as its address is not looked up: C{set server … addr} gives it one.

    @param invocation: The command.

    @return: That it is there.

    @raise CommandError: There is such a server, an option is wrong or only for files, or the
        backend's algorithm takes no servers while it runs.
    """
    worker: WorkerState = invocation.subject
    backend, name = find_place(worker, invocation.argument(0))
    if not backend.balancer.live_weights:
        raise CommandError("Backend must use a dynamic load balancing to support dynamic servers.")
    try:
        server = _add(backend, name, invocation.args[1:], worker.now)
    except ConfigError as error:
        worker.say(Severity.ALERT, f"CLI : 'server {backend.name}/{name}' : {error}")
        raise CommandError(str(error)) from None
    said = "New server registered."
    worker.say(Severity.NOTICE, f"CLI : 'server {backend.name}/{server.name}' : {said}")
    return Feedback(said)


def _add(backend: Backend, name: str, words: list[str], now: float) -> Server:
    for other in backend.servers:
        if other.name == name:
            raise ConfigError("Already exists a server with the same name in backend.")
    description = read_server(backend.description, name, words)
    number = description.settings.id
    for other in backend.servers:
        if number is not None and other.number == number:
            where = other.description.where
            at = "CLI" if where == CONSOLE else str(where)
            raise ConfigError(
                f"'id' : custom id {number} already used at {at} ('server {other.name}')."
            )
    server = add_server(backend, description, enabled=not description.settings.disabled, now=now)
    servers_changed(backend)
    return server


@command("del server", on="worker", changes=True, level="admin", usage="del server <bk>/<srv>",
         text="delete a server that is in maintenance and not in use")  # fmt: skip
def cmd_del_server(invocation: Invocation) -> Feedback:
    """
    Delete a server, be it of the configuration or added. It has to be in maintenance, without
    connections (see C{wait}) and not named by rules.

    @param invocation: The command.

    @return: That it is gone.

    @raise CommandError: There is no such server, or it cannot be deleted at present.
    """
    worker: WorkerState = invocation.subject
    server = find_server(worker, invocation.argument(0))
    try:
        delete_server(server)
    except CannotDelete as error:
        raise CommandError(str(error)) from None
    servers_changed(server.backend)
    said = "Server deleted."
    worker.say(Severity.NOTICE, f"CLI : {said}")
    return Feedback(said)
