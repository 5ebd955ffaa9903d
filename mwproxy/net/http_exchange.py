"""
One HTTP stream at work: rules, server connection, request body, response.

The usual case runs straight through: the head is complete, an idle server connection is at hand, head and
body leave in one C{send}; the whole response arrives in one C{recv} and leaves in one C{send}. Everything
else (bodies that need more turns, slow peers, queues, retries, upgrades) branches off from there.
"""

from __future__ import annotations

from typing import Any

from mwproxy.net.client import Entry
from mwproxy.net.exchange import DATA, DONE, REQUEST, RESPONSE, TUNNEL, Exchange
from mwproxy.net.pools import keep_idle
from mwproxy.net.reactor import READ
from mwproxy.net.relay import Relay
from mwproxy.net.server_link import ServerLink
from mwproxy.net.transfer import UNTIL_CLOSE, Transfer
from mwproxy.protocols.http1.framing import CHUNKED, ChunkScanner, response_length
from mwproxy.protocols.http1.heads import parse_response, reject_partial
from mwproxy.protocols.http1.messages import BadMessage, Request, Response
from mwproxy.stream import answers
from mwproxy.stream.heads import request_head, response_head, server_keeps
from mwproxy.stream.outcome import account_http
from mwproxy.stream.routing import seconds

_END = b"\r\n\r\n"
#: Methods that may be sent again when a reused connection turns out to be dead (RFC 9110, 9.2.2).
_IDEMPOTENT = frozenset((b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"TRACE"))


