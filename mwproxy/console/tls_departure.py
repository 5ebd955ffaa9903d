"""
TLS connections when the master becomes another version.

What OpenSSL knows of a connection cannot be written down, so it cannot cross an exec. A copy of the
process can go on with it: just before the exec one is forked that has nothing but the bridges
(C{tls_bridge.py}), and moves bytes until all of them have ended. Sessions are at the other ends of
their socket pairs and cross as those of UNIX sockets do: the client notices nothing.
"""

from __future__ import annotations

import heapq
import itertools
import selectors
import time
from collections.abc import Callable, Iterable
from typing import Any

from mwproxy.console.tls_bridge import OPEN, PARTING, Bridge
from mwproxy.process.aside import run_aside


class Call:
    """
    Something to be done later.
    """

    def __init__(self, function: Callable[[], object]) -> None:
        self.function: Callable[[], object] | None = function

    def cancel(self) -> None:
        """
        Do not do it.
        """
        self.function = None


class Loop:
    """
    What bridges need of a reactor, and no more.
    """

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._events: dict[Any, int] = {}
        self._calls: list[tuple[float, int, Call]] = []
        self._number = itertools.count()

    def addReader(self, end: Any) -> None:
        """
        Look whether it can be read from.
        """
        self._change(end, self._events.get(end, 0) | selectors.EVENT_READ)

    def removeReader(self, end: Any) -> None:
        """
        Look no more.
        """
        self._change(end, self._events.get(end, 0) & ~selectors.EVENT_READ)

    def addWriter(self, end: Any) -> None:
        """
        Look whether it can be written to.
        """
        self._change(end, self._events.get(end, 0) | selectors.EVENT_WRITE)

    def removeWriter(self, end: Any) -> None:
        """
        Look no more.
        """
        self._change(end, self._events.get(end, 0) & ~selectors.EVENT_WRITE)

    def callLater(self, seconds: float, function: Callable[[], object]) -> Call:
        """
        Do something later.
        """
        call = Call(function)
        heapq.heappush(self._calls, (time.monotonic() + seconds, next(self._number), call))
        return call

    def turn(self) -> None:
        """
        Wait for something, and do it.
        """
        wait = None
        if self._calls:
            wait = max(0.0, self._calls[0][0] - time.monotonic())
        for key, events in self._selector.select(wait):
            if events and key.data in self._events:
                key.data.doRead()
        while self._calls and self._calls[0][0] <= time.monotonic():
            function = heapq.heappop(self._calls)[2].function
            if function is not None:
                function()

    def close(self) -> None:
        """
        Give back what it has.
        """
        self._selector.close()

    def _change(self, end: Any, events: int) -> None:
        before = self._events.get(end, 0)
        if before == events:
            return
        if not events:
            del self._events[end]
            self._selector.unregister(end)
        elif before:
            self._events[end] = events
            self._selector.modify(end, events, end)
        else:
            self._events[end] = events
            self._selector.register(end, events, end)


def depart(bridges: Iterable[Bridge]) -> None:
    """
    Have another process go on with TLS connections. Those whose handshake is not done, or that have
    no session yet, are closed; the rest is as if it had never been here.

    @raise OSError: There can be no more processes; nothing has changed.
    """
    everyone = list(bridges)
    staying = [each for each in everyone if each.phase in (OPEN, PARTING)]
    if staying:
        keep = [sock.fileno() for each in staying for sock in each.sockets()]
        run_aside(keep, lambda: _go_on(staying))
    for each in everyone:
        if each in staying:
            each.forget()
        else:
            each.abort()


def _go_on(bridges: list[Bridge]) -> None:
    loop = Loop()
    at_work = set(bridges)

    for bridge in bridges:
        bridge.move(loop, at_work.discard)
    while at_work:
        loop.turn()
    loop.close()
