"""
The end of a worker that was asked to leave (SIGUSR1): listeners close, idle connections go, the
rest may finish.

Management manual 4 and configuration manual 3.1 (C{grace}, C{close-spread-time},
C{hard-stop-after}).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mwproxy.core.diagnostics import Severity

if TYPE_CHECKING:
    from mwproxy.net.listeners import Listener
    from mwproxy.net.plane import Plane


class SoftStop:
    """
    One soft stop.

    @ivar begun: True once asked for; a second request changes nothing.
    """

    def __init__(
        self, plane: Plane, listeners: list[Listener], finished: Callable[[], None]
    ) -> None:
        """
        @param plane: The data plane.

        @param listeners: Its listeners.

        @param finished: Called once, when the last session is gone.
        """
        self._plane = plane
        self._listeners = listeners
        self._finished = finished
        self._timers: list[Any] = []
        self._ended = False
        self.begun = False

    def begin(self) -> None:
        """
        Ask for it.
        """
        if self.begun:
            return
        self.begun = True
        plane = self._plane
        plane.state.stopping = True
        grace = plane.state.configuration.global_.grace_ms
        if grace:
            self._say(Severity.WARNING, f"Scheduling a soft-stop in {grace} ms.")
            # Until then everything goes on, connections are kept.
            plane.state.stopping = False
            self._later(grace, self._grace_over)
        else:
            self._stop()

    def _grace_over(self) -> None:
        self._say(Severity.WARNING, "Grace period expired, proceeding with soft-stop now.")
        self._plane.state.stopping = True
        self._stop()

    def _stop(self) -> None:
        plane = self._plane
        state = plane.state
        settings = state.configuration.global_
        for listener in self._listeners:
            listener.finish()
        self._report()
        if settings.hard_stop_after_ms is not None:
            self._later(settings.hard_stop_after_ms, self._hard_stop)
        spread = settings.close_spread_time_ms
        idle = [session for session in state.sessions if session.stream is None]
        plane.closing = plane.handover is None
        plane.session_ended = self._check
        if plane.handover is not None:
            plane.handover.send(idle)
        for session in idle:
            if spread and plane.handover is None:
                self._later(random.randrange(spread), session.leave)  # type: ignore[attr-defined]
            else:
                session.leave()  # type: ignore[attr-defined]  # sessions at work are clients
        self._check()

    def _report(self) -> None:
        state = self._plane.state
        names = dict.fromkeys([*state.frontends, *state.backends])
        for name in names:
            front = state.frontends.get(name)
            back = state.backends.get(name)
            self._say(
                Severity.WARNING,
                f"Proxy {name} stopped (cumulated conns: "
                f"FE: {front.counters.conn_tot if front else 0}, "
                f"BE: {back.counters.stot if back else 0}).",
            )
            if front is not None:
                front.state = "STOP"

    def _hard_stop(self) -> None:
        state = self._plane.state
        self._say(Severity.WARNING, "soft-stop running for too long, performing a hard-stop.")
        for name, frontend in state.frontends.items():
            if frontend.counters.scur:
                self._say(
                    Severity.WARNING,
                    f"Proxy {name} hard-stopped ({frontend.counters.scur} remaining conns will "
                    "be closed).",
                )
        for session in list(state.sessions):
            stream: Any = session.stream
            if stream is not None:
                stream.kill()
            else:
                session.close()  # type: ignore[attr-defined]
        self._check()

    def _check(self) -> None:
        if not self._plane.state.sessions and not self._ended:
            self._ended = True
            self.cancel()
            self._finished()

    def cancel(self) -> None:
        """
        Forget all timers.
        """
        for timer in self._timers:
            if timer.active():
                timer.cancel()
        self._timers.clear()

    def _later(self, milliseconds: int, call: Callable[[], None]) -> None:
        self._timers.append(self._plane.reactor.callLater(milliseconds / 1000, call))

    def _say(self, severity: Severity, text: str) -> None:
        self._plane.state.say(severity, text)
