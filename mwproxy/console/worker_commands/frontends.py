"""
Console commands that change frontends and limits: C{disable frontend}, C{set maxconn} and their
like.
"""

from __future__ import annotations

from mwproxy.console.dispatch import CommandError, Invocation
from mwproxy.console.worker_commands.servers import find_server
from mwproxy.core.diagnostics import Severity
from mwproxy.core.families import command
from mwproxy.live.proxies import Frontend, WorkerState

ENDED = "Frontend was already shut down."


def find_frontend(worker: WorkerState, name: str) -> Frontend:
    """
    Find a frontend.

    @param worker: The worker's state.

    @param name: Its name, or C{#} and its number.

    @return: The frontend.

    @raise CommandError: There is no such frontend.
    """
    if not name:
        raise CommandError("A frontend name is expected.")
    for frontend in worker.frontends.values():
        if frontend.name == name or f"#{frontend.number}" == name:
            return frontend
    raise CommandError("No such frontend.")


@command("disable frontend", on="worker", level="admin", usage="disable frontend <frontend>",
         changes=True, text="accept no clients on a frontend for now")  # fmt: skip
def cmd_disable_frontend(invocation: Invocation) -> None:
    """
    Leave a frontend's new clients in the backlog.

    @param invocation: The command.

    @raise CommandError: There is no such frontend, or it does so already.
    """
    worker: WorkerState = invocation.subject
    frontend = find_frontend(worker, invocation.argument(0))
    if frontend.state == "STOP":
        raise CommandError("Frontend was previously shut down, cannot disable.")
    if frontend.state == "PAUSED":
        raise CommandError("All sockets are already disabled.")
    for listener in frontend.listeners:
        listener.pause()
    frontend.state = "PAUSED"
    worker.say(Severity.WARNING, f"Paused frontend {frontend.name}.")


@command("enable frontend", on="worker", level="admin", usage="enable frontend <frontend>",
         changes=True, text="accept clients on a frontend again")  # fmt: skip
def cmd_enable_frontend(invocation: Invocation) -> None:
    """
    End C{disable frontend}.

    @param invocation: The command.

    @raise CommandError: There is no such frontend, or it is not disabled.
    """
    worker: WorkerState = invocation.subject
    frontend = find_frontend(worker, invocation.argument(0))
    if frontend.state == "STOP":
        raise CommandError("Frontend was previously shut down, cannot enable.")
    if frontend.state != "PAUSED":
        raise CommandError("All sockets are already enabled.")
    for listener in frontend.listeners:
        listener.resume()
    frontend.state = "OPEN"
    worker.say(Severity.WARNING, f"Resumed frontend {frontend.name}.")


@command("shutdown frontend", on="worker", level="admin", usage="shutdown frontend <frontend>",
         changes=True, text="stop a frontend for good")  # fmt: skip
def cmd_shutdown_frontend(invocation: Invocation) -> None:
    """
    Close a frontend's sockets; its connections go on.

    @param invocation: The command.

    @raise CommandError: There is no such frontend, or it was shut down before.
    """
    worker: WorkerState = invocation.subject
    frontend = find_frontend(worker, invocation.argument(0))
    if frontend.state == "STOP":
        raise CommandError(ENDED)
    for listener in frontend.listeners:
        listener.close()
    frontend.state = "STOP"
    backend = worker.backends.get(frontend.name)
    served = backend.counters.stot if backend is not None else 0
    worker.say(
        Severity.WARNING,
        f"Proxy {frontend.name} stopped (cumulated conns: FE: {frontend.counters.conn_tot}, "
        f"BE: {served}).",
    )


def _count(text: str) -> int:
    if not text:
        raise CommandError("Integer value expected.")
    if not (text.isdecimal() and text.isascii()):
        raise CommandError("Expects an integer value.")
    value = int(text)
    if value > 2**31 - 1:
        raise CommandError("Value out of range.")
    return value


def _accept_again(worker: WorkerState, frontends: list[Frontend]) -> None:
    for frontend in frontends:
        if frontend.state == "OPEN":
            for listener in frontend.listeners:
                listener.resume_when_room()


@command("set maxconn frontend", on="worker", changes=True, level="admin",
         usage="set maxconn frontend <frontend> <value>",
         text="change how many connections a frontend may have")  # fmt: skip
def cmd_set_maxconn_frontend(invocation: Invocation) -> None:
    """
    Change a frontend's C{maxconn}; connections beyond it are not cut.

    @param invocation: The command.

    @raise CommandError: There is no such frontend, or the value is none.
    """
    frontend = find_frontend(invocation.subject, invocation.argument(0))
    frontend.maxconn = _count(invocation.argument(1))
    _accept_again(invocation.subject, [frontend])


@command("set maxconn global", on="worker", level="admin", usage="set maxconn global <value>",
         changes=True, text="change how many connections the process may have")  # fmt: skip
def cmd_set_maxconn_global(invocation: Invocation) -> None:
    """
    Change the process's C{maxconn}, up to what it was started with; 0 restores that.

    @param invocation: The command.

    @raise CommandError: The value is none, or too large.
    """
    worker: WorkerState = invocation.subject
    value = _count(invocation.argument(0))
    if worker.hard_maxconn and value > worker.hard_maxconn:
        raise CommandError("Value out of range.")
    worker.maxconn = value or worker.hard_maxconn
    _accept_again(worker, list(worker.frontends.values()))


@command("set maxconn server", on="worker", changes=True, level="admin",
         usage="set maxconn server <bk>/<srv> <value>",
         text="change how many streams a server may have")  # fmt: skip
def cmd_set_maxconn_server(invocation: Invocation) -> None:
    """
    Change a server's C{maxconn}, and give it streams that wait.

    @param invocation: The command.

    @raise CommandError: There is no such server, or the value is none.
    """
    worker: WorkerState = invocation.subject
    server = find_server(worker, invocation.argument(0))
    server.maxconn = _count(invocation.argument(1))
    if server.usable_now:
        for hook in worker.on_server_up:
            hook(server)
