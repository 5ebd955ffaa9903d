"""
TCP mode: a client connection, the server connection chosen for it, and bytes both ways.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from mwproxy.core.specialize import specialized
from mwproxy.net.client import ClientConnection, Entry
from mwproxy.net.exchange import DONE, TUNNEL, Exchange, reserve_attributes
from mwproxy.net.reactor import READ
from mwproxy.net.relay import Relay
from mwproxy.net.server_link import ServerLink
from mwproxy.rules.ruleset import Outcome, Verdict, Wait
from mwproxy.stream.outcome import account_tcp
from mwproxy.stream.routing import seconds


@specialized
class TcpExchange(Exchange):
    """
    The one stream of a TCP session.

    @ivar relay: Both directions, L{None} until the server connection stands.
    """

    relay: Any = None

    def run(self, entry: Entry) -> None:
        """
        Apply the rules and go to a server.

        @param entry: What the session's listener shares.
        """
        rules = entry.request_rules
        verdict = None if rules is None else rules(self)
        if verdict is not None and verdict.kind != "allow":
            self._judge(verdict)
            return
        self._choose(entry.router)

    def _judge(self, verdict: Verdict | Wait) -> None:
        """
        A rule has ended the stream, or wants it to wait.
        """
        if isinstance(verdict, Wait):
            self.hold(verdict, self._decided_request)
            return
        self.session.frontend.counters.dreq += 1
        if self.route is not None:
            self.enter(self.route)
        self._reject("P", "R")

    def linked(self, link: ServerLink) -> None:
        """
        The server connection stands: apply the rules for what comes from there.
        """
        rules = self.route.response_rules
        self._decided_response(None if rules is None else rules(self))

    def _decided_response(self, verdict: Outcome) -> None:
        if verdict is None or verdict.kind == "allow":
            self._join(self.link)
        elif isinstance(verdict, Wait):
            self.link.pause_reading()
            self.hold(verdict, self._decided_response)
        elif verdict.kind == "cut":
            self._reject("-", "-")
        else:
            self.session.frontend.counters.dresp += 1
            self.route.backend.counters.dresp += 1
            if self.server is not None:
                self.server.counters.dresp += 1
            self._reject("P", "D")

    def _reject(self, cause: str, phase: str) -> None:
        """
        End the stream by a rule's order. What the client has sent is thrown away: unread it would
        make a reset of the end.
        """
        session = self.session
        with suppress(OSError):
            session.recv(session.plane.bufsize)
        self.finish(cause, phase)

    def _join(self, link: ServerLink) -> None:
        """
        Join the two connections.
        """
        session = self.session
        self.step = TUNNEL
        relay = self.relay = Relay(session.plane, self, session, link)
        self._touch()
        data = session.inbuf
        session.inbuf = b""
        relay.begin(data, b"")
        if session.half_closed and not relay.up.ended:
            # The client ended its side while it waited.
            relay.up.pull()

    def _touch(self) -> None:
        route = self.route
        session = self.session
        session.expiry = expiry = session.plane.reactor.now + route.tunnel_timeout
        if expiry < session.parked_at:
            session.plane.wheel.park(session, expiry)

    relay_moved = _touch

    def relay_half_closed(self, by_client: bool) -> None:
        """
        One side has ended.
        """
        timeout = (
            self.session.frontend.description.timeouts.client_fin
            if by_client
            else self.route.backend.description.timeouts.server_fin
        )
        if timeout is not None:
            self.session.wait(seconds(timeout))

    def relay_ended(self) -> None:
        """
        Both sides have ended.
        """
        self.finish()

    def relay_broken(self, by_client: bool) -> None:
        """
        A connection failed.
        """
        self.finish("C" if by_client else "S", "D")

    def refused(self, status: int, cause: str, phase: str) -> None:
        """
        There will be no server.
        """
        self.finish(cause, phase)

    def link_broken(self) -> None:
        """
        The server connection failed.
        """
        self.finish("S", "D" if self.held or self.relay is not None else "C")

    def client_gone(self) -> None:
        """
        The client connection failed.
        """
        phase = "D" if self.relay is not None else "C"
        if self.queued_at and not self.assigned_at:
            phase = "Q"
        self.session.frontend.counters.cli_abrt += 1
        self.finish("C", phase)

    def stalled(self, now: float) -> None:
        """
        Nothing has passed for too long.
        """
        route = self.route
        by_client = bool(self.session.out) or route.client_timeout <= route.server_timeout
        self.finish("c" if by_client else "s", "D")

    def kill(self) -> None:
        """
        End the stream and its session by order (hard stop, C{shutdown session}).
        """
        self.finish("K", "D")

    def abandon(self) -> None:
        """
        The session is lost: free everything, log nothing.
        """
        if self.relay is not None:
            self.relay.stop()
        super().abandon()

    def finish(self, cause: str = "-", phase: str = "-") -> None:
        """
        End the stream and the session.

        @param cause: First letter of the termination state.

        @param phase: Second letter.
        """
        if self.step == DONE:
            return
        session = self.session
        self.cause = cause
        self.phase = phase
        self.status = 0
        relay = self.relay
        if relay is not None:
            relay.stop()
            self.bytes_in += relay.up.moved
            self.bytes_out += relay.down.moved
        self.drop_link()
        self.let_go()
        self.step = DONE
        account_tcp(self, session.plane.reactor.now)
        session.stream = None
        session.close()


reserve_attributes(
    TcpExchange,
    "session begun request_at idle_since begun_wall route backend server tally _counted link "
    "reused assigned_at connected_at step relay cause phase status bytes_in bytes_out ended_at "
    "held variables",
)


@specialized
class TcpClient(ClientConnection):
    """
    One TCP client connection.
    """

    __slots__ = ()

    def __init__(self, entry: Entry, sock: Any, address: Any, now: float, wall: float) -> None:
        super().__init__(entry, sock, address, now, wall)
        self.on_read = self.read_early

    def begin(self) -> None:
        """
        Make the stream and go to a server.
        """
        entry = self.entry
        self.requests = 1
        stream = self.stream = TcpExchange(self)
        stream.begun = stream.request_at = stream.idle_since = self.handshaken
        stream.begun_wall = self.accepted_wall
        stream.run(entry)

    def read_early(self) -> None:
        """
        Read what the client sends before there is a server connection.
        """
        room = self.plane.bufsize - len(self.inbuf)
        if room <= 0:
            self.pause_reading()
            return
        try:
            data = self.recv(room)
        except BlockingIOError:
            return
        except OSError:
            self.broken()
            return
        if data:
            self.inbuf += data
            return
        self.half_closed = True
        self.want(self.mask & ~READ)
        options = self.stream.route.backend.description.options if self.stream.route else ()
        if "abortonclose" in options:
            self.broken()

    def queue_place(self) -> TcpClient:
        """
        Get what waits in queues for this session's stream.
        """
        return self

    def server_free(self, server: Any) -> None:
        """
        The stream's wait in the queue is over.
        """
        self.stream.use(server)

    def expire(self, now: float) -> None:
        """
        The timeout has come.
        """
        if self.stream is not None:
            self.stream.expired(now)
        else:
            self.close()

    def broken(self) -> None:
        """
        The connection is gone.
        """
        if self.stream is not None:
            self.stream.client_gone()
        else:
            self.close()

    def leave(self) -> None:
        """
        A soft stop has begun: TCP sessions go on until they end.
        """
