"""
SIGTTOU and SIGTTIN: releasing ports for another process, and taking them back.

A paused port is free for others, without being closed: the socket is disconnected
(C{shutdown(SHUT_RD)}, which Linux takes as "listen no more") and listens again later, unless
somebody else does by then. Who connects meanwhile is refused, or served by the other process.
Clients that wait in the backlog are accepted before, as the kernel would reset them.

UNIX sockets merely rest: another process takes their paths by renaming. Sockets that were inherited
(C{fd@}) rest too, since whoever made them has them as well (management manual 4).
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterable
from typing import Protocol

from mwproxy.config.model import Bind, Proxy
from mwproxy.worker.startup import listener_spec

CONFLICT = (
    "Some proxies refused to resume, probably due to a conflict on a listening port. You may want"
    " to try again after the conflicting application is stopped, otherwise a restart might be"
    " needed to resume safe operations."
)


class Rests(Protocol):
    """
    What accepts from a listening socket.
    """

    def drain(self) -> None:
        """
        Accept all that waits in the backlog.
        """

    def pause(self) -> None:
        """
        Accept no more for now.
        """

    def resume(self) -> None:
        """
        Accept again.
        """


class Port:
    """
    One listening socket that may be paused.

    @ivar owner: Who is said to pause: C{frontend fe}, C{proxy l} or C{frontend GLOBAL}.

    @ivar paused: Whether it is.
    """

    def __init__(
        self, owner: str, accepting: Rests, sock: socket.socket, backlog: int, *, inherited: bool
    ) -> None:
        """
        @param accepting: Accepts from it.

        @param sock: The socket.

        @param backlog: To listen with again.

        @param inherited: Whether others made the socket.
        """
        self.owner = owner
        self.paused = False
        self._accepting = accepting
        self._sock = sock
        self._backlog = backlog
        self._released = sock.family in (socket.AF_INET, socket.AF_INET6) and not inherited

    @property
    def open(self) -> bool:
        """
        Whether it still listens, or would.
        """
        return self._sock.fileno() >= 0

    @property
    def rests(self) -> bool:
        """
        Whether it does not accept: it is paused, or another process had its port when it began.
        """
        return self.paused or not self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)

    def pause(self) -> None:
        """
        Accept no more, and release the port.
        """
        self.paused = True
        if self._released:
            self._accepting.drain()
        self._accepting.pause()
        if self._released:
            # A sibling that shares the socket may have been faster.
            with contextlib.suppress(OSError):
                self._sock.shutdown(socket.SHUT_RD)

    def resume(self) -> bool:
        """
        Take the port back, and accept again.

        @return: False when somebody else has it; then it stays paused.
        """
        if self._released:
            try:
                self._sock.listen(self._backlog)
            except OSError:
                return False
        self.paused = False
        self._accepting.resume()
        return True


def make_port(
    owner: str, accepting: Rests, sock: socket.socket, bind: Bind, proxy: Proxy | None
) -> Port:
    """
    Make a port of what listens.

    @param bind: Its line.

    @param proxy: The section, L{None} for C{stats socket}.
    """
    spec = listener_spec(bind, proxy, reuseport=True)
    # A port that the system chose would not be had again.
    inherited = spec.family == "fd" or not spec.port
    return Port(owner, accepting, sock, spec.backlog, inherited=inherited)


def pause_all(ports: Iterable[Port], warn: Callable[[str], None]) -> None:
    """
    Pause what is not paused yet (SIGTTOU).

    @param warn: Told of each proxy, once.
    """
    done: dict[str, None] = {}
    for port in ports:
        if port.open and not port.paused:
            port.pause()
            done[port.owner] = None
    for owner in done:
        warn(f"Paused {owner}.")


def resume_all(ports: Iterable[Port], warn: Callable[[str], None]) -> None:
    """
    Resume what rests (SIGTTIN).

    @param warn: Told of each proxy that accepts again, and of conflicts.
    """
    done: dict[str, None] = {}
    conflict = False
    for port in ports:
        if port.open and port.rests:
            if port.resume():
                done[port.owner] = None
            else:
                conflict = True
    for owner in done:
        warn(f"Resumed {owner}.")
    if conflict:
        warn(CONFLICT)
