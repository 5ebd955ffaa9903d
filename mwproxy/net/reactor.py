"""
The worker's reactor: Twisted's epoll reactor with direct dispatch.

The data plane registers a function per descriptor with L{DirectReactor.watch}; the poll loop calls
it with the event mask and nothing else: no selectable, no logging context. All other
descriptors, timers and processes go Twisted's way. This is the only module that touches the
reactor's private parts.

Events are level-triggered. A function may be called for an event of a descriptor that was closed
and reused within the same turn, so it must cope with finding nothing to read.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from select import EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT
from time import monotonic
from typing import Any

from twisted.internet.epollreactor import EPollReactor
from twisted.logger import Logger
from twisted.python import log as twisted_log

from mwproxy.net.timers import TimerWheel

READ = EPOLLIN
WRITE = EPOLLOUT
#: Reported whether asked for or not.
BROKEN = EPOLLERR | EPOLLHUP
EXCLUSIVE = 1 << 28
EVENTS_PER_TURN = 512

_log = Logger()


class DirectReactor(EPollReactor):
    """
    Twisted's epoll reactor with a table of plain functions in front.

    @ivar handlers: What to call for a descriptor with its event mask. The data plane may replace an
        entry while its descriptor is watched: that is how a connection changes state.

    @ivar wheel: Connection timeouts.

    @ivar now: The monotonic clock as of this turn.

    @ivar turn_starts: Called with C{now} before the events of a turn are handled.

    @ivar later: Functions, each with its argument, to call once when the events of a turn are
        handled: what must not happen within the call that finds it out.

    @ivar turn_ends: Called when the events of a turn are handled.
    """

    def __init__(self) -> None:
        self.handlers: dict[int, Callable[[int], None]] = {}
        self.wheel = TimerWheel()
        self.now = monotonic()
        self.later: list[tuple[Callable[[Any], None], Any]] = []
        self.turn_ends: list[Callable[[], None]] = []
        self.turn_starts: list[Callable[[float], None]] = []
        super().__init__()

    def watch(self, fd: int, mask: int, handler: Callable[[int], None]) -> None:
        """
        Begin to watch a descriptor.

        @param fd: The descriptor; the caller stays its owner.

        @param mask: L{READ}, L{WRITE}, both or 0 (only L{BROKEN} is reported then).

        @param handler: Called with the event mask.
        """
        self._poller.register(fd, mask)
        self.handlers[fd] = handler

    def change(self, fd: int, mask: int) -> None:
        """
        Watch a descriptor for something else.
        """
        self._poller.modify(fd, mask)

    def unwatch(self, fd: int) -> None:
        """
        Cease to watch a descriptor that stays open.
        """
        del self.handlers[fd]
        self._poller.unregister(fd)

    def forget(self, fd: int) -> None:
        """
        Cease to watch a descriptor that is closed right after (the kernel drops it then).
        """
        self.handlers.pop(fd, None)

    def doPoll(self, timeout: float | None) -> None:
        """
        Wait for events once and handle them.

        @param timeout: Seconds that Twisted's timers leave, L{None} for ever.
        """
        wheel = self.wheel
        delay = wheel.delay(monotonic())
        if timeout is None or (delay is not None and delay < timeout):
            timeout = delay
        if self.later:
            timeout = 0
        try:
            events = self._poller.poll(-1 if timeout is None else timeout, EVENTS_PER_TURN)
        except InterruptedError:
            return
        now = self.now = monotonic()
        for start in self.turn_starts:
            start(now)
        handlers = self.handlers
        for fd, event in events:
            handler = handlers.get(fd)
            if handler is not None:
                try:
                    handler(event)
                except Exception:
                    self._failed(fd, handler)
            else:
                selectable = self._selectables.get(fd)
                if selectable is not None:
                    twisted_log.callWithLogger(
                        selectable, self._doReadOrWrite, selectable, fd, event
                    )
        wheel.run(now)
        if self.later:
            self._run_later()
        for end in self.turn_ends:
            end()

    doIteration = doPoll

    def _run_later(self) -> None:
        later, self.later = self.later, []
        for handler, argument in later:
            try:
                handler(argument)
            except Exception:
                self._failed(-1, handler)

    def _failed(self, fd: int, handler: Callable[[Any], None]) -> None:
        _log.failure("handling descriptor {fd} failed", fd=fd)
        owner: Any = getattr(handler, "__self__", None)
        crashed = getattr(owner, "crashed", None)
        if crashed is not None:
            try:
                crashed()
                return
            except Exception:
                _log.failure("closing descriptor {fd} failed", fd=fd)
        if self.handlers.get(fd) is handler:
            # Nobody would answer its events, which come again and again.
            del self.handlers[fd]
            with suppress(OSError):
                self._poller.unregister(fd)


def install() -> DirectReactor:
    """
    Make a L{DirectReactor} the process's reactor.

    @return: It.

    @raise ReactorAlreadyInstalledError: There is one.
    """
    from twisted.internet.main import installReactor

    reactor = DirectReactor()
    installReactor(reactor)
    return reactor
