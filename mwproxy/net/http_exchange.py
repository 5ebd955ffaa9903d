"""
One HTTP stream at work, from its request's head on: rules, the way to a server, the request's body.

The usual case runs straight through: an idle server connection is at hand, and the request leaves
in one C{send} (L{HttpExchange.start}). Bodies that need more turns, queues, new connections and
retries branch off from there.
"""

from __future__ import annotations

from typing import Any

from mwproxy.core.specialize import specialized
from mwproxy.live.proxies import Backend
from mwproxy.live.servers import Server
from mwproxy.net.client import Entry
from mwproxy.net.exchange import REQUEST, RESPONSE, reserve_attributes
from mwproxy.net.http_body import HttpBody
from mwproxy.net.server_link import ServerLink
from mwproxy.net.transfer import Transfer
from mwproxy.protocols.http1.framing import ChunkScanner
from mwproxy.protocols.http1.messages import BadMessage, Request
from mwproxy.stream import answers
from mwproxy.stream.assignment import take
from mwproxy.stream.heads import request_head
from mwproxy.stream.outcome import SILENT
from mwproxy.stream.routing import Route

#: Methods that may be sent again when a reused connection turns out to be dead (RFC 9110, 9.2.2).
_IDEMPOTENT = frozenset((b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"TRACE"))


