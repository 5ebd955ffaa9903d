"""
The end of a take-over: everything serves, older processes may go.

Where a port is shared with them, the kernel first sends all new connections to us
(C{steering.py}), and they get a moment for the handshakes that have begun.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from mwproxy.process.delegate import Predecessors
from mwproxy.process.listeners import ListenerSet
from mwproxy.process.steering import LINGER, UNSTEER_AFTER, steer, unsteer


class Succession:
    """
    One take-over.
    """

    def __init__(
        self,
        older: Predecessors,
        listeners: ListenerSet,
        call_later: Callable[[float, Callable[[], object]], Any],
        *,
        hard: bool,
    ) -> None:
        """
        @param older: Who is to leave.

        @param listeners: Our sockets.

        @param call_later: Calls a function after seconds, and returns Twisted's C{IDelayedCall}.

        @param hard: Whether they are to end at once.
        """
        self._older = older
        self._listeners = listeners
        self._call_later = call_later
        self._hard = hard
        self._told = False
        self._done: Callable[[], None] | None = None
        self._steered: list[socket.socket] = []
        self._waiting: list[Any] = []

    def begin(self, done: Callable[[], None] | None = None) -> None:
        """
        Take everything over.

        @param done: Called when the older processes were told to leave.
        """
        self._done = done
        self._listeners.ask(None)
        # Copies, since the set may close its own.
        self._steered = [sock.dup() for sock in steer(self._listeners.sockets())]
        if not self._steered:
            self._tell()
            return
        self._waiting = [
            self._call_later(LINGER, self._tell),
            self._call_later(UNSTEER_AFTER, self._unsteer),
        ]

    def cut_short(self) -> None:
        """
        Wait no longer: we are asked to leave ourselves, and nothing must keep our sockets open.

        The kernel is left as it is; a successor may have told it something else meanwhile.
        """
        for call in self._waiting:
            if call.active():
                call.cancel()
        self._waiting.clear()
        if self._steered and not self._told:
            self._tell()
        self._close()

    def _tell(self) -> None:
        self._told = True
        self._older.leave(hard=self._hard)
        if self._done is not None:
            self._done()

    def _unsteer(self) -> None:
        unsteer(self._steered)
        self._close()

    def _close(self) -> None:
        for sock in self._steered:
            sock.close()
        self._steered.clear()
