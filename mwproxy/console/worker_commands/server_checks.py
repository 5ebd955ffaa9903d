"""
Console commands that turn checks on and off: C{enable health}, C{disable agent} and their like.
"""

from __future__ import annotations

from mwproxy.console.dispatch import CommandError, Invocation
from mwproxy.console.worker_commands.servers import find_server
from mwproxy.core.families import command
from mwproxy.live.servers import Server


def _server(invocation: Invocation) -> Server:
    return find_server(invocation.subject, invocation.argument(0))


@command("enable health", on="worker", level="admin", usage="enable health <bk>/<srv>",
         changes=True, text="turn a server's health checks on")  # fmt: skip
def cmd_enable_health(invocation: Invocation) -> None:
    """
    Check a server's health again, from the next time on at which it is due. Servers that were
    added by C{add server} with C{check} need it.

    @param invocation: The command.

    @raise CommandError: The server has no C{check}.
    """
    server = _server(invocation)
    if not server.description.settings.check.enabled:
        raise CommandError("Health check was not configured on this server, cannot enable.")
    server.checked = True


@command("disable health", on="worker", level="admin", usage="disable health <bk>/<srv>",
         changes=True, text="turn a server's health checks off")  # fmt: skip
def cmd_disable_health(invocation: Invocation) -> None:
    """
    Check a server's health no more; it keeps its state. A check under way does not count.

    @param invocation: The command.
    """
    _server(invocation).checked = False


@command("enable agent", on="worker", changes=True, level="admin", usage="enable agent <bk>/<srv>",
         text="turn a server's agent checks on")  # fmt: skip
def cmd_enable_agent(invocation: Invocation) -> None:
    """
    Ask a server's agent again, from the next time on at which it is due. Servers that were added
    by C{add server} with C{agent-check} need it.

    @param invocation: The command.

    @raise CommandError: The server has no C{agent-check}.
    """
    agent = _server(invocation).agent
    if agent is None:
        raise CommandError("Agent was not configured on this server, cannot enable.")
    agent.enabled = True


@command("disable agent", on="worker", level="admin", usage="disable agent <bk>/<srv>",
         changes=True, text="turn a server's agent checks off")  # fmt: skip
def cmd_disable_agent(invocation: Invocation) -> None:
    """
    Ask a server's agent no more; what it has changed stays. A check under way does not count.

    @param invocation: The command.
    """
    agent = _server(invocation).agent
    if agent is not None:
        agent.enabled = False
