"""
A listening socket of an agent.

Twisted's own ports take a UNIX socket's file for theirs, by the name that it was bound with; ours
are renamed (L{mwproxy.spoa.listen}). They also reset who waits in the backlog when they are closed.
"""

from __future__ import annotations

import errno
import socket
from typing import Any

from twisted.internet.interfaces import IProtocolFactory, IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from mwproxy.spoa.log import Log

#: How many are accepted before others get their turn.
_BATCH = 100
#: Seconds to wait when the process has no descriptors left.
_PAUSE = 0.5
#: Answers leave at once; an engine whose machine is gone is noticed in a minute, not in two hours.
_OPTIONS = (
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
)
_SHORT = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))


@implementer(IReadDescriptor)
class Port:
    """
    Accepts connections.
    """

    def __init__(
        self, sock: socket.socket, factory: IProtocolFactory, reactor: Any, log: Log
    ) -> None:
        """
        @param sock: Listens, and belongs to the port from now on.
        """
        sock.setblocking(False)
        self._socket = sock
        self._factory = factory
        self._reactor = reactor
        self._log = log
        self._pause: Any = None

    def start(self) -> None:
        """
        Begin to accept.
        """
        self._reactor.addReader(self)

    def stop(self) -> None:
        """
        Accept who waits already, then listen no more.
        """
        self._reactor.removeReader(self)
        while self._accept():
            pass
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        self._socket.close()

    def fileno(self) -> int:
        """
        Tell the descriptor.
        """
        return self._socket.fileno()

    def logPrefix(self) -> str:
        """
        Name us in Twisted's log.
        """
        return "mwproxy.spoa"

    def doRead(self) -> None:
        """
        Somebody waits.
        """
        for _ in range(_BATCH):
            if not self._accept():
                break

    def connectionLost(self, reason: Failure) -> None:
        """
        The reactor has no use for the descriptor any more.
        """
        self._reactor.removeReader(self)

    def _accept(self) -> bool:
        try:
            sock, _ = self._socket.accept()
        except BlockingIOError:
            return False
        except OSError as error:
            # Else the client has gone away meanwhile, here as below.
            if error.errno in _SHORT:
                self._rest(error)
                return False
            return True
        with sock:
            try:
                if sock.family != socket.AF_UNIX:
                    for level, option, value in _OPTIONS:
                        sock.setsockopt(level, option, value)
                self._reactor.adoptStreamConnection(sock.fileno(), sock.family, self._factory)
            except OSError as error:
                if error.errno in _SHORT:
                    self._rest(error)
                    return False
        return True

    def _rest(self, error: OSError) -> None:
        self._log.complain("accept", f"cannot accept connections: {error.strerror}")
        self._reactor.removeReader(self)
        if self._pause is None:
            self._pause = self._reactor.callLater(_PAUSE, self._again)

    def _again(self) -> None:
        self._pause = None
        self.start()
