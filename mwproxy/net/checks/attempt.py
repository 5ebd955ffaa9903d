"""
One connection of a health check.

Rules. The outcome is reported exactly once, and the socket is closed by then. A refusal by the
network is the server's fault (C{L4CON}); what fails before anything leaves this machine, and
whatever fails with UNIX sockets, is a C{SOCKERR}, as HAProxy has it.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReadWriteDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from mwproxy.live.servers import Server
from mwproxy.net.checks.result import Dialog, Result
from mwproxy.protocols.proxy_protocol import Header, encode_v1, encode_v2

_LINGER_NOT = struct.pack("ii", 1, 0)
_OURS = frozenset(
    {
        errno.EADDRINUSE,
        errno.EADDRNOTAVAIL,
        errno.EAGAIN,
        errno.EACCES,
        errno.EPERM,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOBUFS,
        errno.ENOMEM,
        errno.EAFNOSUPPORT,
    }
)
_READ_SIZE = 16384


@implementer(IReadWriteDescriptor)
class Attempt:
    """
    Connects, sends the dialog's request and feeds it the answer.

    @ivar connected: True once the connection stands.
    """

    def __init__(
        self,
        reactor: Any,
        server: Server,
        dialog: Dialog,
        place: tuple[Any, int],
        done: Callable[[Result], None],
        *,
        proxied: bool = False,
    ) -> None:
        """
        @param reactor: Provides descriptors and timers.

        @param server: The server to check.

        @param proxied: Whether to begin with the PROXY header of C{send-proxy}.

        @param dialog: What to say.

        @param place: What C{connect} takes, and the C{AF_} constant.

        @param done: Called once with the outcome, not before L{start} returned.
        """
        self.connected = False
        self._reactor = reactor
        self._server = server
        self._dialog = dialog
        self._sockaddr, self._family = place
        self._proxied = proxied
        self._done = done
        self._socket: socket.socket | None = None
        self._fd = -1
        self._out = b""
        self._timer: Any = None
        self._early_error = 0
        self._said_something = False
        self._answer_s: float | None = None

    def start(self, connect_s: float, answer_s: float | None) -> None:
        """
        Begin.

        @param connect_s: How long connecting may take.

        @param answer_s: How long the rest may take; L{None} when C{connect_s} is for all of it.
        """
        self._answer_s = answer_s
        self._timer = self._reactor.callLater(connect_s, self._timed_out)
        try:
            error = self._connect()
        except OSError as failure:
            error = failure.errno or errno.EINVAL
        if error == errno.EINPROGRESS or error == 0:
            # A connection that stands at once is writable in the next turn.
            self._reactor.addWriter(self)
        else:
            self._early_error = error
            self._timer.reset(0)

    def stop(self) -> None:
        """
        Give up without outcome.
        """
        self._done = _ignore
        self._close()

    def fileno(self) -> int:
        """
        Tell the descriptor; it stays the same once closed, when nothing watches it any more.
        """
        return self._fd

    def logPrefix(self) -> str:
        """
        Name it in logs.
        """
        return f"check {self._server.backend.name}/{self._server.name}"

    def doWrite(self) -> None:
        """
        Note that the connection stands, or send what is left of the request.
        """
        if self._socket is None:
            return
        if not self.connected:
            error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                self._failed(error)
                return
            if not self._established():
                return
        try:
            sent = self._socket.send(self._out)
        except BlockingIOError:
            return
        except OSError as error:
            self._broken(error)
            return
        self._out = self._out[sent:]
        if self._out:
            return
        if self._dialog.request:
            self._reactor.removeWriter(self)
        else:
            self._finish(Result("L4OK"))

    def doRead(self) -> None:
        """
        Feed the dialog.
        """
        if self._socket is None:
            return
        try:
            data = self._socket.recv(_READ_SIZE)
        except BlockingIOError:
            return
        except OSError as error:
            self._broken(error)
            return
        result = self._dialog.received(data)
        if result is not None:
            self._finish(result)

    def connectionLost(self, reason: Failure) -> None:
        """
        Find out why the reactor saw the connection end.
        """
        if self._socket is None:
            return
        error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if not self.connected:
            self._failed(error or errno.ECONNRESET)
        elif error:
            self._broken(OSError(error, os.strerror(error)))
        else:
            self._finish(self._dialog.received(b"") or Result("L7RSP"))

    def _connect(self) -> int:
        sock = socket.socket(self._family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._socket = sock
        self._fd = sock.fileno()
        source = self._server.description.settings.source
        if self._family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if source is not None and source.is_ip:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.bind((source.host, source.port))
        return sock.connect_ex(self._sockaddr)

    def _established(self) -> bool:
        self.connected = True
        self._out = self._proxy_header() + self._dialog.request
        if not self._out:
            self._finish(Result("L4OK"))
            return False
        self._said_something = True
        if self._answer_s is not None:
            self._timer.reset(self._answer_s)
        self._reactor.addReader(self)
        return True

    def _proxy_header(self) -> bytes:
        settings = self._server.description.settings
        if not self._proxied:
            return b""
        if settings.send_proxy == 2:
            return encode_v2(None)
        if self._family == socket.AF_UNIX:
            return encode_v1(None)
        assert self._socket is not None
        own, peer = self._socket.getsockname(), self._socket.getpeername()
        return encode_v1(Header(own[0], own[1], peer[0], peer[1]))

    def _timed_out(self) -> None:
        if self._early_error:
            self._failed(self._early_error)
        else:
            self._finish(Result("L7TOUT" if self.connected else "L4TOUT"))

    def _failed(self, error: int) -> None:
        text = os.strerror(error)
        if self._family == socket.AF_UNIX or error in _OURS:
            self._finish(Result("SOCKERR", info=f"General socket error ({text})"))
        else:
            self._finish(Result("L4CON", info=text))

    def _broken(self, error: OSError) -> None:
        self._finish(Result(self._dialog.broken, info=error.strerror or ""))

    def _finish(self, result: Result) -> None:
        done = self._done
        self._done = _ignore
        self._close()
        done(result)

    def _close(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        sock = self._socket
        if sock is None:
            return
        self._reactor.removeReader(self)
        self._reactor.removeWriter(self)
        self._socket = None
        if not self._said_something:
            # Nothing was said, so nothing is lost by a reset, which leaves no TIME_WAIT behind.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        sock.close()


def _ignore(result: Result) -> None:
    pass
