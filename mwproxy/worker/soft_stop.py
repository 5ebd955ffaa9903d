"""
The end of a worker that was asked to leave (SIGUSR1): listeners close, idle connections go, the
rest may finish.

Management manual 4 and configuration manual 3.1 (C{grace}, C{close-spread-time},
C{hard-stop-after}). Observed of HAProxy:
  - C{Stopping} of C{show info} and the fetch C{stopping} are true during C{grace} already, so that
    rules can tell load balancers; consoles and listeners stay open until it is over;
  - with C{close-spread-time} idle connections are closed at random moments of that time, and active
    ones with a probability that grows with it; with C{infinite} none is closed for that reason.
A successor takes idle connections at once: then there is nothing to spread.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from automat import TypeMachineBuilder

from mwproxy.core.diagnostics import Severity

if TYPE_CHECKING:
    from mwproxy.net.plane import Plane

#: Into how many steps C{close-spread-time} is cut, and the shortest step in seconds.
STEPS = 100
SHORTEST_STEP = 0.01
#: Seconds after which a hard stop does not wait any longer.
RESISTANCE = 1.0
INFINITE = -1


class SoftStop:
    """
    One soft stop.
    """

    def __init__(
        self, plane: Plane, stop_listening: Callable[[], None], finished: Callable[[], None]
    ) -> None:
        """
        @param plane: The data plane.

        @param stop_listening: Closes everything that accepts clients.

        @param finished: Called once, when the last session is gone.
        """
        self._plane = plane
        self._close_listeners = stop_listening
        self._finished = finished
        self._timers: list[Any] = []
        self._ending = ending_machine(self)

    def begin(self) -> None:
        """
        Ask for it; a second request changes nothing.
        """
        if self._plane.state.configuration.global_.grace_ms:
            self._ending.asked_with_grace()
        else:
            self._ending.asked()

    def schedule(self) -> None:
        """
        See L{Ending}; so for all that follow.
        """
        state = self._plane.state
        state.leaving = True
        grace = state.configuration.global_.grace_ms or 0
        self._say(Severity.NOTICE, f"Scheduling a soft-stop in {grace} ms.")
        self._later(grace, self._grace_over)

    def _grace_over(self) -> None:
        self._say(Severity.NOTICE, "Grace period expired, proceeding with soft-stop now.")
        self._ending.grace_over()

    def stop_listening(self) -> None:
        """
        Accept no more, and let connections go as they become idle.
        """
        plane = self._plane
        settings = plane.state.configuration.global_
        plane.state.leaving = True
        self._close_listeners()
        self._report()
        if settings.hard_stop_after_ms is not None:
            self._later(settings.hard_stop_after_ms, self._ending.limit_reached)
        plane.session_ended = self._check
        spread = settings.close_spread_time_ms
        if plane.handover is not None:
            plane.state.stopping = True
            idle = self._idle()
            plane.handover.send(idle)
            self._let_go(idle)
        elif not spread:
            self._close_idle()
        elif spread != INFINITE:
            for session in self._idle():
                self._later(random.randrange(spread), session.leave)
            self._spread(self._plane.reactor.seconds(), spread / 1000)
        self._check()

    def _idle(self) -> list[Any]:
        return [session for session in self._plane.state.sessions if session.stream is None]

    def _close_idle(self) -> None:
        """
        From now on connections are closed when they are idle.
        """
        self._plane.state.stopping = self._plane.closing = True
        self._let_go(self._idle())

    def _let_go(self, sessions: list[Any]) -> None:
        for session in sessions:
            session.leave()

    def _spread(self, since: float, spread: float) -> None:
        """
        Decide for a moment whether connections whose exchange ends are closed.

        @param since: When the time began, as the reactor's clock.

        @param spread: The time in seconds.
        """
        gone = self._plane.reactor.seconds() - since
        if gone >= spread:
            self._close_idle()
            self._check()
            return
        self._plane.state.stopping = self._plane.closing = random.random() * spread < gone
        step = max(spread / STEPS, SHORTEST_STEP)
        self._later(int(step * 1000), lambda: self._spread(since, spread))

    def _report(self) -> None:
        from mwproxy.console.stats_port import console_figures

        state = self._plane.state
        consoles = console_figures(state)
        if consoles is not None:
            # HAProxy's consoles are a proxy, whose connections have both sides.
            self._say(
                Severity.WARNING,
                f"Proxy GLOBAL stopped (cumulated conns: FE: {consoles[1]}, BE: {consoles[1]}).",
            )
        in_order = [proxy.name for proxy in state.configuration.proxies]
        for name in dict.fromkeys([*in_order, *state.frontends, *state.backends]):
            front = state.frontends.get(name)
            back = state.backends.get(name)
            if front is None and back is None:
                continue
            self._say(
                Severity.WARNING,
                f"Proxy {name} stopped (cumulated conns: "
                f"FE: {front.counters.conn_tot if front else 0}, "
                f"BE: {back.counters.stot if back else 0}).",
            )
            if front is not None:
                front.state = "STOP"

    def end_sessions(self) -> None:
        """
        End what is left.
        """
        state = self._plane.state
        self._say(Severity.WARNING, "soft-stop running for too long, performing a hard-stop.")
        for name, frontend in state.frontends.items():
            if frontend.counters.scur:
                self._say(
                    Severity.WARNING,
                    f"Proxy {name} hard-stopped ({frontend.counters.scur} remaining conns will "
                    "be closed).",
                )
        self._later(int(RESISTANCE * 1000), self._resisted)
        for session in list(state.sessions):
            stream: Any = session.stream
            if stream is not None:
                stream.kill()
            else:
                session.close()  # type: ignore[attr-defined]
        self._check()

    def _resisted(self) -> None:
        self._say(Severity.WARNING, "Some tasks resisted to hard-stop, exiting now.")
        self._ending.resisted()

    def _check(self) -> None:
        if not self._plane.state.sessions:
            self._ending.emptied()

    def finish(self) -> None:
        """
        Tell that it is over.
        """
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


class Ending(Protocol):
    """
    What can happen to a worker on its way out. Serving: nobody asked. Grace: it was asked, and goes
    on for a while. Stopping: it listens no more. Hard: what is left is being ended. Over: gone.
    """

    def asked(self) -> None:
        """
        It shall stop listening and finish what it does. Asking again changes nothing.
        """

    def asked_with_grace(self) -> None:
        """
        It shall do so in a while.
        """

    def grace_over(self) -> None:
        """
        C{grace} has gone.
        """

    def limit_reached(self) -> None:
        """
        C{hard-stop-after} has gone.
        """

    def resisted(self) -> None:
        """
        There are sessions still, though all were ended.
        """

    def emptied(self) -> None:
        """
        There is no session any more.
        """


def _build() -> Callable[[SoftStop], Ending]:
    machine = TypeMachineBuilder(Ending, SoftStop)
    serving, grace = machine.state("serving"), machine.state("grace")
    stopping, hard, over = machine.state("stopping"), machine.state("hard"), machine.state("over")

    for state in (grace, stopping, hard, over):
        state.upon(Ending.asked).loop().returns(None)
        state.upon(Ending.asked_with_grace).loop().returns(None)
    for event in (Ending.grace_over, Ending.limit_reached, Ending.resisted, Ending.emptied):
        over.upon(event).loop().returns(None)

    @serving.upon(Ending.asked_with_grace).to(grace)
    def schedule(ending: Ending, stop: SoftStop) -> None:
        stop.schedule()

    @serving.upon(Ending.asked).to(stopping)
    @grace.upon(Ending.grace_over).to(stopping)
    def stop_listening(ending: Ending, stop: SoftStop) -> None:
        stop.stop_listening()

    @stopping.upon(Ending.limit_reached).to(hard)
    def end_sessions(ending: Ending, stop: SoftStop) -> None:
        stop.end_sessions()

    @stopping.upon(Ending.emptied).to(over)
    @hard.upon(Ending.emptied).to(over)
    @hard.upon(Ending.resisted).to(over)
    def finish(ending: Ending, stop: SoftStop) -> None:
        stop.finish()

    return machine.build()


ending_machine = _build()