class HttpExchange(Exchange):
    """
    One request with its response.

    @ivar upload: The request's body under way, L{None} when there is none or all of it was at hand.

    @ivar download: The response's body under way, L{None} likewise.

    @ivar keep: Whether the client's connection goes on after this stream.

    @ivar keep_link: Whether the server's does.
    """

    request: Any
    upload: Any = None
    download: Any = None
    relay: Any = None
    keep: bool = True
    keep_link: bool = False
    _first: bytes = b""
    _sent: bytes = b""
    _answer: bytes = b""
    _checked: int = -1
    _head_out: bool = False

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
        except BadMessage:
            session.inbuf = b""
            self.upload = upload
            self.fail(400, "P", "R")
            return
        session.inbuf = upload.rest
        self.bytes_in += len(self._first)
        if upload.ended:
            session.on_read = session.read_early
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
            self.answer(answers.error(200, (), close=False, head=request.method == b"HEAD"), 200)
            return
        rules = entry.request_rules
        if rules is not None:
            verdict = rules(self)
            if verdict is not None and verdict.kind != "allow":
                self._judge(verdict)
                return
        route = entry.router.choose(self)
        if route is None:
            self.fail(503, "S", "C")
            return
        if route.request_rules is not None:
            self.backend = route.backend
            verdict = route.request_rules(self)
            if verdict is not None and verdict.kind != "allow":
                self.route = route
                self._judge(verdict)
                return
        self.dispatch(route)

    def _judge(self, verdict: Any) -> None:
        """
        A rule has ended the stream.
        """
        kind = verdict.kind
        session = self.session
        if kind == "close":
            self.cause, self.phase = "P", "R"
            self._account()
            session.close()
            return
        counters = session.frontend.counters
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
        self._say(raw, int(raw[9:12]))

    def _say(self, raw: bytes, status: int) -> None:
        request: Request = self.request
        self.keep = keep = self._may_keep()
        answer = answers.finish(
            raw,
            close=not keep,
            head=request.method == b"HEAD",
            old=keep and request.version < 11,
        )
        self.answer(answer, status)

    def _may_keep(self) -> bool:
        """
        Whether the client's connection can go on after an answer of our own.
        """
        session = self.session
        if self.upload is not None or session.plane.state.stopping:
            return False
        if self.route is not None:
            if self.route.close_mode == "close":
                return False
        elif session.frontend.description.close_mode == "close":
            return False
        return bool(self.request.keep_alive)

    def fail(self, status: int, cause: str, phase: str) -> None:
        """
        End the stream with an error answer.
        """
        self.cause = cause
        self.phase = phase
        self.drop_link()
        self.keep = keep = status != 400 and self._may_keep()
        proxies = (
            None if self.backend is None else self.backend.description,
            self.session.frontend.description,
        )
        head = self.request.method == b"HEAD"
        self.answer(answers.error(status, proxies, close=not keep, head=head), status)

    refused = fail

    def answer(self, data: bytes, status: int) -> None:
        """
        Send an answer of our own and end the stream.
        """
        self.status = status
        if self.upload is not None:
            self.upload.stop()
            self.keep = False
        self.step = DATA
        self.bytes_out = len(data)
        session = self.session
        try:
            written = session.write(data)
        except OSError:
            self.client_gone()
            return
        if written:
            self._finish()
        else:
            session.on_drained = self._finish
            session.wait(session.entry.timeout)

    def linked(self, link: ServerLink) -> None:
        """
        There is a connection: send the request.
        """
        route = self.route
        session = self.session
        data = request_head(self, self.request, route)
        if self._first:
            data += self._first
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
            written = link.write(data)
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

    # -- the response ---------------------------------------------------------------------------

    def read_response(self) -> None:
        """
        Read what may be the head of the response.
        """
        link = self.link
        plane = link.plane
        try:
            data = link.recv(plane.bufsize - len(self._answer))
        except BlockingIOError:
            return
        except OSError:
            self.link_broken()
            return
        if not data:
            self.link_broken()
            return
        if self._answer:
            data = self._answer + data
        while True:
            end = data.find(_END) + 4
            if end == 3:
                self._incomplete(data)
                return
            try:
                if end > plane.head_limit:
                    raise BadMessage(502, "head too large", end)
                response = parse_response(data, end, 0, plane.maxhdr)
            except BadMessage:
                self._bad_response()
                return
            status = response.status
            if status >= 200:
                self._respond(response, data, end)
                return
            if status == 101:
                self._switch(response, data[end:])
                return
            if not self._interim(response):
                return
            data = data[end:]
            self._checked = -1
            if not data:
                self._answer = b""
                return

    def _incomplete(self, data: bytes) -> None:
        self._answer = data
        try:
            self._checked = reject_partial(
                data, 0, request=False, resume=self._checked, maxhdr=self.link.plane.maxhdr
            )
            if len(data) >= self.link.plane.head_limit:
                raise BadMessage(502, "head too large", len(data))
        except BadMessage:
            self._bad_response()

    def _interim(self, response: Response) -> bool:
        """
        Pass a 1xx response on.

        @return: False when the client is gone.
        """
        if self.request.version < 11:
            return True
        head = response_head(response, self.request, keep=True, decoded=False)
        self.bytes_out += len(head)
        try:
            self.session.write(head)
        except OSError:
            self.client_gone()
            return False
        return True

    def _respond(self, response: Response, data: bytes, end: int) -> None:
        """
        The head of the final response is there.
        """
        session = self.session
        plane = session.plane
        route = self.route
        request: Request = self.request
        self.response = response
        self.status = response.status
        self.response_at = plane.reactor.now
        for rules in route.response_rules:
            verdict = rules(self)
            if verdict is not None:
                if verdict.kind == "allow":
                    continue
                self._judge_response(verdict)
                return
        self.status = response.status
        length = response_length(response, request.method)
        if request.method == b"CONNECT" and response.status < 300:
            self._tunnel(response_head(response, request, keep=True, decoded=False), data[end:])
            return
        mode = route.close_mode
        self.keep = keep = (
            request.keep_alive
            and length != UNTIL_CLOSE
            and mode != "close"
            and self.upload is None
            and not plane.state.stopping
        )
        self.keep_link = mode == "keep-alive" and length != UNTIL_CLOSE and server_keeps(response)
        decoded = length == CHUNKED and request.version < 11
        if decoded:
            self.keep = keep = False
        head = response_head(response, request, keep=keep, decoded=decoded)
        have = len(data) - end
        if have == length:
            out = head + data[end:] if have else head
        elif 0 <= length < have:
            out = head + data[end : end + length]
            self.keep_link = False
        else:
            self._stream_body(head, data[end:], length, decoded)
            return
        self.bytes_out += len(out)
        self.step = DATA
        self._head_out = True
        try:
            written = session.write(out)
        except OSError:
            self.client_gone()
            return
        if written:
            self._finish()
        else:
            self._free_link()
            session.on_drained = self._finish
            session.wait(session.entry.timeout)

    def _stream_body(self, head: bytes, rest: bytes, length: int, decoded: bool) -> None:
        """
        The body needs more than this turn.
        """
        session = self.session
        link = self.link
        scanner = ChunkScanner(request=False) if length == CHUNKED else None
        left = UNTIL_CLOSE if length < 0 else length
        download = self.download = Transfer(
            session.plane, self, link, session, left, scanner, decoded
        )
        self.step = DATA
        try:
            first = download.cut(rest)
        except BadMessage:
            self._bad_response()
            return
        self._head_out = True
        self.bytes_out += len(head)
        link.on_read = download.pull
        session.on_drained = download.drained
        download.push(head + first)
        # The head is no part of the body.
        download.moved -= len(head)

    def _judge_response(self, verdict: Any) -> None:
        """
        A rule has ended the response.
        """
        self.drop_link()
        session = self.session
        if verdict.kind == "close":
            self.cause, self.phase = "P", "H"
            self._account()
            session.close()
            return
        if verdict.kind == "deny":
            session.frontend.counters.dresp += 1
            self.route.backend.counters.dresp += 1
            if self.server is not None:
                self.server.counters.dresp += 1
            if verdict.answer is None:
                self.fail(verdict.status, "P", "H")
                return
            self.cause, self.phase = "P", "H"
        else:
            self.cause, self.phase = "L", "H"
        raw = verdict.answer(self)
        self._say(raw, int(raw[9:12]))

    def _bad_response(self) -> None:
        self._count_response_error()
        if self._head_out:
            self._cut_short("P", "D")
        else:
            self.fail(502, "P", "H")

    def _count_response_error(self) -> None:
        self.route.backend.counters.eresp += 1
        if self.server is not None:
            self.server.counters.eresp += 1

    # -- upgrades -------------------------------------------------------------------------------

    def _switch(self, response: Response, rest: bytes) -> None:
        """
        The server switches protocols: from here on the connection is a tunnel.
        """
        if not self.request.block.upgrade:
            self._bad_response()
            return
        self.response = response
        self.status = 101
        self.response_at = self.session.plane.reactor.now
        self._tunnel(response_head(response, self.request, keep=True, decoded=False), rest)

    def _tunnel(self, head: bytes, rest: bytes) -> None:
        session = self.session
        self.keep = self.keep_link = False
        self.step = TUNNEL
        self._head_out = True
        self.bytes_out += len(head)
        inbuf = session.inbuf
        session.inbuf = b""
        if self.upload is not None:
            self.upload.stop()
        relay = self.relay = Relay(session.plane, self, session, self.link)
        self.bytes_in += len(inbuf)
        session.wait(self.route.tunnel_timeout)
        relay.begin(inbuf, head + rest)
        relay.down.moved -= len(head)
        if session.half_closed and not relay.up.finished:
            session.half_closed = False

    def relay_moved(self) -> None:
        """
        Bytes passed through the tunnel.
        """
        self.session.wait(self.route.tunnel_timeout)

    def relay_half_closed(self, by_client: bool) -> None:
        """
        One side of the tunnel has ended.
        """
        timeouts = (
            self.session.frontend.description.timeouts.client_fin
            if by_client
            else self.route.backend.description.timeouts.server_fin
        )
        if timeouts is not None:
            self.session.wait(seconds(timeouts))

    def relay_ended(self) -> None:
        """
        Both sides have ended.
        """
        self._finish()

    def relay_broken(self, by_client: bool) -> None:
        """
        A side of the tunnel failed.
        """
        self._cut_short("C" if by_client else "S", "D")

    # -- transfers ------------------------------------------------------------------------------

    def transfer_done(self, transfer: Transfer) -> None:
        """
        A body has passed.
        """
        session = self.session
        if transfer is self.upload:
            self.bytes_in += transfer.moved
            transfer.moved = 0
            session.inbuf = transfer.rest
            self.upload = None
            session.on_read = session.read_early
            session.resume_reading()
            if self.step == REQUEST:
                self.step = RESPONSE
                session.wait(self.route.server_timeout)
            return
        if transfer.rest:
            self.keep_link = False
        self._finish()

    def transfer_moved(self, transfer: Transfer) -> None:
        """
        Part of a body has passed.
        """
        route = self.route
        session = self.session
        if transfer is self.upload and transfer.ended:
            timeout = route.server_timeout
        elif route.client_timeout < route.server_timeout:
            timeout = route.client_timeout
        else:
            timeout = route.server_timeout
        session.expiry = expiry = session.plane.reactor.now + timeout
        if expiry < session.parked_at:
            session.plane.wheel.park(session, expiry)

    def transfer_broken(self, transfer: Transfer, side: str) -> None:
        """
        A body cannot go on.
        """
        if transfer is self.upload:
            if side == "source":
                self.client_gone()
            elif side == "framing":
                self.session.frontend.counters.ereq += 1
                if self._head_out:
                    self._cut_short("P", "D")
                else:
                    self.fail(400, "P", "R")
            else:
                self._upload_refused()
        elif side == "sink":
            self.client_gone()
        elif side == "source":
            self.route.backend.counters.srv_abrt += 1
            if self.server is not None:
                self.server.counters.srv_abrt += 1
            self._cut_short("S", "D")
        else:
            self._bad_response()

    def _upload_refused(self) -> None:
        """
        The server takes no more of the body; it may have answered already.
        """
        self.session.pause_reading()
        if self.link is not None and self.link.fd >= 0 and not self._head_out:
            self.step = RESPONSE
            self.read_response()
        elif not self._head_out:
            self.link_broken()

    # -- failures -------------------------------------------------------------------------------

    def link_broken(self) -> None:
        """
        The server ended or broke the connection too early.
        """
        if self.download is not None:
            self.download.pull()
            return
        if self.relay is not None:
            self.relay.stop()
            self._cut_short("S", "D")
            return
        server = self.server
        if self.reused and not self._answer and self._repeatable():
            # It was closed while it was idle: nobody's fault, and nothing was processed.
            self.drop_link()
            if server is not None:
                self._connect(server)
                return
        self._count_response_error()
        if self.reused and not self._answer and self.session.requests > 1:
            # The client may repeat it by itself; an error answer would stop it from doing so.
            self.cause, self.phase = "S", "H"
            self.drop_link()
            self._account()
            self.session.close()
            return
        self.fail(502, "S", "H")

    def _repeatable(self) -> bool:
        return self.upload is None and self.request.method in _IDEMPOTENT

    def client_half_closed(self) -> None:
        """
        The client will send nothing more; it may still read.
        """
        options = self.route.backend.description.options if self.route is not None else ()
        if "abortonclose" in options and not self._head_out:
            self.client_gone()

    def client_gone(self) -> None:
        """
        The client's connection failed.
        """
        letters = {DATA: "D", TUNNEL: "D", RESPONSE: "H", REQUEST: "H"}
        self.cause = "C"
        self.phase = letters.get(self.step, "Q" if self.queued_at and not self.assigned_at else "C")
        counters = self.session.frontend.counters
        counters.cli_abrt += 1
        if self.route is not None:
            self.route.backend.counters.cli_abrt += 1
            if self.server is not None:
                self.server.counters.cli_abrt += 1
        self._end()

    def _cut_short(self, cause: str, phase: str) -> None:
        """
        End a stream whose response has begun.
        """
        self.cause = cause
        self.phase = phase
        self._end(reset=True)

    def _end(self, *, reset: bool = False) -> None:
        """
        End the stream together with its session.
        """
        session = self.session
        self._stop_transfers()
        self.drop_link()
        self._account()
        session.stream = None
        if reset and self.download is not None:
            self.abort_connection()
        else:
            session.close()

    def _stop_transfers(self) -> None:
        for transfer in (self.upload, self.download):
            if transfer is not None:
                transfer.stop()
        if self.relay is not None:
            self.relay.stop()

    def stalled(self, now: float) -> None:
        """
        A timeout has come after the connection stood.
        """
        step = self.step
        if step == RESPONSE:
            self._count_response_error()
            self.fail(504, "s", "H")
        elif step == REQUEST:
            if self.upload is not None and self.link.out:
                self._count_response_error()
                self.fail(504, "s", "H")
            else:
                self.fail(408, "c", "H")
        else:
            waits_for_client = self.session.out or self.link is None or not self.link.mask & READ
            if self.upload is not None and self.download is None:
                waits_for_client = True
            self._cut_short("c" if waits_for_client else "s", "D")

    def abandon(self) -> None:
        """
        The session is lost: free everything, log nothing.
        """
        self._stop_transfers()
        super().abandon()

    # -- the end --------------------------------------------------------------------------------

    def _free_link(self) -> None:
        """
        Let go of the server connection: keep it for others, or close it.
        """
        link = self.link
        if link is None:
            return
        self.link = None
        if not self.keep_link or link.out or self.upload is not None:
            link.close()
            return
        session = self.session
        if self.route.reuse == "never" or link.private:
            link.private = True
            link.rest(session.plane.reactor.now)
            session.own_link = link
        else:
            keep_idle(link.server, link, session.plane.reactor.now)

    def _finish(self) -> None:
        """
        Everything is sent.
        """
        session = self.session
        self._free_link()
        if self.upload is not None:
            self.upload.stop()
            self.keep = False
        self._account()
        if self.keep:
            session.next_request()
        elif session.fd >= 0:
            session.finish_writing()

    def _account(self) -> None:
        if self.step == DONE:
            return
        for transfer in (self.upload, self.download):
            if transfer is not None:
                if transfer is self.upload:
                    self.bytes_in += transfer.moved
                else:
                    self.bytes_out += transfer.moved
        if self.relay is not None:
            self.bytes_in += self.relay.up.moved
            self.bytes_out += self.relay.down.moved
        self.let_go()
        self.step = DONE
        account_http(self, self.session.plane.reactor.now)
