"""
Console commands of a worker that a master has too, while C{mcli-debug-mode} is on: what it knows of
itself, in the same form.
"""

from __future__ import annotations

from collections.abc import Iterator

from mwproxy.console.dispatch import CommandError, Invocation
from mwproxy.console.master_view import MasterView
from mwproxy.console.state import age
from mwproxy.core.families import command


@command("show info", on="debug", text="show the figures of the master", changes=False)
def cmd_debug_show_info(invocation: Invocation) -> Iterator[str]:
    """
    Show the figures of the master: those of C{show info} that it has, and its own.

    @param invocation: The command.

    @return: Lines C{name: value}.

    @raise CommandError: There is an argument: a master has this form only.
    """
    if invocation.args:
        raise CommandError("'show info' of a master takes no argument")
    view: MasterView = invocation.subject
    seconds = view.uptime()
    days, hours, minutes, rest = age(seconds)
    figures: list[tuple[str, object]] = view.figures()
    for name, value in figures:
        if name == "Uptime":
            yield f"Uptime: {days}d {hours}h{minutes:02}m{rest:02}s\n"
            yield f"Uptime_sec: {int(seconds)}\n"
        else:
            yield f"{name}: {value}\n"


@command("show stat", on="debug", text="show the columns of statistics: a master has no proxies",
         changes=False)  # fmt: skip
def cmd_debug_show_stat(invocation: Invocation) -> str:
    """
    Show the columns of statistics, and no row: a master has no proxies.

    @param invocation: The command.

    @return: The header of C{show stat}.
    """
    # Nothing else of statistics is for a master.
    from mwproxy.observe import csv, stat

    return csv.header(stat.columns())


@command("show sess", on="debug", level="operator", text="show the connections to the consoles",
         changes=False)  # fmt: skip
def cmd_debug_show_sess(invocation: Invocation) -> Iterator[str]:
    """
    Show who is connected to the master's consoles, and with which level.

    @param invocation: The command.

    @return: A line each.
    """
    view: MasterView = invocation.subject
    for state in view.sessions():
        mine = " (this one)" if state is invocation.state else ""
        waits = " waits for a reload" if state.awaited is not None else ""
        yield (
            f"peer={state.who or 'unknown'} socket={state.address or 'unknown'} "
            f"level={state.level.word} mode={state.mode}{waits}{mine}\n"
        )


@command("show fd", on="debug", level="operator", text="show the descriptors of the master",
         changes=False)  # fmt: skip
def cmd_debug_show_fd(invocation: Invocation) -> Iterator[str]:
    """
    Show the descriptors of the master and what the system says of each.

    @param invocation: The command.

    @return: A line each.
    """
    view: MasterView = invocation.subject
    for fd, text in view.descriptors():
        yield f"{fd:>7} : {text}\n"
