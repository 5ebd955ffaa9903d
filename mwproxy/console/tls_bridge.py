"""
A TLS connection joined to a plain one.

A console over TLS is an ordinary session on one end of a socket pair; a bridge moves bytes between
the other end and the client. So a session knows nothing of TLS, half-closed connections work (the
client's close_notify is the end of its input, and it still gets all answers), and a bridge can go
on in another process when the master becomes another version (C{tls_departure.py}).

A bridge passes through: L{HELLO} (nothing came yet: whoever does not begin with TLS is told so in
plain text), L{HANDSHAKE}, L{WAITING} for a place among the sessions, L{OPEN}, L{PARTING} (our side
is closed; what the client still sends is thrown away, so that it can read our last words), L{GONE}.
The first two have L{DEADLINE} together.

Each direction has one buffer; its source is read when it is empty, so neither takes memory, and who
reads slowly makes the other side wait.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from typing import Any

from OpenSSL import SSL
from twisted.internet.interfaces import IReadWriteDescriptor
from zope.interface import implementer

HELLO, HANDSHAKE, WAITING, OPEN, PARTING, GONE = range(6)
#: Seconds to the end of the handshake.
DEADLINE = 10.0
#: Seconds that a client has to take notice of the end.
FAREWELL = 2.0
PIECE = 65536
_TLS_RECORD = b"\x16"
PLAIN_TEXT = (
    b"This console speaks TLS only. Use 'openssl s_client -quiet -connect <address>', "
    b"or 'mwproxyctl -s tls://<address>'.\n"
)


@implementer(IReadWriteDescriptor)
class _End:
    """
    One of the two sockets, as the reactor sees it.
    """

    def __init__(self, sock: socket.socket, turn: Callable[[], None]) -> None:
        self.sock = sock
        self._turn = turn
        self.reads = False
        self.writes = False

    def fileno(self) -> int:
        """
        Get the descriptor, -1 once it is closed.
        """
        return self.sock.fileno()

    def logPrefix(self) -> str:
        """
        Name this in logs.
        """
        return "console"

    def doRead(self) -> None:
        """
        Go on.
        """
        self._turn()

    def doWrite(self) -> None:
        """
        Go on.
        """
        self._turn()

    def connectionLost(self, reason: Any) -> None:
        """
        Go on: reading or writing will tell what is wrong. The reactor watches no more.
        """
        self.reads = self.writes = False
        self._turn()

    def watch(self, reactor: Any, reads: bool, writes: bool) -> None:
        """
        Have the reactor look for just this.
        """
        if reads is not self.reads:
            (reactor.addReader if reads else reactor.removeReader)(self)
            self.reads = reads
        if writes is not self.writes:
            (reactor.addWriter if writes else reactor.removeWriter)(self)
            self.writes = writes


class Bridge:
    """
    One TLS connection.

    @ivar phase: Where it is.

    @ivar sock: The client's socket.
    """

    def __init__(
        self,
        reactor: Any,
        sock: socket.socket,
        context: SSL.Context,
        shaken: Callable[[Bridge], None],
        gone: Callable[[Bridge, str], object],
    ) -> None:
        """
        @param sock: A connected, non-blocking socket, owned from now on.

        @param shaken: Told when the handshake is done; L{join} then, or later.

        @param gone: Told of the end once, with what went wrong with TLS, empty if nothing did.
        """
        self._reactor = reactor
        self.sock = sock
        self.phase = HELLO
        self._connection = SSL.Connection(context, sock)
        self._connection.set_accept_state()
        self._shaken = shaken
        self._gone = gone
        self._client = _End(sock, self.turn)
        self._session: _End | None = None
        self._inward = b""
        self._outward = b""
        self._input_over = self._output_over = False
        self._input_told = False
        # What TLS waits for, apart from what the bytes of each direction do.
        self._tls_reads = self._tls_writes = False
        self._problem = ""
        self._turning = False
        self._timer: Any = reactor.callLater(DEADLINE, self._late)

    def start(self) -> None:
        """
        Begin.
        """
        self.turn()

    def certificate(self) -> Any:
        """
        Get the client's certificate, if one was asked for and shown: it is verified then.
        """
        if self._connection.get_context().get_verify_mode() == SSL.VERIFY_NONE:
            return None
        return self._connection.get_peer_certificate(as_cryptography=True)

    def join(self, session: socket.socket) -> None:
        """
        Connect with a session.

        @param session: A connected, non-blocking stream socket, owned from now on.
        """
        if self.phase != WAITING:
            session.close()
            return
        self.phase = OPEN
        self._session = _End(session, self.turn)
        self.turn()

    def move(self, reactor: Any, gone: Callable[[Bridge], object]) -> None:
        """
        Go on with another reactor, in another process.

        @param gone: Told of the end.
        """
        self._reactor = reactor
        self._gone = lambda bridge, problem: gone(bridge)
        self._timer = None
        for end in (self._client, self._session):
            if end is not None:
                end.reads = end.writes = False
        if self.phase == PARTING:
            self._timer = reactor.callLater(FAREWELL, self._late)
        self.turn()

    def forget(self) -> None:
        """
        Let go of it without a word: another process goes on with it.
        """
        self._end(quiet=True)

    def abort(self) -> None:
        """
        End it at once.
        """
        self._end()

    def sockets(self) -> list[socket.socket]:
        """
        List the sockets it has.
        """
        return [each.sock for each in (self._client, self._session) if each is not None]

    def turn(self) -> None:
        """
        Do all that can be done now.
        """
        if self._turning or self.phase == GONE:
            return
        self._turning = True
        try:
            self._go_on()
        except SSL.Error as error:
            # Later it is an ordinary end of a connection.
            shaking = self.phase in (HELLO, HANDSHAKE)
            self._fail(self._connection.get_app_data() or _reason(error) if shaking else "")
        except OSError:
            self._end()
        finally:
            self._turning = False
        if self.phase != GONE:
            self._watch()

    def _go_on(self) -> None:
        if self.phase == HELLO:
            self._look()
        if self.phase == HANDSHAKE:
            self._shake()
        if self.phase in (WAITING, OPEN):
            self._move_bytes()
        if self.phase == PARTING:
            self._listen_out()

    def _look(self) -> None:
        try:
            first = self.sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return
        if not first:
            self._end()
        elif first == _TLS_RECORD:
            self.phase = HANDSHAKE
        else:
            with contextlib.suppress(BlockingIOError):
                self.sock.send(PLAIN_TEXT)
            self._problem = "plain text on a TLS socket"
            self._part()

    def _shake(self) -> None:
        self._tls_reads = self._tls_writes = False
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            self._tls_reads = True
            return
        except SSL.WantWriteError:
            self._tls_writes = True
            return
        except SSL.ZeroReturnError:
            self._end()
            return
        self._cancel()
        self.phase = WAITING
        self._shaken(self)

    def _move_bytes(self) -> None:
        self._tls_reads = self._tls_writes = False
        # Each side's end may make room for the other.
        while self._move_inward() | self._move_outward():
            pass
        if self._output_over and not self._outward:
            with contextlib.suppress(SSL.Error):
                self._connection.shutdown()
            self._part()

    def _move_inward(self) -> bool:
        moved = False
        if not self._inward and not self._input_over:
            self._inward = self._receive()
            moved = bool(self._inward)
        if self._session is None:
            return False
        if self._inward:
            try:
                sent = self._session.sock.send(self._inward)
                self._inward = self._inward[sent:]
                moved = True
            except BlockingIOError:
                return False
            except OSError:
                # The session reads no more; it may have something to say still.
                self._inward, self._input_over = b"", True
        if self._input_over and not self._inward and not self._input_told:
            self._input_told = True
            with contextlib.suppress(OSError):
                self._session.sock.shutdown(socket.SHUT_WR)
        return moved

    def _receive(self) -> bytes:
        try:
            return self._connection.recv(PIECE)
        except SSL.WantReadError:
            pass
        except SSL.WantWriteError:
            self._tls_writes = True
        except SSL.ZeroReturnError:
            self._input_over = True
        except SSL.SysCallError as error:
            # Without a farewell of TLS: the connection was closed, or broke.
            if error.args[0] > 0:
                raise OSError(*error.args) from None
            self._input_over = True
        return b""

    def _move_outward(self) -> bool:
        if self._session is None:
            return False
        if not self._outward and not self._output_over:
            try:
                self._outward = self._session.sock.recv(PIECE)
                self._output_over = not self._outward
            except BlockingIOError:
                return False
            except OSError:
                self._output_over = True
        if not self._outward:
            return False
        try:
            sent = self._connection.send(self._outward)
        except SSL.WantReadError:
            self._tls_reads = True
            return False
        except SSL.WantWriteError:
            self._tls_writes = True
            return False
        except SSL.SysCallError as error:
            raise OSError(*error.args) from None
        self._outward = self._outward[sent:]
        return True

    def _part(self) -> None:
        """
        Say no more. Closing at once could take from the client what it has not read yet.
        """
        self.phase = PARTING
        self._cancel()
        session, self._session = self._session, None
        if session is not None:
            session.watch(self._reactor, False, False)
            session.sock.close()
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._end()
            return
        self._timer = self._reactor.callLater(FAREWELL, self._late)

    def _listen_out(self) -> None:
        with contextlib.suppress(BlockingIOError):
            if not self.sock.recv(PIECE):
                self._end()

    def _fail(self, problem: str) -> None:
        # OpenSSL has sent an alert that tells the client.
        self._problem = problem
        self._part()

    def _late(self) -> None:
        self._timer = None
        if self.phase in (HELLO, HANDSHAKE):
            self._problem = f"no TLS handshake within {DEADLINE:g} seconds"
        self._end()

    def _watch(self) -> None:
        phase = self.phase
        reads = (
            phase in (HELLO, PARTING)
            or self._tls_reads
            or (phase in (WAITING, OPEN) and not self._inward and not self._input_over)
        )
        self._client.watch(self._reactor, reads, self._tls_writes and phase != PARTING)
        if self._session is not None:
            wants_more = not self._outward and not self._output_over
            self._session.watch(self._reactor, wants_more, bool(self._inward))

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self, *, quiet: bool = False) -> None:
        if self.phase == GONE:
            return
        self.phase = GONE
        self._cancel()
        for end in (self._client, self._session):
            if end is not None:
                end.watch(self._reactor, False, False)
                end.sock.close()
        if not quiet:
            self._gone(self, self._problem)


def _reason(error: SSL.Error) -> str:
    """
    Tell in words what OpenSSL did not like.
    """
    if isinstance(error, SSL.SysCallError):
        return "the connection was closed in the handshake"
    first = error.args[0] if error.args else None
    if isinstance(first, list) and first:
        return str(first[-1][-1])
    return "TLS failed"
