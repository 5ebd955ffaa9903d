"""
The response of an HTTP stream: its head is judged and changed; bodies of both directions pass.

The usual case is one piece: a whole response arrives in one C{recv} and leaves in one C{send}
(L{HttpResponse._pass_whole}). Everything else takes the longer way.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from mwproxy.net.exchange import DATA, REQUEST, RESPONSE, TUNNEL
from mwproxy.net.http_ending import HttpEnding
from mwproxy.net.relay import Relay
from mwproxy.net.transfer import UNTIL_CLOSE, Transfer
from mwproxy.protocols.http1.framing import CHUNKED, ChunkScanner, response_length
from mwproxy.protocols.http1.heads import parse_response, reject_partial
from mwproxy.protocols.http1.messages import BadMessage, Request, Response
from mwproxy.rules.ruleset import Outcome
from mwproxy.stream.heads import response_head, server_keeps, status_line
from mwproxy.stream.routing import seconds

_END = b"\r\n\r\n"
#: These have no body, whatever length they name.
_NO_BODY = frozenset((204, 304))
#: Answers to these end otherwise than their heads say.
_OTHER_FRAMING = frozenset((b"HEAD", b"CONNECT"))
_CLOSE = b"connection: close\r\n\r\n"


class HttpResponse(HttpEnding):
    """
    The part of an HTTP stream that handles its response.
    """

    _answer: bytes = b""
    _checked: int = -1

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
            except BadMessage as error:
                self._refuse(error, data)
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
        except BadMessage as error:
            self._refuse(error, data)

    def _refuse(self, error: BadMessage, data: bytes) -> None:
        """
        The response must not be passed on: kept for C{show errors}.
        """
        session = self.session
        plane = session.plane
        plane.state.errors.capture(
            plane.wall_offset + plane.reactor.now,
            session.frontend,
            (session.client_host, session.client_port),
            data,
            error.position,
            error.reason,
            backend=self.route.backend,
            server=self.server,
        )
        self.bad_response()

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
        route = self.route
        self.response = response
        self.status = response.status
        self.response_at = self.session.plane.reactor.now
        if route.response_rules is not None:
            verdict = route.response_rules(self)
            if verdict is not None and verdict.kind != "allow":
                self._judge_response(verdict, data, end)
                return
            self.status = response.status
        self._pass_on(response, data, end)

    def _pass_on(self, response: Response, data: bytes, end: int) -> None:
        """
        Send the response to the client.
        """
        session = self.session
        route = self.route
        request: Request = self.request
        if route.keeps and self._pass_whole(response, data, end):
            return
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
            and not session.plane.closing
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
        self.head_out = True
        try:
            written = session.write(out)
        except OSError:
            self.client_gone()
            return
        if written:
            self.finish()
        else:
            self.free_link()
            session.on_drained = self.finish
            session.wait(session.entry.timeout)

    def _pass_whole(self, response: Response, data: bytes, end: int) -> bool:
        """
        Pass on a response that is all there and leaves the server's connection open.

        @return: False when it is not like that.
        """
        request: Request = self.request
        block = response.block
        ready = block.ready
        if (
            not ready
            or block.length != len(data) - end
            or block.close
            or response.version != 11
            or request.version != 11
            or request.method in _OTHER_FRAMING
            or request.block.upgrade
            or self.upload is not None
        ):
            return False
        if block.length and response.status in _NO_BODY:
            return False
        session = self.session
        self.keep = keep = not (request.block.close or session.plane.closing)
        if response.edited is not None or response.added is not None:
            ready = response.wire_fields() + (b"\r\n" if keep else _CLOSE)
        elif not keep:
            ready = block.wire + _CLOSE
        out = (response.line or status_line(response)) + ready
        if block.length:
            out += data[end:]
        self.keep_link = self.head_out = True
        self.step = DATA
        self.bytes_out += len(out)
        try:
            if session.write(out):
                self.finish_whole()
                return True
        except OSError:
            self.client_gone()
            return True
        self.free_link()
        session.on_drained = self.finish
        session.wait(session.entry.timeout)
        return True

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
        except BadMessage as error:
            self._refuse(error, rest)
            return
        self.head_out = True
        link.on_read = download.pull
        session.on_drained = download.drained
        # The head is counted with what is moved.
        download.push(head + first)

    def _judge_response(self, verdict: Any, data: bytes, end: int) -> None:
        """
        A rule has ended the response, or wants it to wait.

        @param data: What has come of the response.

        @param end: Where its head ends.
        """
        if verdict.kind == "wait":
            self.link.pause_reading()
            self.hold(verdict, partial(self._decided_response, data, end))
            return
        self.drop_link()
        session = self.session
        if verdict.kind == "cut":
            self.response_at = 0.0
            self.count_response_error()
            self.fail(502, "S", "H")
            return
        if verdict.kind in ("close", "deny"):
            session.frontend.counters.dresp += 1
            self.route.backend.counters.dresp += 1
            if self.server is not None:
                self.server.counters.dresp += 1
            if verdict.kind == "close":
                self.cause, self.phase = "P", "D"
                self.status = -1
                self.response_at = 0.0
                self.account()
                session.close()
                return
            if verdict.answer is None:
                self.fail(verdict.status, "P", "H")
                return
            self.cause, self.phase = "P", "H"
        else:
            self.cause, self.phase = "L", "H"
        raw = verdict.answer(self)
        self.say(raw, int(raw[9:12]))

    def _decided_response(self, data: bytes, end: int, verdict: Outcome) -> None:
        """
        Go on behind rules that had to wait.
        """
        self.session.wait(self.route.server_timeout)
        if verdict is not None and verdict.kind != "allow":
            self._judge_response(verdict, data, end)
            return
        self.link.resume_reading()
        response = self.response
        assert response is not None
        self.status = response.status
        self._pass_on(response, data, end)

    def bad_response(self) -> None:
        """
        The server sent what must not be passed on.
        """
        self.count_response_error()
        if self.head_out:
            self.cut_short("P", "D")
        else:
            self.fail(502, "P", "H")

    def _switch(self, response: Response, rest: bytes) -> None:
        """
        The server switches protocols: from here on the connection is a tunnel.
        """
        if not self.request.block.upgrade or self.request.version < 11:
            self.bad_response()
            return
        self.response = response
        self.status = 101
        self.response_at = self.session.plane.reactor.now
        self._tunnel(response_head(response, self.request, keep=True, decoded=False), rest)

    def _tunnel(self, head: bytes, rest: bytes) -> None:
        session = self.session
        self.keep = self.keep_link = False
        self.step = TUNNEL
        self.head_out = True
        inbuf = session.inbuf
        session.inbuf = b""
        if self.upload is not None:
            self.upload.stop()
        relay = self.relay = Relay(session.plane, self, session, self.link)
        session.wait(self.route.tunnel_timeout)
        # All of it is counted with what is moved.
        relay.begin(inbuf, head + rest)
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
        self.finish()

    def relay_broken(self, by_client: bool) -> None:
        """
        A side of the tunnel failed.
        """
        self.cut_short("C" if by_client else "S", "D")

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
            # What was passed on is not at hand to be sent again.
            self.repeatable = False
            session.on_read = session.read_request
            session.resume_reading()
            if self.step == REQUEST:
                self.step = RESPONSE
                session.wait(self.route.server_timeout)
            return
        if transfer.rest:
            self.keep_link = False
        self.finish()

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
                if self.head_out:
                    self.cut_short("P", "D")
                else:
                    # The head was passed on: this is the time of the response already.
                    self.fail(400, "P", "H")
            else:
                self._upload_refused()
        elif side == "sink":
            self.client_gone()
        elif side == "source":
            self.route.backend.counters.srv_abrt += 1
            if self.server is not None:
                self.server.counters.srv_abrt += 1
            self.cut_short("S", "D")
        else:
            self.bad_response()

    def _upload_refused(self) -> None:
        """
        The server takes no more of the body; it may have answered already.
        """
        self.session.pause_reading()
        if self.link is not None and self.link.fd >= 0 and not self.head_out:
            self.step = RESPONSE
            self.read_response()
        elif not self.head_out:
            self.link_broken()
