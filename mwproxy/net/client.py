"""
A client connection: what HTTP and TCP sessions have in common.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING, Any

from mwproxy.live.proxies import Frontend
from mwproxy.live.sessions import Session
from mwproxy.net.endpoint import ENDPOINT_SLOTS, UNWATCHED, Endpoint
from mwproxy.net.plane import Plane
from mwproxy.stream.routing import Router, seconds

if TYPE_CHECKING:
    from mwproxy.config import model


class Entry:
    """
    What all sessions of one listener share.

    @ivar limit_reached: Called when a session ends while the listener is paused for C{maxconn}.
    """

    __slots__ = (
        "bind",
        "counters",
        "first_timeout",
        "frontend",
        "keep_alive_timeout",
        "monitor_uri",
        "plane",
        "request_rules",
        "request_timeout",
        "router",
        "session_ended",
        "timeout",
    )

    def __init__(self, plane: Plane, frontend: Frontend, bind: model.Bind, router: Router) -> None:
        self.plane = plane
        self.frontend = frontend
        self.counters = frontend.counters
        self.bind = bind
        self.router = router
        timeouts = frontend.description.timeouts
        self.timeout = seconds(timeouts.client)
        self.request_timeout = (
            self.timeout if timeouts.http_request is None else seconds(timeouts.http_request)
        )
        self.first_timeout = min(self.timeout, self.request_timeout)
        keep = timeouts.http_keep_alive
        self.keep_alive_timeout = self.request_timeout if keep is None else seconds(keep)
        self.request_rules = frontend.request_rules
        self.monitor_uri = frontend.description.monitor_uri
        self.session_ended: Callable[[], None] = lambda: None


class ClientConnection(Session, Endpoint):
    """
    One client connection at work.

    @ivar entry: What it shares with others of its listener.

    @ivar inbuf: Bytes received and not yet understood.

    @ivar half_closed: True when the client will send nothing more.
    """

    __slots__ = (
        *ENDPOINT_SLOTS,
        "entry",
        "expiry",
        "half_closed",
        "inbuf",
        "parked_at",
    )

    stream: Any

    def __init__(self, entry: Entry, sock: Any, address: Any, now: float, wall: float) -> None:
        """
        @param entry: Its listener's.

        @param sock: The accepted socket, non-blocking.

        @param address: What C{accept} said of the peer.

        @param now: The monotonic clock.

        @param wall: The time of day.
        """
        self.entry = entry
        plane = entry.plane
        self.plane = plane
        self.sock = sock
        self.fd = sock.fileno()
        self.recv = sock.recv
        self.send = sock.send
        self.out = b""
        self.inbuf = b""
        # Its first bytes are read before anything is waited for, and often that is all.
        self.mask = UNWATCHED
        self.frontend = entry.frontend
        self.bind = entry.bind
        self.stream = None
        if type(address) is tuple:
            self.client_host = address[0]
            self.client_port = address[1]
        else:
            self.client_host = ""
            self.client_port = 0
        self.own_host = None
        self.own_port = 0
        self.accepted = self.handshaken = now
        self.accepted_wall = wall
        self.requests = 0
        self.half_closed = False
        self.expiry = inf
        self.parked_at = inf
        self.on_drained = None
        state = plane.state
        state.session_numbers = self.number = state.session_numbers + 1
        state.sessions.add(self)

    def destination(self) -> tuple[str, int]:
        """
        Tell which of our addresses the client connected to.

        @return: Address and port; empty and 0 for UNIX sockets.
        """
        if self.own_host is None:
            try:
                name = self.sock.getsockname()
            except OSError:
                name = ""
            if isinstance(name, tuple):
                self.own_host, self.own_port = name[0].removeprefix("::ffff:"), name[1]
            else:
                self.own_host = ""
        return self.own_host or "", self.own_port

    def may_move(self) -> bool:
        """
        Tell whether the connection can go on in another process.
        """
        return False

    def leave(self) -> None:
        """
        A soft stop has begun.
        """

    def wait(self, seconds: float) -> None:
        """
        Set the timeout anew.

        @param seconds: From now, infinite for none.
        """
        expiry = self.plane.reactor.now + seconds
        self.expiry = expiry
        if expiry < self.parked_at:
            self.plane.wheel.park(self, expiry)

    def expire(self, now: float) -> None:
        """
        The timeout has come.
        """
        raise NotImplementedError

    def crashed(self) -> None:
        """
        End the session at once, with all that its stream holds: handling an event failed and
        nothing of it can be trusted, or the worker ends.
        """
        stream = self.stream
        self.stream = None
        if stream is not None:
            stream.abandon()
        self.close()

    def close(self) -> None:
        """
        End the session.
        """
        if self.fd < 0:
            return
        self.close_socket()
        self.plane.wheel.forget(self)
        # Nothing may refer to itself in a circle, or it would stay until the collector comes.
        self.stream = self.on_read = self.on_drained = None
        self.plane.state.sessions.discard(self)
        self.entry.counters.scur -= 1
        self.plane.state.counters.scur -= 1
        self.entry.session_ended()
