"""
A stream on its way to a server: choice, queue, connection, retries. HTTP and TCP alike.

The phases of an exchange, and what each timeout means (configuration manual, 8.5):

  - C{QUEUED}: waits for a server; C{timeout queue} ends it with 503 C{sQ}.
  - C{CONNECTING}: C{timeout connect} is a failed attempt.
  - C{TURNAROUND}: waits a little before it tries the same server again.
  - then those of the subclass.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from math import inf
from typing import Any

from twisted.logger import Logger

from mwproxy.live.servers import Server
from mwproxy.live.sessions import Stream
from mwproxy.net.pools import take_idle
from mwproxy.net.server_link import ServerLink
from mwproxy.protocols.proxy_protocol import Header, encode_v1, encode_v2
from mwproxy.rules.ruleset import Outcome, Wait
from mwproxy.stream.assignment import (
    enqueue,
    leave_queue,
    may_wait,
    pick,
    pick_instead,
    release,
    serve_queue,
)
from mwproxy.stream.routing import Route, Router

NEW, QUEUED, CONNECTING, TURNAROUND, REQUEST, RESPONSE, DATA, TUNNEL, DONE = range(9)
#: Before the same server is tried again.
TURNAROUND_SECONDS = 1.0
_log = Logger()


class Exchange(Stream):
    """
    One stream at work.

    @ivar route: Its way, L{None} before a backend is chosen.

    @ivar link: Its server connection, L{None} before there is one.

    @ivar step: Where it is, one of the numbers above.

    @ivar held: It waits for somebody else's verdict, such as an agent's.
    """

    session: Any
    route: Any = None
    link: Any = None
    step: int = NEW
    held: bool = False
    _counted: bool = False

    def _choose(self, router: Router) -> None:
        """
        Find the backend, apply its rules and go there.
        """
        route = router.only or router.choose(self)
        if route is None:
            self.refused(503, "S", "C")
            return
        if route.request_rules is not None:
            self.backend = route.backend
            verdict = route.request_rules(self)
            if verdict is not None and verdict.kind != "allow":
                self.route = route
                self._judge(verdict)
                return
        self.start(route)

    def _decided_request(self, verdict: Outcome) -> None:
        """
        Go on behind rules that had to wait: the backend's once there is one, else the frontend's.
        """
        if verdict is not None and verdict.kind != "allow":
            self._judge(verdict)
        elif self.route is not None:
            self.start(self.route)
        else:
            self._choose(self.session.entry.router)

    def start(self, route: Route) -> None:
        """
        Go to a backend whose rules let the stream pass.

        @param route: The way.
        """
        self.dispatch(route)

    def _judge(self, verdict: Any) -> None:
        """
        A rule has ended the stream, or wants it to wait.
        """
        raise NotImplementedError

    def dispatch(self, route: Route) -> None:
        """
        Go to a backend.

        @param route: The way.
        """
        self.enter(route)
        backend = route.backend
        # Who waits goes first, unless nobody waits; or each waits for a server of its own.
        sticky = backend.balancer.sticky
        server = pick(self, backend) if sticky or not backend.queue else None
        if server is None and sticky:
            server = pick_instead(self, backend)
        if server is not None:
            self.use(server)
        elif may_wait(backend):
            self._enqueue()
        else:
            self.refused(503, "S", "C")

    def enter(self, route: Route) -> None:
        """
        Count as one of a backend's streams.
        """
        self.route = route
        self.backend = backend = route.backend
        counters = backend.counters
        counters.stot += 1
        counters.scur = current = counters.scur + 1
        if current > counters.smax:
            counters.smax = current
        self._counted = True
        if route.watches_client:
            self.session.resume_reading()

    def _enqueue(self) -> None:
        backend = self.route.backend
        self.step = QUEUED
        self.queued_at = self.session.plane.reactor.now
        # Who leaves while waiting is to be noticed.
        self.session.resume_reading()
        enqueue(self.session.queue_place(), self, backend)
        self.session.wait(self.route.queue_timeout)

    def use(self, server: Server) -> None:
        """
        Go on with a server of which a place was taken.
        """
        self.tally = self.route.tally(server)
        self.assigned_at = self.session.plane.reactor.now
        link = self.idle_link(server)
        if link is not None:
            self.reused = True
            server.counters.reuse += 1
            self.connected_at = self.assigned_at
            self.link = link
            link.owner = self
            self.linked(link)
        else:
            self._connect(server)

    def idle_link(self, server: Server) -> ServerLink | None:
        """
        Find a connection to reuse.

        @return: L{None} to make a new one.
        """
        return take_idle(server, self.route.reuse, first=self.session.requests == 1)

    def _connect(self, server: Server) -> None:
        self.step = CONNECTING
        self.reused = False
        link = self.link = ServerLink(self.session.plane, server)
        link.connect(self, self._where(server))
        if self.step == CONNECTING and self.link is link:
            self.session.wait(self.route.connect_timeout)

    def _where(self, server: Server) -> Any:
        sockaddr = server.sockaddr
        if server.port_follows and isinstance(sockaddr, tuple):
            port = self.session.destination()[1]
            if server.port_offset:
                port += sockaddr[1]
            return (sockaddr[0], port & 0xFFFF, *sockaddr[2:])
        return sockaddr

    def link_ready(self, link: ServerLink) -> None:
        """
        The connection stands.
        """
        self.connected_at = self.session.plane.reactor.now
        if link.server.proxy_header:
            try:
                link.write(self._proxy_header(link.server.proxy_header))
            except OSError as error:
                link.refuse(str(error))
                return
        self.linked(link)

    def _proxy_header(self, version: int) -> bytes:
        session = self.session
        host, port = session.destination()
        header = None
        if session.client_host and host:
            header = Header(session.client_host, session.client_port, host, port)
        return encode_v2(header) if version == 2 else encode_v1(header)

    def link_refused(self, link: ServerLink, reason: str) -> None:
        """
        An attempt failed: try again as C{retries} and C{option redispatch} say.
        """
        server = link.server
        server.last_error = reason
        self.link = None
        self._retry(server, cause="S")

    def _retry(self, server: Server, cause: str) -> None:
        route = self.route
        backend = route.backend
        if self.retries >= route.retries:
            backend.counters.econ += 1
            server.counters.econ += 1
            self.refused(503, cause, "C")
            return
        self.retries += 1
        backend.counters.wretr += 1
        server.counters.wretr += 1
        each = route.redispatch_each
        if each < 0:
            again = self.retries == route.retries + 1 + each
        else:
            again = bool(each) and not self.retries % each
        if again or (not server.up and each):
            self._redispatch(server)
            return
        self.step = TURNAROUND
        self.session.resume_reading()
        self.session.wait(min(TURNAROUND_SECONDS, route.connect_timeout))

    def _redispatch(self, failed: Server) -> None:
        backend = self.route.backend
        self.server = self.tally = None
        release(failed)
        server = pick(self, backend, failed)
        if server is None:
            if may_wait(backend):
                self._enqueue()
            else:
                self.refused(503, "S", "C")
            return
        if server is not failed:
            self.redispatched = True
            backend.counters.wredis += 1
            server.counters.wredis += 1
        self.use(server)

    def expired(self, now: float) -> None:
        """
        The session's timeout has come while this stream is under way.
        """
        step = self.step
        if step == QUEUED:
            self.leave_queue()
            self.refused(503, "s", "Q")
        elif step == CONNECTING:
            server = self.link.server
            self.link.close()
            self.link = None
            server.last_error = "Connection timed out"
            self._retry(server, cause="s")
        elif step == TURNAROUND:
            if self.server is not None:
                self._connect(self.server)
        else:
            self.stalled(now)

    def hold(self, wait: Wait, go_on: Callable[[Outcome], None]) -> None:
        """
        Wait for somebody else's verdict. How long is up to whom is asked: no timeout of the proxy
        runs meanwhile.

        @param wait: What a ruleset returned.

        @param go_on: Called with the verdict of all the ruleset, unless the stream has ended.
        """
        self.held = True
        session = self.session
        session.expiry = inf
        # A client that breaks off is to be noticed.
        session.resume_reading()
        wait.begin(partial(self._decided, wait, go_on))

    def _decided(
        self, wait: Wait, go_on: Callable[[Outcome], None], verdict: Outcome = None
    ) -> None:
        if not self.held or self.step == DONE:
            return
        self.held = False
        try:
            if wait.then is not None:
                verdict = wait.then(self, verdict)
            go_on(verdict)
        except Exception:
            # Whoever brings the verdict serves other streams too.
            _log.failure("going on with a stream failed")
            self.session.crashed()

    def leave_queue(self) -> None:
        """
        Stop waiting for a server.
        """
        leave_queue(self.session.queue_place(), self.route.backend)

    def let_go(self) -> None:
        """
        Give the server's place back and leave the backend.
        """
        if not self._counted:
            return
        self._counted = False
        backend = self.route.backend
        backend.counters.scur -= 1
        if self.step == QUEUED:
            self.leave_queue()
        server = self.server
        if server is not None:
            release(server)
        elif backend.queue:
            serve_queue(backend)

    def drop_link(self) -> None:
        """
        Close the server connection, if there is one.
        """
        link = self.link
        if link is not None:
            self.link = None
            link.close()

    def abandon(self) -> None:
        """
        The session is lost: free everything, log nothing.
        """
        self.drop_link()
        self.let_go()
        self.step = DONE

    def abort_connection(self) -> None:
        """
        Close the client connection with a reset, so that it knows that the answer is cut short.
        """
        session = self.session
        if session.fd >= 0:
            with suppress(OSError):  # it may be closed already
                session.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            session.close()

    def linked(self, link: ServerLink) -> None:
        """
        There is a connection to use.
        """
        raise NotImplementedError

    def refused(self, status: int, cause: str, phase: str) -> None:
        """
        There will be no server.

        @param status: What HTTP clients are told.

        @param cause: First letter of the termination state.

        @param phase: Second letter.
        """
        raise NotImplementedError

    def stalled(self, now: float) -> None:
        """
        The timeout of a phase after the connection has come.
        """
        raise NotImplementedError

    def link_broken(self) -> None:
        """
        The server connection failed in use.
        """
        raise NotImplementedError


def reserve_attributes(kind: type[Exchange], names: str) -> None:
    """
    Have the instances of a class keep their usual attributes without a dictionary each.

    CPython stores attributes inline as long as their names stand in a table of the class, which
    the first instances fill and which closes soon. When a worker begins with many streams at once,
    names that these set late find it closed, and every later stream gets a dictionary.

    @param kind: The class; has no instance yet.

    @param names: Names of attributes, at most 30, separated by blanks.
    """
    first = kind(None)  # type: ignore[arg-type]  # it is only there to be written to
    for name in names.split():
        setattr(first, name, None)