@specialized
class HttpExchange(HttpBody):
    """
    One request with its response.
    """

    def take_body(self, scanner: ChunkScanner | None, length: int) -> None:
        """
        Prepare for a request body, part of which may be in the session's C{inbuf}.

        @param scanner: Follows chunked coding, L{None} for a length.

        @param length: The length.
        """
        session = self.session
        upload = Transfer(session.plane, self, session, session, length, scanner)
        try:
            self._first = upload.cut(session.inbuf)
        except BadMessage as error:
            session.capture(error, session.inbuf)
            session.inbuf = b""
            self.upload = upload
            self.fail(400, "P", "R")
            return
        session.inbuf = upload.rest
        self.bytes_in += len(self._first)
        if upload.ended:
            session.on_read = session.read_request
        else:
            self.upload = upload
            session.on_read = session.pause_reading
            session.pause_reading()

    def run(self, entry: Entry) -> None:
        """
        Apply the rules and go to a server.

        @param entry: What the session's listener shares.
        """
        request: Request = self.request
        if entry.monitor_uri and request.target == entry.monitor_uri:
            self.service = "<MONITOR>"
            self.log_level = SILENT
            self.answer(answers.error(200, (), close=False, head=request.method == b"HEAD"), 200)
            return
        rules = entry.request_rules
        if rules is not None:
            verdict = rules(self)
            if verdict is not None and verdict.kind != "allow":
                self._judge(verdict)
                return
        self._choose(entry.router)

    def start(self, route: Route) -> None:
        """
        Go to a backend; straight to an idle connection if there is one.

        @param route: The way.
        """
        session = self.session
        backend = route.backend
        first = session.requests == 1 and not route.reuses_first
        if first or backend.queue or self.upload is not None or not route.pools:
            self.dispatch(route)
            return
        balancer = backend.balancer
        server = session.last_server if route.stays else None
        if server is None or not self._may_stay(server, backend):
            server = balancer.pick(self)
        if server is None:
            self.dispatch(route)
            return
        idle = server.idle
        if not idle:
            self.enter(route)
            backend.counters.lbtot += 1
            server.counters.lbtot += 1
            take(server, self)
            self.use(server)
            return
        # What enter, take and use do, in one piece.
        self.route = route
        self.backend = backend
        self.server = server
        self._counted = True
        tally = route.tallies.get(server)
        if tally is None or not tally.waits:
            tally = route.tally(server)
        self.tally = tally
        tally.begun += 1
        tally.reused += 1
        counters = backend.counters
        counters.scur = current = counters.scur + 1
        if current > counters.smax:
            counters.smax = current
        counters = server.counters
        counters.scur = server.current = current = server.current + 1
        if current > server.used_max:
            server.used_max = current
            if current > counters.smax:
                counters.smax = current
        if balancer.tracks_load:
            balancer.load_changed(server)
        if route.watches_client:
            session.resume_reading()
        link = self.link = idle.pop()
        link.owner = self
        link.on_read = self.read_response
        self.reused = True
        self.assigned_at = self.connected_at = now = session.plane.reactor.now
        self.step = RESPONSE
        session.expiry = expiry = now + route.server_timeout
        if expiry < session.parked_at:
            session.plane.wheel.park(session, expiry)
        try:
            link.write(self._head())
        except OSError:
            self.link_broken()

    def _head(self) -> bytes:
        """
        Write what the server gets first: the head, with as much of the body as is at hand.
        """
        request: Request = self.request
        route = self.route
        if route.plain and request.block.ready and request.version == 11:
            data: bytes = request.line + request.block.ready
        else:
            data = request_head(self, request, route)
        return data + self._first if self._first else data

    def _may_stay(self, server: Server, backend: Backend) -> bool:
        return server.backend is backend and server.usable_now and server.has_room

    def _judge(self, verdict: Any) -> None:
        """
        A rule has ended the stream, or wants it to wait.
        """
        kind = verdict.kind
        if kind == "wait":
            self.hold(verdict, self._decided_request)
            return
        session = self.session
        if self.route is not None and not self._counted:
            self.enter(self.route)
        counters = session.frontend.counters
        if kind == "close":
            counters.dreq += 1
            if verdict.status and self.backend is not None:
                self.backend.counters.dreq += 1
            self.cause, self.phase = "P", "R"
            self.request_at = 0.0
            self.account()
            session.close()
            return
        if kind == "deny":
            counters.dreq += 1
            if self.backend is not None:
                self.backend.counters.dreq += 1
            if verdict.answer is None:
                self.fail(verdict.status, "P", "R")
                return
            self.cause, self.phase = "P", "R"
        else:
            counters.intercepted += 1
            self.cause, self.phase = "L", "R"
        raw = verdict.answer(self)
        self.say(raw, int(raw[9:12]))

    def linked(self, link: ServerLink) -> None:
        """
        There is a connection: send the request.
        """
        route = self.route
        session = self.session
        link.on_read = self.read_response
        upload = self.upload
        self.step = RESPONSE
        if upload is not None:
            upload.sink = link
            upload.finished = False
            link.on_drained = upload.drained
            session.on_read = upload.pull
            self.step = REQUEST
        try:
            written = link.write(self._head())
        except OSError:
            self.link_broken()
            return
        if upload is not None and written:
            session.resume_reading()
        timeout = route.server_timeout if upload is None else route.client_timeout
        session.expiry = expiry = session.plane.reactor.now + timeout
        if expiry < session.parked_at:
            session.plane.wheel.park(session, expiry)

    def idle_link(self, server: Any) -> ServerLink | None:
        """
        Find a connection to reuse; one of the session's own comes first.
        """
        session = self.session
        link: ServerLink | None = session.own_link
        if link is not None:
            session.own_link = None
            if link.server is server and link.fd >= 0:
                return link
            link.close()
        return super().idle_link(server)

    def link_broken(self) -> None:
        """
        The server ended or broke the connection too early.
        """
        if self.held:
            # What has come of the response waits for a verdict; its end is found afterwards.
            self.link.pause_reading()
            return
        if self.download is not None:
            self.download.pull()
            return
        if self.relay is not None:
            self.relay.stop()
            self.cut_short("S", "D")
            return
        server = self.server
        if self.reused and not self._answer and self._repeatable():
            # It was closed while it was idle: nobody's fault, and nothing was processed.
            self.drop_link()
            if server is not None:
                self._connect(server)
                return
        self.count_response_error()
        if self.reused and not self._answer and self.session.requests > 1:
            # The client may repeat it by itself; an error answer would stop it from doing so.
            self.cause, self.phase = "S", "H"
            self.drop_link()
            self.account()
            self.session.close()
            return
        self.fail(502, "S", "H")

    def _repeatable(self) -> bool:
        return self.repeatable and self.upload is None and self.request.method in _IDEMPOTENT

    def client_half_closed(self) -> None:
        """
        The client will send nothing more; it may still read.
        """
        options = self.route.backend.description.options if self.route is not None else ()
        if "abortonclose" in options and not self.head_out:
            self.client_gone()


reserve_attributes(
    HttpExchange,
    "session request request_at idle_since begun begun_wall bytes_in route backend server "
    "tally _counted link reused assigned_at connected_at step response status response_at keep "
    "keep_link head_out bytes_out ended_at upload _answer _first held variables",
)
