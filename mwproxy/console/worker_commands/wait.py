"""
Console command C{wait}.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from mwproxy.console.dispatch import CommandError, Feedback, Invocation
from mwproxy.console.worker_commands.servers import find_server
from mwproxy.core.families import command
from mwproxy.core.values import BadValue, parse_time_ms
from mwproxy.live.additions import CannotDelete, refuse_to_delete
from mwproxy.live.proxies import WorkerState

#: Seconds between two looks at a condition.
STEP_S = 0.01
#: What stands for a condition, and its name before HAProxy 3.0 was released.
_REMOVABLE = ("srv-removable", "srv-unused")
_USAGE = (
    "Usage: wait {-h | <duration>} [<condition> [<args>...]]\n"
    "Wait for <duration> (milliseconds unless a unit follows), or until <condition> is met.\n"
    "Conditions:\n"
    "  srv-removable <backend>/<server> : the server is in maintenance and without connections,\n"
    "                                     so that 'del server' can delete it\n"
)

#: Tells whether a condition is met; raises L{CommandError} when it never will be.
Condition = Callable[[], bool]


@command("wait", on="worker", changes=False, level="admin",
         usage="wait {-h|<delay_ms>} [<condition> [<args>...]]",
         text="wait the specified delay or condition")  # fmt: skip
def cmd_wait(invocation: Invocation) -> Feedback | Deferred[Feedback]:
    """
    Wait for some time, or until a server can be deleted, before the next command is executed. The
    idle timeout of the connection does not count meanwhile. A peer that has closed only its
    sending side, as C{socat} does at the end of its input, still gets the answer; HAProxy is
    interrupted by that.

    @param invocation: The command.

    @return: How the wait has ended.

    @raise CommandError: The arguments are wrong, or the condition can never be met.
    """
    words = invocation.args
    if not words:
        raise CommandError("Expects a duration in milliseconds.")
    if "-h" in words[:2]:
        return Feedback(_USAGE)
    try:
        duration_s = parse_time_ms(words[0]) / 1000
    except BadValue:
        raise CommandError("Invalid duration.") from None
    condition = _condition(invocation, words[1:])
    if condition is not None and condition():
        return Feedback("Done.")
    return Wait(invocation.session, duration_s, condition).done


def _condition(invocation: Invocation, words: list[str]) -> Condition | None:
    if not words:
        return None
    if words[0] not in _REMOVABLE:
        raise CommandError(_USAGE)
    worker: WorkerState = invocation.subject
    name = words[1] if len(words) > 1 else ""

    def removable() -> bool:
        try:
            refuse_to_delete(find_server(worker, name))
        except CannotDelete as error:
            if error.forever:
                raise CommandError(str(error)) from None
            return False
        return True

    return removable


class Wait:
    """
    One wait of one connection.

    @ivar done: Fires with how it has ended; never when the connection is lost.
    """

    def __init__(self, session: Any, duration_s: float, condition: Condition | None) -> None:
        """
        @param session: The connection: a L{LineSession<mwproxy.console.line_session.LineSession>}.

        @param duration_s: The longest wait.

        @param condition: What may end it earlier, L{None} for nothing.
        """
        self.done: Deferred[Feedback] = Deferred()
        self._condition = condition
        self._clock = session.clock
        self._end = self._clock.seconds() + duration_s
        self._timer: Any = None
        session.when_gone(self._gone)
        self._schedule()

    def _schedule(self) -> None:
        left = max(0.0, self._end - self._clock.seconds())
        if self._condition is not None:
            left = min(left, STEP_S)
        self._timer = self._clock.callLater(left, self._look)

    def _look(self) -> None:
        self._timer = None
        expired = self._clock.seconds() >= self._end
        if self._condition is None:
            if expired:
                self.done.callback(Feedback("Done."))
                return
        else:
            try:
                met = self._condition()
            except CommandError as error:
                self.done.errback(error)
                return
            if met or expired:
                self.done.callback(Feedback("Done." if met else "Wait delay expired."))
                return
        self._schedule()

    def _gone(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
