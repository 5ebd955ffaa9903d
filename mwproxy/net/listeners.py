"""
Listening sockets of the data plane: accept, limits, pause and resume.

A listener only borrows its descriptor's socket from whoever bound it (the master, or this process
when it runs alone); closing it here leaves others that have it listening.

A listener stops accepting, and so leaves clients to the kernel's backlog, while its frontend or the
process is at C{maxconn} or at the limit of a rate, while it is paused (SIGTTOU), and for good once
a soft stop has begun.
A sibling that shares the socket may be paused alone: then the socket listens no more for us either.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from typing import Any

from twisted.logger import Logger

from mwproxy.config import model
from mwproxy.live.proxies import Frontend
from mwproxy.net.admission import Admission
from mwproxy.net.client import Entry
from mwproxy.net.http_client import HttpClient
from mwproxy.net.plane import Plane
from mwproxy.net.proxy_header import ProxyHeaderReader
from mwproxy.net.reactor import EXCLUSIVE, READ
from mwproxy.net.socket_options import client_options
from mwproxy.net.tcp_client import TcpClient
from mwproxy.stream.routing import Router

_log = Logger()
#: When descriptors run out, accepting rests for this long.
REST_SECONDS = 0.1
#: That they have run out is said again after so many seconds.
SAY_AGAIN = 10.0
_OUT_OF_RESOURCES = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))


class Listener:
    """
    One listening socket of a frontend.

    @ivar name: What consoles call it.

    @ivar fd: Its descriptor, -1 once closed.
    """

    def __init__(
        self, plane: Plane, frontend: Frontend, bind: model.Bind, router: Router, fd: int
    ) -> None:
        """
        @param bind: The C{bind} line's description.

        @param router: The frontend's.

        @param fd: A listening, non-blocking socket; becomes this object's own.
        """
        self.plane = plane
        self.frontend = frontend
        self.bind = bind
        self.name = bind.settings.name or f"sock-{bind.settings.id or 1}"
        self.fd = fd
        self._sock = socket.socket(fileno=fd)
        self._sock.setblocking(False)
        self._family = int(self._sock.family)
        #: Whether clients may come from IPv4 addresses in IPv6 disguise.
        self._mapped = self._family == socket.AF_INET6
        if self._family in (socket.AF_INET, socket.AF_INET6):
            # Accepted sockets inherit it.
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.entry = Entry(plane, frontend, bind, router)
        self.entry.session_ended = self._session_ended
        self._http = frontend.description.mode == "http"
        self._batch = plane.state.configuration.global_.maxaccept
        self._socket_options = client_options(frontend.description.options)
        self._maxconn = bind.settings.maxconn or 0
        self.current = 0
        self._watched = False
        self._paused = False
        self._deaf = False
        self._said_at = float("-inf")
        #: Until clients may be accepted again, as far as limits of rates go.
        self._returns: Any = None
        section = frontend.description
        if section.tcp_request_connection is not None or section.tcp_request_session is not None:
            # Rather than a question that each connection would ask.
            self._admission = Admission(frontend)
            self._begin = self._begin_admitted  # type: ignore[method-assign]

    def start(self) -> None:
        """
        Begin to accept.
        """
        self.limit_rate()

    def limit_rate(self) -> None:
        """
        Take notice of the limits of rates, which have nothing to do with accepting while there are
        none; and accept.
        """
        state = self.plane.state
        limited = (
            self.frontend.rate_limit.limit
            or state.connection_limit.limit
            or state.session_limit.limit
        )
        if limited:
            # Rather than a question that each connection would ask.
            self._room = self._room_within_rates  # type: ignore[method-assign]
        else:
            vars(self).pop("_room", None)
        self._watch()

    def pause(self) -> None:
        """
        Leave new clients in the backlog.
        """
        self._paused = True
        self._unwatch()

    def resume(self) -> None:
        """
        Accept again.
        """
        self._paused = self._deaf = False
        self._watch()

    @property
    def sock(self) -> socket.socket:
        """
        The listening socket.
        """
        return self._sock

    def drain(self) -> None:
        """
        Accept all that waits in the kernel's backlog and may be accepted: it would be reset when
        the socket listens no more.
        """
        counters = self.frontend.counters
        before = -1
        while self.fd >= 0 and not self._paused and counters.conn_tot != before:
            before = counters.conn_tot
            self._acceptable(READ)

    def look(self) -> None:
        """
        Accept who waits, though nothing told so: the kernel may have told one of several workers
        that was killed before it could accept, or that leaves.
        """
        if self._deaf and self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            self._deaf = False
            self._watch()
        if self._watched:
            self._acceptable(READ)

    def finish(self) -> None:
        """
        Accept no more, for good; who waits is accepted first, unless a successor shares the socket.
        """
        if self.plane.handover is None:
            # Nobody else will come for them, so limits of rates do not count.
            vars(self).pop("_room", None)
            self.drain()
        self.close()

    def close(self) -> None:
        """
        Accept no more, for good.
        """
        if self._returns is not None:
            self._returns.cancel()
            self._returns = None
        if self.fd >= 0:
            self._unwatch()
            self._deaf = False
            self.fd = -1
            self._sock.close()

    def _watch(self) -> None:
        if self.fd >= 0 and not (self._watched or self._paused or self._deaf):
            self._watched = True
            # One of several workers is woken. With a single one there is a second only while a
            # reload replaces it, and the kernel must not choose the one that goes.
            several = self.plane.state.configuration.global_.nbproc > 1
            event = READ | EXCLUSIVE if several else READ
            self.plane.reactor.watch(self.fd, event, self._acceptable)

    def _unwatch(self) -> None:
        if self._watched:
            self._watched = False
            self.plane.reactor.unwatch(self.fd)

    def _room(self) -> int:
        """
        Tell how many sessions the limits leave.
        """
        frontend = self.frontend
        state = self.plane.state
        room = self._batch
        if frontend.maxconn:
            room = min(room, frontend.maxconn - frontend.counters.scur)
        if state.maxconn:
            room = min(room, state.maxconn - state.counters.scur)
        if self._maxconn:
            room = min(room, self._maxconn - self.current)
        return room

    def _room_within_rates(self) -> int:
        """
        Tell how many sessions the limits leave, those of rates too; come back later when these
        leave none.
        """
        room = Listener._room(self)
        state, counters = self.plane.state, self.plane.state.counters
        now = self.plane.reactor.now
        for limit, total in (
            (self.frontend.rate_limit, self.frontend.counters.conn_tot),
            (state.connection_limit, counters.conn_tot),
            (state.session_limit, counters.stot),
        ):
            if limit.limit:
                room = min(room, limit.room(total, now))
                if room <= 0:
                    self._come_back(limit.delay(now))
                    break
        return room

    def _come_back(self, delay: float) -> None:
        if self._returns is None:
            self._returns = self.plane.reactor.callLater(delay, self._back)

    def _back(self) -> None:
        self._returns = None
        if self in self.plane.full_listeners:
            self.plane.full_listeners.remove(self)
        self._watch()

    def _acceptable(self, event: int) -> None:
        plane = self.plane
        counters = self.frontend.counters
        totals = plane.state.counters
        family = self._family
        accept = self._sock._accept  # type: ignore[attr-defined]  # accept() without a wrapper
        now = plane.reactor.now
        wall = now + plane.wall_offset
        left = self._batch
        while left > 0:
            room = min(self._room(), left)
            if room <= 0:
                if totals.scur >= plane.state.maxconn > 0:
                    plane.state.maxconn_reached += 1
                self._unwatch()
                plane.full_listeners.append(self)
                return
            left -= room
            for _ in range(room):
                try:
                    fd, address = accept()
                except BlockingIOError:
                    return
                except OSError as error:
                    if error.errno in _OUT_OF_RESOURCES:
                        self._rest()
                        return
                    if error.errno == errno.EINVAL:
                        # It does not listen: the kernel would wake us for that again and again.
                        self._deaf = True
                        self._unwatch()
                        return
                    continue
                sock = socket.SocketType(family, socket.SOCK_STREAM, 0, fd)
                sock.setblocking(False)
                for option in self._socket_options:
                    sock.setsockopt(*option)
                if self._mapped and address[0].startswith("::ffff:"):
                    address = (address[0][7:], address[1])
                counters.conn_tot += 1
                counters.stot += 1
                counters.scur = current = counters.scur + 1
                if current > counters.smax:
                    counters.smax = current
                totals.conn_tot += 1
                totals.stot += 1
                totals.scur = current = totals.scur + 1
                if current > totals.smax:
                    totals.smax = current
                self.current += 1
                self._begin(sock, address, now, wall)

    def _begin(self, sock: Any, address: Any, now: float, wall: float) -> None:
        client: Any
        if self._http:
            client = HttpClient(self.entry, sock, address, now, wall)
            begin: Callable[[], None] = client.read_request
        else:
            client = TcpClient(self.entry, sock, address, now, wall)
            begin = client.begin
        if self.bind.settings.accept_proxy:
            ProxyHeaderReader(client, begin)
            return
        # The first bytes are often there already.
        try:
            begin()
        except Exception:
            _log.failure("a new session failed")
            client.crashed()

    def _begin_admitted(self, sock: Any, address: Any, now: float, wall: float) -> None:
        """
        Begin a session if C{tcp-request connection} and C{tcp-request session} rules let it.
        """
        client: Any = (HttpClient if self._http else TcpClient)(
            self.entry, sock, address, now, wall
        )
        begin = client.read_request if self._http else client.begin
        admission = self._admission
        try:
            if not admission.connection(client):
                return
            if self.bind.settings.accept_proxy:
                ProxyHeaderReader(client, begin, admission.session)
            elif admission.session(client):
                begin()
        except Exception:
            _log.failure("a new session failed")
            client.crashed()

    def adopt(self, sock: socket.socket, facts: dict[str, Any]) -> None:
        """
        Go on with a client connection that another process accepted.

        @param sock: The connection, non-blocking; becomes the session's own.

        @param facts: What the other process knew of it.

        @raise KeyError: Facts are missing; nothing was done.
        """
        plane = self.plane
        counters = self.frontend.counters
        totals = plane.state.counters
        now = plane.reactor.now
        counters.scur += 1
        totals.scur += 1
        self.current += 1
        client = HttpClient(self.entry, sock, facts["client"], now, now + plane.wall_offset)
        try:
            client.take_over(facts)
        except Exception:
            client.close()
            raise
        counters.smax = max(counters.smax, counters.scur)
        totals.smax = max(totals.smax, totals.scur)
        if plane.state.stopping:
            client.leave()

    def crashed(self) -> None:
        """
        Accepting failed in a way that nobody foresaw: try again later.
        """
        self._pause_for_a_moment()

    def _rest(self) -> None:
        now = self.plane.reactor.now
        if now - self._said_at >= SAY_AGAIN:
            self._said_at = now
            _log.warn(
                "{frontend}: {listener} is out of descriptors or memory, accepting rests",
                frontend=self.frontend.name,
                listener=self.name,
            )
        self._pause_for_a_moment()

    def _pause_for_a_moment(self) -> None:
        self._unwatch()
        self.plane.reactor.callLater(REST_SECONDS, self._watch)

    def _session_ended(self) -> None:
        self.current -= 1
        plane = self.plane
        if plane.full_listeners:
            waiting, plane.full_listeners = plane.full_listeners, []
            for listener in waiting:
                listener.resume_when_room()
        if plane.session_ended is not None:
            plane.session_ended()

    def resume_when_room(self) -> None:
        """
        A session has ended: accept again unless paused or closed.
        """
        self._watch()
