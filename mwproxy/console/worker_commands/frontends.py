"""
Console commands that change frontends and limits: C{disable frontend}, C{set maxconn} and their
like.
"""

from __future__ import annotations

from collections.abc import Iterable

from mwproxy.console.dispatch import CommandError, Invocation
from mwproxy.console.worker_commands.servers import find_server
from mwproxy.core.diagnostics import Severity
from mwproxy.core.families import command
from mwproxy.live.proxies import Frontend, WorkerState
from mwproxy.live.states import set_maxconn
from mwproxy.live.weights import BadNumber, new_maxconn

ENDED = "Frontend was already shut down."
#: Syslog severity of what is said of frontends.
_WARNING = 4


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
    _tell(frontend, f"Paused frontend {frontend.name}.")


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
    _tell(frontend, f"Resumed frontend {frontend.name}.")


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
    _tell(
        frontend,
        f"Proxy {frontend.name} stopped (cumulated conns: FE: {frontend.counters.conn_tot}, "
        f"BE: {served}).",
    )


def count_argument(text: str, missing: str = "Expects an integer value.") -> int:
    """
    Read a limit.

    @param text: The argument.

    @param missing: What to say when there is none.

    @return: From 0.

    @raise CommandError: It is missing, none, or out of range.
    """
    if not text:
        raise CommandError(missing)
    digits = text[1:] if text[0] == "-" else text
    if not (digits.isdecimal() and digits.isascii()):
        raise CommandError("Expects an integer value.")
    if digits is not text or len(digits) > 10 or int(digits) > 2**31 - 1:
        raise CommandError("Value out of range.")
    return int(digits)


def limit_rates(frontends: Iterable[Frontend]) -> None:
    """
    Let listeners know that limits of rates have changed.

    @param frontends: Those concerned.
    """
    for frontend in frontends:
        if frontend.state != "STOP":
            for listener in frontend.listeners:
                listener.limit_rate()


def _tell(frontend: Frontend, text: str) -> None:
    frontend.worker.say(Severity.WARNING, text)
    if frontend.log is not None:
        frontend.log(_WARNING, text.encode("utf-8", "replace"))


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
    frontend.maxconn = count_argument(invocation.argument(1), "Integer value expected.")
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
    value = count_argument(invocation.argument(0))
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
    server = find_server(invocation.subject, invocation.argument(0))
    try:
        maxconn = new_maxconn(invocation.argument(1))
    except BadNumber as error:
        raise CommandError(str(error)) from None
    set_maxconn(server, maxconn)
