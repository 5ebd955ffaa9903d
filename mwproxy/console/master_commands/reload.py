"""
Console commands C{reload} and C{hard-reload}.
"""

from __future__ import annotations

from collections.abc import Awaitable

from mwproxy.console.dispatch import CommandError, Invocation
from mwproxy.console.master_view import MasterView, ReloadResult
from mwproxy.console.state import ConsoleState
from mwproxy.core.families import command
from mwproxy.core.values import BadValue, parse_time_ms

#: Less makes no sense, and a number without unit is in ms.
SHORTEST_TRIAL_MS = 1000


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


def asked_by(state: ConsoleState) -> str:
    """
    Name the client for the list of generations.

    @param state: The connection's.
    """
    return f"{state.who} on {state.address}" if state.who and state.address else state.who


async def _reload(invocation: Invocation, hard: bool) -> str:
    view: MasterView = invocation.subject
    reload = view.reload(
        hard=hard,
        by=asked_by(invocation.state),
        confirm_ms=_trial(invocation),
        progress=invocation.tell,
    )
    return await answer_reload(invocation.state, reload)


def _trial(invocation: Invocation) -> int:
    """
    Read C{confirm <time>}.

    @return: The time in ms, 0 for no trial.

    @raise CommandError: There is anything else: a reload that was meant otherwise is none.
    """
    words = invocation.args
    if not words:
        return 0
    name = invocation.words[0]
    if words[0] != "confirm" or len(words) > 2:
        raise CommandError(f"'{name}' only supports 'confirm <time>' as argument")
    try:
        time_ms = parse_time_ms(words[1]) if len(words) > 1 else 0
    except BadValue:
        time_ms = 0
    if time_ms < SHORTEST_TRIAL_MS:
        raise CommandError(
            f"'{name} confirm' expects a time of at least 1s, such as '60s' (or 'confirmed')"
        )
    return time_ms


@command("reload", on="master", changes=True, level="operator", usage="reload [confirm <time>]",
         text="reload the configuration")  # fmt: skip
async def cmd_reload(invocation: Invocation) -> str:
    """
    Reload; answered when the new worker serves or has failed. The connection is closed then,
    unless it has a prompt, which shows how far it is as well. With C{confirm} the new generation is
    on trial: it goes back to the one before by itself unless C{reload confirmed} comes in time.

    @param invocation: The command.

    @return: How it ended.
    """
    return await _reload(invocation, False)


@command("hard-reload", on="master", changes=True, level="operator",
         usage="hard-reload [confirm <time>]",
         text="reload the configuration, ending old workers at once")  # fmt: skip
async def cmd_hard_reload(invocation: Invocation) -> str:
    """
    Reload like C{reload}, but end old workers with SIGTERM.

    @param invocation: The command.

    @return: How it ended.
    """
    return await _reload(invocation, True)


@command("confirm", on="master", changes=True, level="operator",
         text="the same as 'reload confirmed' [mwproxy]")  # fmt: skip
@command("reload confirmed", on="master", changes=True, level="operator",
         text="let what 'confirm' put on trial serve on [mwproxy]")  # fmt: skip
def cmd_reload_confirmed(invocation: Invocation) -> str:
    """
    End the trial that C{reload confirm} began. The answer has the form of that of C{reload}, for
    whoever reads both; the connection stays open.

    @param invocation: The command.

    @return: What serves, or why nothing can be confirmed.

    @raise CommandError: There is an argument.
    """
    view: MasterView = invocation.subject
    if invocation.args:
        raise CommandError(
            f"'{' '.join(invocation.words[: -len(invocation.args)])}' takes no argument"
        )
    problem = view.generations.confirm()
    if problem:
        return outcome(False, f"{problem}\n")
    serving = next(row for row in view.generations.rows() if row.result == "serving")
    return outcome(True, f"Generation {serving.number} is confirmed.\n")


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
