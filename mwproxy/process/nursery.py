"""
The master's end of the nursery: a process that has imported everything a worker needs, and forks a
worker whenever one is asked for, in milliseconds.

Importing takes longer than all else that a reload does, so it is done once and shared. The
workers are the master's own children: the nursery forks twice, and the master, a subreaper,
gets what is orphaned in between.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from mwproxy.process.ending import Ending
from mwproxy.process.system import System

UP = b"u"
HATCH = b"w"


class Nursery:
    """
    One nursery process.

    @ivar pid: Its pid, 0 before it was started.

    @ivar up: Whether it can hatch workers.
    """

    def __init__(
        self, system: System, came_up: Callable[[], None], ended: Callable[[int], None]
    ) -> None:
        """
        @param came_up: Told when it can hatch workers.

        @param ended: Told its exit status, unless it was stopped.
        """
        self.pid = 0
        self.up = False
        self._system = system
        self._came_up = came_up
        self._ended = ended
        self._stopped = False
        self._nice = False
        self._sock: socket.socket | None = None
        self._channel = _Channel(self)

    def start(self, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        """
        Start it, yielding to everybody else until it is up.

        @raise OSError: The system refuses.
        """
        ours, theirs = self._system.socketpair()
        theirs.setblocking(True)
        try:
            self.pid = self._system.spawn(
                Ending(self.exited), argv, environment, {0: 0, 1: 1, 2: 2, 3: theirs.fileno()}
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self._nice = self._system.make_nice(self.pid)
        self._sock = ours.dup()
        self._system.adopt(ours, self._channel)

    def hatch(self, channel: socket.socket) -> None:
        """
        Have a worker made.

        @param channel: Its end of the control channel; stays the caller's.

        @raise OSError: The nursery is gone.
        """
        if self._sock is None:
            raise OSError("the nursery is closed")
        socket.send_fds(self._sock, [HATCH], [channel.fileno()])

    def stop(self) -> None:
        """
        Let it go.
        """
        self._stopped = True
        self.up = False
        self._channel.hang_up()
        self._close()

    def said_up(self) -> None:
        """
        Note that it is up.
        """
        if self._stopped or self.up:
            return
        self.up = True
        # Before the first worker is forked: it would inherit that.
        self.hurry()
        self._came_up()

    def hurry(self) -> None:
        """
        Yield to others no longer.
        """
        if self._nice:
            self._nice = False
            self._system.reset_nice(self.pid)

    def exited(self, status: int) -> None:
        """
        Note that it ended.
        """
        self.up = False
        self._close()
        if not self._stopped:
            self._ended(status)

    def _close(self) -> None:
        if self._sock is not None:
            self._sock.close()
            self._sock = None


class _Channel(Protocol):
    """
    Hears the nursery.
    """

    transport: Any

    def __init__(self, nursery: Nursery) -> None:
        self._nursery = nursery
        self._open = False

    def connectionMade(self) -> None:
        """
        Note that there is something to close.
        """
        self._open = True

    def dataReceived(self, data: bytes) -> None:
        """
        It says only one thing.
        """
        if UP in data:
            self._nursery.said_up()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        Its exit says more.
        """
        self._open = False

    def hang_up(self) -> None:
        """
        Close; it exits then.
        """
        if self._open:
            self.transport.abortConnection()
