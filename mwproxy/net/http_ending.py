"""
How an HTTP stream ends: everything sent, an answer of our own, a failure, a client that left.
"""

from __future__ import annotations

from typing import Any

from mwproxy.net.exchange import DATA, DONE, REQUEST, RESPONSE, TUNNEL, Exchange
from mwproxy.net.pools import keep_idle
from mwproxy.net.reactor import READ
from mwproxy.protocols.http1.messages import Request
from mwproxy.stream import answers
from mwproxy.stream.assignment import release
from mwproxy.stream.outcome import account_http

#: Letter of the termination state for what a stream was doing when its client left.
_LEFT_DURING = {DATA: "D", TUNNEL: "D", RESPONSE: "H", REQUEST: "D"}


class HttpEnding(Exchange):
    """
    The part of an HTTP stream that ends it.

    @ivar upload: The request's body under way, L{None} when there is none or all of it was at hand.

    @ivar download: The response's body under way, L{None} likewise.

    @ivar relay: The tunnel that an upgrade made of it, else L{None}.

    @ivar keep: Whether the client's connection goes on after this stream.

    @ivar keep_link: Whether the server's does.

    @ivar head_out: Whether the head of a final response has been sent.

    @ivar repeatable: Whether all of the request is still at hand.
    """

    request: Any
    upload: Any = None
    download: Any = None
    relay: Any = None
    keep: bool = True
    keep_link: bool = False
    head_out: bool = False
    repeatable: bool = True

    def may_keep(self) -> bool:
        """
        Whether the client's connection can go on after an answer of our own.
        """
        session = self.session
        if self.upload is not None or session.plane.closing:
            return False
        if self.route is not None:
            if self.route.close_mode == "close":
                return False
        elif session.frontend.description.close_mode == "close":
            return False
        return bool(self.request.keep_alive)

    def say(self, raw: bytes, status: int) -> None:
        """
        Send an answer that a rule made, and end the stream.

        @param raw: Head and body, fit for any connection.

        @param status: Its status.
        """
        request: Request = self.request
        self.keep = keep = self.may_keep()
        answer = answers.finish(
            raw,
            close=not keep,
            head=request.method == b"HEAD",
            old=keep and request.version < 11,
        )
        self.answer(answer, status)

    def fail(self, status: int, cause: str, phase: str) -> None:
        """
        End the stream with an error answer.
        """
        self.cause = cause
        self.phase = phase
        self.drop_link()
        self.keep = keep = status != 400 and self.may_keep()
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
            self.finish()
        else:
            session.on_drained = self.finish
            session.wait(session.entry.timeout)

    def free_link(self) -> None:
        """
        Let go of the server connection: keep it for others, or close it.
        """
        link = self.link
        if link is None:
            return
        self.link = None
        if not self.keep_link or link.out or self.upload is not None:
            link.close()
        elif self.route.pools:
            keep_idle(link.server, link, self.session.plane.reactor.now)
        else:
            link.rest(self.session.plane.reactor.now)
            self.session.own_link = link

    def finish(self) -> None:
        """
        Everything is sent.
        """
        session = self.session
        link = self.link
        if link is not None:
            server = link.server
            if (
                self.keep_link
                and server.usable_now
                and not server.pool_limited
                and self.upload is None
                and self.route.pools
                and not link.out
            ):
                self.link = None
                if len(server.idle) < server.used_max:
                    link.rest(session.plane.reactor.now)
                    server.idle.append(link)
                else:
                    link.reset()
            else:
                self.free_link()
        if self.upload is not None:
            self.upload.stop()
            self.keep = False
        self.account()
        if self.keep:
            route = self.route
            if route is not None and route.stays:
                session.last_server = self.server
            session.next_request()
        elif session.fd >= 0:
            self.end_session()

    def finish_whole(self) -> None:
        """
        Everything is sent, and both the request and its response were one piece: what L{finish}
        does when there are no transfers under way.
        """
        session = self.session
        now = session.plane.reactor.now
        link = self.link
        server = link.server
        idle = server.idle
        if (
            server.usable_now
            and not server.pool_limited
            and self.route.pools
            and not link.out
            and len(idle) < server.used_max
        ):
            self.link = None
            link.rest(now)
            idle.append(link)
        else:
            self.free_link()
        # What let_go does: it has a server, and waits in no queue.
        self._counted = False
        self.route.backend.counters.scur -= 1
        release(server)
        self.step = DONE
        account_http(self, now)
        if self.keep:
            if self.route.stays:
                session.last_server = server
            session.next_request()
        else:
            self.end_session()

    def end_session(self) -> None:
        """
        Close the client's connection after the last answer.
        """
        session = self.session
        if session.inbuf or self.upload is not None or session.out or self.request.keep_alive:
            session.finish_writing()
        else:
            # The client said that it sends nothing more: there is nothing unread that
            # could turn the close into a reset.
            session.close()

    def account(self) -> None:
        """
        Give everything back, count and log the stream. Doing it twice does nothing.
        """
        if self.step == DONE:
            return
        if self.upload is not None:
            self.bytes_in += self.upload.moved
        if self.download is not None:
            self.bytes_out += self.download.moved
        if self.relay is not None:
            self.bytes_in += self.relay.up.moved
            self.bytes_out += self.relay.down.moved
        if self._counted:
            self.let_go()
        self.step = DONE
        account_http(self, self.session.plane.reactor.now)

    def client_gone(self) -> None:
        """
        The client's connection failed.
        """
        self.cause = "C"
        self.phase = _LEFT_DURING.get(
            self.step, "Q" if self.queued_at and not self.assigned_at else "C"
        )
        if self.step != DONE:
            self._count_abort()
        self._end()

    def _count_abort(self) -> None:
        self.session.frontend.counters.cli_abrt += 1
        if self.route is not None:
            self.route.backend.counters.cli_abrt += 1
            if self.server is not None:
                self.server.counters.cli_abrt += 1

    def cut_short(self, cause: str, phase: str) -> None:
        """
        End a stream whose response has begun.
        """
        self.cause = cause
        self.phase = phase
        download = self.download
        if cause in "Cc" or download is None or download.until_close or self.step == DONE:
            self._end(reset=True)
            return
        # The framing tells the client that something is missing; it gets what there is.
        session = self.session
        self.stop_transfers()
        self.drop_link()
        self.account()
        session.inbuf = b""
        session.finish_writing()

    def _end(self, *, reset: bool = False) -> None:
        """
        End the stream together with its session.
        """
        session = self.session
        self.stop_transfers()
        self.drop_link()
        self.account()
        session.stream = None
        if reset and self.download is not None:
            self.abort_connection()
        else:
            session.close()

    def stop_transfers(self) -> None:
        """
        Let no more bytes pass.
        """
        for transfer in (self.upload, self.download):
            if transfer is not None:
                transfer.stop()
        if self.relay is not None:
            self.relay.stop()

    def count_response_error(self) -> None:
        """
        Count a response that failed (C{eresp}).
        """
        self.route.backend.counters.eresp += 1
        if self.server is not None:
            self.server.counters.eresp += 1

    def stalled(self, now: float) -> None:
        """
        A timeout has come after the connection stood.
        """
        step = self.step
        if step == RESPONSE:
            self.count_response_error()
            self.fail(504, "s", "H")
        elif step == REQUEST:
            if self.upload is not None and self.link.out:
                self.count_response_error()
                self.fail(504, "s", "H")
            else:
                self.fail(408, "c", "H")
        elif step == TUNNEL:
            route = self.route
            by_client = self.session.out or route.client_timeout <= route.server_timeout
            self.cut_short("c" if by_client else "s", "D")
        else:
            waits_for_client = self.session.out or self.link is None or not self.link.mask & READ
            if self.upload is not None and self.download is None:
                waits_for_client = True
            self.cut_short("c" if waits_for_client else "s", "D")

    def kill(self) -> None:
        """
        End the stream and its session by order (hard stop, C{shutdown session}).
        """
        self.cause = "K"
        self.phase = "D" if self.head_out else "H"
        self._end(reset=True)

    def abandon(self) -> None:
        """
        The session is lost: free everything, log nothing.
        """
        self.stop_transfers()
        super().abandon()
