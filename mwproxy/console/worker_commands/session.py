"""
Console commands about the connection: C{prompt}, C{set timeout cli}, C{show cli sockets}.
"""

from __future__ import annotations

from collections.abc import Iterator

from mwproxy.console import common_commands
from mwproxy.console.dispatch import CommandError, Feedback, Invocation
from mwproxy.console.state import switch_prompt
from mwproxy.core.families import command
from mwproxy.core.levels import Level
from mwproxy.core.values import parse_time_ms

REGISTERING = (common_commands,)


@command(
    "prompt",
    on="worker",
    changes=False,
    usage="prompt [help|n|i|p|timed]",
    text="switch the prompt",
)
def cmd_prompt(invocation: Invocation) -> Feedback | None:
    """
    Switch between one line per connection, many, and many with a prompt.

    @param invocation: The command.

    @return: How to use it, if it was not understood.
    """
    if switch_prompt(invocation.state, invocation.args, "nip"):
        return None
    return Feedback(
        "Usage: prompt [n | i | p | timed]\n"
        "  n: one line, then close; i: stay open; p: stay open and prompt; timed: with the uptime\n"
        "  without word, the prompt is turned on or off\n"
    )


@command("set timeout", on="worker", changes=False, usage="set timeout [cli] <delay>",
         text="change how long this connection may be idle")  # fmt: skip
def cmd_set_timeout(invocation: Invocation) -> None:
    """
    Change the idle timeout of this connection.

    @param invocation: The command.

    @raise CommandError: The arguments are wrong.
    """
    if invocation.argument(0) != "cli":
        raise CommandError("'set timeout' only supports 'cli'.")
    text = invocation.argument(1)
    if not text:
        raise CommandError("Expects an integer value.")
    try:
        timeout_ms = parse_time_ms(text, "s")
    except ValueError:
        timeout_ms = 0
    if timeout_ms <= 0:
        raise CommandError("Invalid timeout value.")
    invocation.state.timeout_ms = timeout_ms


@command("show cli sockets", on="worker", changes=False, text="list the sockets of consoles")
def cmd_show_cli_sockets(invocation: Invocation) -> Iterator[str]:
    """
    List where consoles listen.

    @param invocation: The command.

    @return: A line for each.
    """
    worker = invocation.subject
    yield "# socket lvl processes\n"
    for bind in worker.configuration.global_.stats_sockets:
        own = bind.settings.level
        level = (Level.OPERATOR if own is None else own).word
        address = bind.address
        shown = {"unix": f"unix@{address.host}"}.get(address.family)
        if shown is None:
            shown = f"{address.family}@{address}" if address.is_ip else str(address)
        numbers = sorted(bind.settings.processes)
        processes = ",".join(map(str, numbers)) or "all"
        yield f"{shown} {level} {processes}\n"
    if worker.under_master:
        yield "sockpair@3 admin all\n"
