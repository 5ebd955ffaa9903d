"""
Console commands of the master about the connection.

What the connection itself runs (C{prompt}, C{mcli-debug-mode}, prefixes) is here for C{help}.
"""

from __future__ import annotations

from mwproxy.console import common_commands
from mwproxy.console.dispatch import Invocation
from mwproxy.core.families import command

REGISTERING = (common_commands,)


@command("prompt", on="master", changes=False, usage="prompt [i|p|timed]", text="switch the prompt")
def cmd_prompt(invocation: Invocation) -> None:
    """
    Switch the prompt; done by the connection before it looks for commands.

    @param invocation: The command.
    """


@command("mcli-debug-mode", on="master", level="admin", usage="mcli-debug-mode [on|off]",
         changes=False, text="mark the connection for debugging", hidden=True)  # fmt: skip
def cmd_mcli_debug_mode(invocation: Invocation) -> None:
    """
    Switch the mode; done by the connection before it looks for commands.

    @param invocation: The command.
    """


@command(
    "@<relative pid>",
    on="master",
    changes=False,
    text="send a command to the current worker of that number",
)
def cmd_at_number(invocation: Invocation) -> None:
    """
    Address a worker; done by the connection.

    @param invocation: The command.
    """


@command("@!<pid>", on="master", changes=False, text="send a command to the worker with that pid")
def cmd_at_pid(invocation: Invocation) -> None:
    """
    Address a worker; done by the connection.

    @param invocation: The command.
    """


@command("@@<relative pid>|@@!<pid>", on="master", changes=False, text="open a session in a worker")
def cmd_at_at(invocation: Invocation) -> None:
    """
    Open a session; done by the connection.

    @param invocation: The command.
    """


@command("@master", on="master", changes=False, text="send a command to the master")
def cmd_at_master(invocation: Invocation) -> None:
    """
    Address the master; done by the connection.

    @param invocation: The command.
    """


@command("@*", on="master", changes=False, usage="@* <command>",
         text="send a command to all workers that serve, label each answer [mwproxy]")  # fmt: skip
def cmd_at_all(invocation: Invocation) -> None:
    """
    Address all current workers; done by the connection.

    @param invocation: The command.
    """


@command(
    "show cli sockets",
    on="master",
    changes=False,
    text="list the sockets of consoles: a worker's command",
)
def cmd_show_cli_sockets(invocation: Invocation) -> str:
    """
    Show nothing: the list is that of a worker.

    @param invocation: The command.

    @return: Nothing.
    """
    return ""
