"""
Console commands C{reload} and C{hard-reload}.
"""

from __future__ import annotations

from collections.abc import Awaitable

from mwproxy.console.dispatch import Invocation
from mwproxy.console.master_view import MasterView, ReloadResult
from mwproxy.console.state import ConsoleState
from mwproxy.core.families import command


def outcome(success: bool, log: str) -> str:
    """
    Write how a reload ended.

    @param success: Whether it did what it should.

    @param log: Its messages, lines with line feeds.

    @return: C{Success=1} or C{Success=0}, C{--} and the messages.
    """
    return f"Success={int(success)}\n--\n{log}"


async def answer_reload(state: ConsoleState, reload: Awaitable[ReloadResult]) -> str:
    """
    Tell how a reload ended, and close the connection unless it has a prompt.

    @param state: The connection's.

    @param reload: Gives the result.

    @return: The answer.
    """
    state.awaited = reload
    result = await reload
    state.awaited = None
    if state.mode != "p":
        state.closing = True
    return outcome(result.success, result.log)


async def _reload(invocation: Invocation, hard: bool) -> str:
    view: MasterView = invocation.subject
    return await answer_reload(invocation.state, view.reload(hard=hard))


@command("reload", on="master", changes=True, level="operator", text="reload the configuration")
async def cmd_reload(invocation: Invocation) -> str:
    """
    Reload; answered when the new worker serves or has failed. The connection is closed then,
    unless it has a prompt.

    @param invocation: The command.

    @return: How it ended.
    """
    return await _reload(invocation, False)


@command("hard-reload", on="master", changes=True, level="operator",
         text="reload the configuration, ending old workers at once")  # fmt: skip
async def cmd_hard_reload(invocation: Invocation) -> str:
    """
    Reload like C{reload}, but end old workers with SIGTERM.

    @param invocation: The command.

    @return: How it ended.
    """
    return await _reload(invocation, True)


@command("_loadstatus", on="master", level="operator", text="how the last reload ended",
         changes=False, hidden=True)  # fmt: skip
def cmd_loadstatus(invocation: Invocation) -> str:
    """
    Tell how the last start or reload ended.

    @param invocation: The command.

    @return: The same text as of C{reload}.
    """
    view: MasterView = invocation.subject
    return outcome(not view.reload_failed, view.startup_log())
