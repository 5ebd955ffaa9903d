"""
The client side of an HTTP/1 connection: heads of requests come in, streams are made of them.

What the client sends while a stream is under way belongs to that stream's body, then to the
next requests (pipelining), which wait in C{inbuf} for their turn.

Phases and their timeouts:

  - idle between requests: C{timeout http-keep-alive}, the connection is closed without a word;
  - a head is incomplete, or nothing came yet on a new connection: C{timeout http-request}, 408;
  - a stream is under way: see L{mwproxy.net.http_exchange};
  - lingering: everything is said, what the client still sends is thrown away for a moment so that
    our last bytes are not lost in a reset.
"""

from __future__ import annotations

import socket
from typing import Any

from mwproxy.core.specialize import specialized
from mwproxy.live.sessions import Stream
from mwproxy.net.client import ClientConnection, Entry
from mwproxy.net.endpoint import UNWATCHED
from mwproxy.net.exchange import NEW
from mwproxy.net.http_exchange import HttpExchange
from mwproxy.net.reactor import READ
from mwproxy.protocols.http1.framing import ChunkScanner
from mwproxy.protocols.http1.heads import parse_request, reject_partial, skip_empty_lines
from mwproxy.protocols.http1.messages import BadMessage, Block
from mwproxy.stream import answers
from mwproxy.stream.outcome import account_http

_END = b"\r\n\r\n"
LINGER_SECONDS = 1.0
LINGER_BYTES = 1 << 20


@specialized
class HttpClient(ClientConnection):
    """
    One HTTP/1 client connection.

    @ivar waiting: True while no stream is under way and none has begun to arrive.

    @ivar first_byte: When the first byte of the head that is arriving came, 0.0 for none.

    @ivar idle_from: Since when it has waited for a request.

    @ivar last_server: The server of the last stream, where C{option prefer-last-server} wants to
        know, else L{None}.

    @ivar own_link: A server connection that only this session may use, L{None} for none.
    """

    __slots__ = (
        "_busy",
        "_checked",
        "_lingered",
        "first_byte",
        "idle_from",
        "last_server",
        "own_link",
    )

    def __init__(self, entry: Entry, sock: Any, address: Any, now: float, wall: float) -> None:
        super().__init__(entry, sock, address, now, wall)
        self.first_byte = 0.0
        self.idle_from = now
        self.own_link: Any = None
        self.last_server: Any = None
        self._busy = False
        self._checked = -1
        self._lingered = 0
        self.on_read = self.read_request

    def read_request(self) -> None:
        """
        Read what may be the head of a request.
        """
        if self.stream is not None:
            self.read_early()
            return
        plane = self.plane
        try:
            data = self.recv(plane.bufsize - len(self.inbuf))
        except BlockingIOError:
            self._begin_waiting()
            return
        except OSError:
            self.broken()
            return
        if not data:
            self._ended()
            return
        if self.inbuf:
            data = self.inbuf + data
        elif data.find(_END) + 4 == len(data) > 3 and data[0] != 13:
            # One head and nothing else: the usual case.
            self._begin(data, 0, len(data))
            if self.inbuf and self.stream is None and self.fd >= 0:
                self.process()
            return
        self.inbuf = data
        self.process()

    def _begin_waiting(self) -> None:
        """
        Wait for more. A client whose first request is there at once is neither watched nor timed
        before its server is waited for.
        """
        if self.mask == UNWATCHED and not self.requests:
            self.wait(self.entry.first_timeout)
        self.want(READ)

    def process(self) -> None:
        """
        Make streams of the requests that are complete in C{inbuf}, one after the other.
        """
        if self._busy:
            return
        self._busy = True
        try:
            while self.inbuf and self.stream is None and self.fd >= 0:
                data = self.inbuf
                start = skip_empty_lines(data) if data[0] == 13 else 0
                end = data.find(_END, start) + 4
                if end == 3:
                    if self._incomplete(data, start):
                        break
                    return
                self._begin(data, start, end)
        finally:
            self._busy = False
        if self.half_closed and self.stream is None and self.fd >= 0:
            self._ended()

    def _incomplete(self, data: bytes, start: int) -> bool:
        """
        The head is not complete.

        @return: True when the session goes on.
        """
        now = self.plane.reactor.now
        self._begin_waiting()
        if start:
            data = self.inbuf = data[start:]
            self._checked = -1
        if not data:
            return True
        if not self.first_byte:
            self.first_byte = now
            if self.requests:
                self.wait(self.entry.request_timeout)
        try:
            self._checked = reject_partial(
                data, 0, request=True, resume=self._checked, maxhdr=self.plane.maxhdr
            )
            if len(data) >= self.plane.head_limit:
                raise BadMessage(400, "head too large", len(data))
        except BadMessage as error:
            self._refuse(error, data)
            return False
        return True

    def _begin(self, data: bytes, start: int, end: int) -> None:
        entry = self.entry
        plane = self.plane
        now = plane.reactor.now
        try:
            if end - start > plane.head_limit:
                raise BadMessage(400, "head too large", end)
            request = parse_request(data, end, start, plane.maxhdr)
        except BadMessage as error:
            self._refuse(error, data[start:end])
            return
        self.inbuf = data[end:]
        self.requests += 1
        stream = self.stream = HttpExchange(self)
        # These are asked for so often that the defaults of the class would take longer.
        stream.upload = None
        stream._answer = stream._first = b""
        stream.request = request
        stream.request_at = begun = now
        stream.idle_since = self.idle_from
        if self.first_byte:
            begun = self.first_byte
            self.first_byte = 0.0
            self._checked = -1
        stream.begun = begun
        stream.begun_wall = plane.wall_offset + begun
        stream.bytes_in = end - start
        entry.counters.req_tot += 1
        plane.state.counters.req_tot += 1
        if request.block.body:
            self._take_body(request.block)
            if stream.step != NEW:
                return
        stream.run(entry)

    def _take_body(self, block: Block) -> None:
        if block.chunked:
            self.stream.take_body(ChunkScanner(), 0)
        else:
            self.stream.take_body(None, block.length)

    def read_early(self) -> None:
        """
        Read what the client sends while a stream is under way that needs nothing more of it.
        """
        inbuf = self.inbuf
        room = self.plane.bufsize - len(inbuf)
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
            self.inbuf = inbuf + data
            return
        self.half_closed = True
        self.pause_reading()
        if self.stream is not None:
            self.stream.client_half_closed()

    def next_request(self) -> None:
        """
        The stream is over and the connection goes on.
        """
        self.stream = None
        if self.on_drained is not None:
            self.on_drained = None
        entry = self.entry
        self.idle_from = now = self.plane.reactor.now
        if self.plane.state.stopping and not self.inbuf:
            if self.may_move():
                self.leave()
            else:
                self.close()
            return
        self.expiry = expiry = now + entry.keep_alive_timeout
        if expiry < self.parked_at:
            self.plane.wheel.park(self, expiry)
        if self.mask != READ and not self.half_closed:
            self.want(READ)
        if self.inbuf or self.half_closed:
            self.process()

    def queue_place(self) -> HttpClient:
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
        elif self.on_read == self.read_request and (self.inbuf or not self.requests):
            self._late()
        else:
            self.close()

    def _late(self) -> None:
        """
        No complete request in time (C{cR}).
        """
        ignore = "http-ignore-probes" in self.frontend.description.options
        if ignore and not self.inbuf:
            self.close()
            return
        self._give_up(408, "c", "R", len(self.inbuf))

    def _refuse(self, error: BadMessage, data: bytes) -> None:
        """
        The client sent what must not be understood (C{PR}).
        """
        self.capture(error, data)
        self.frontend.counters.ereq += 1
        self.frontend.counters.req_tot += 1
        self.plane.state.counters.req_tot += 1
        self._give_up(error.status, "P", "R", len(data))

    def capture(self, error: BadMessage, data: bytes) -> None:
        """
        Keep an invalid request for C{show errors}.

        @param error: What is wrong with it.

        @param data: What there is of it.
        """
        self.plane.state.errors.capture(
            self.plane.wall_offset + self.plane.reactor.now,
            self.frontend,
            (self.client_host, self.client_port),
            data,
            error.position,
            error.reason,
        )

    def _give_up(self, status: int, cause: str, phase: str, size: int) -> None:
        stream = self._bad_stream(status, cause, phase, size)
        answer = answers.error(status, (self.frontend.description,), close=True, head=False)
        stream.bytes_out = 0
        account_http(stream, self.plane.reactor.now)
        self.inbuf = b""
        self.on_read = self.read_linger
        try:
            self.write(answer)
        except OSError:
            self.close()
            return
        self.finish_writing()

    def _bad_stream(self, status: int, cause: str, phase: str, size: int) -> Stream:
        """
        Make what is logged for a request that never became one (C{<BADREQ>}).
        """
        now = self.plane.reactor.now
        stream = Stream(self)
        stream.idle_since = self.idle_from
        stream.begun = self.first_byte or now
        stream.begun_wall = self.plane.wall_offset + stream.begun
        stream.bytes_in = size
        stream.status = status
        stream.cause = cause
        stream.phase = phase
        return stream

    def _ended(self) -> None:
        """
        The client ended the connection while no stream was under way.
        """
        if self.inbuf or not self.requests:
            self._gone_early()
        self.close()

    def _gone_early(self) -> None:
        """
        The client left before its request was complete (C{CR}).
        """
        options = self.frontend.description.options
        if not self.inbuf and "http-ignore-probes" in options:
            return
        if self.inbuf:
            self.frontend.counters.ereq += 1
        stream = self._bad_stream(400, "C", "R", len(self.inbuf))
        account_http(stream, self.plane.reactor.now)

    def broken(self) -> None:
        """
        The connection is gone.
        """
        stream = self.stream
        if stream is not None:
            stream.client_gone()
        elif self.on_read == self.read_linger:
            self.close()
        else:
            self._ended()

    def finish_writing(self) -> None:
        """
        Close once everything is sent.
        """
        if self.out:
            self.pause_reading()
            self.on_drained = self._linger
            self.wait(self.entry.timeout)
        else:
            self._linger()

    def _linger(self) -> None:
        """
        Everything is sent. Let the client read it before its socket goes.
        """
        self.stream = None
        if self.half_closed:
            self.close()
            return
        self.shut()
        self._lingered = 0
        self.on_read = self.read_linger
        self.on_drained = None
        self.want(READ)
        self.wait(LINGER_SECONDS)

    def read_linger(self) -> None:
        """
        Throw away what the client still sends.
        """
        try:
            data = self.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._lingered += len(data)
        if not data or self._lingered > LINGER_BYTES:
            self.close()

    def leave(self) -> None:
        """
        A soft stop has begun: go on in the successor, or go now, if no stream is under way or
        arriving.
        """
        if not self.may_move():
            return
        if self.plane.handover is not None:
            self.plane.handover.send([self])
        elif self.requests and not self._asks_again():
            self.close()
        # One that has asked nothing yet is about to: it gets its answer here.

    def _asks_again(self) -> bool:
        """
        Tell whether a request is to be waited for, whose response tells that it was the last: one
        that is in the kernel already would be lost by closing; C{option idle-close-on-response}.
        """
        if "idle-close-on-response" in self.entry.frontend.description.options:
            return True
        try:
            return bool(self.sock.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

    def may_move(self) -> bool:
        """
        Tell whether the connection is between two requests.
        """
        return (
            self.fd >= 0
            and self.stream is None
            and not self.inbuf
            and not self.out
            and not self.half_closed
            and self.on_read == self.read_request
        )

    def facts(self) -> dict[str, Any]:
        """
        Tell what another process must know to go on.

        @return: Values fit for JSON; see L{take_over}.
        """
        own_host, own_port = self.destination()
        return {
            "frontend": self.frontend.name,
            "bind": str(self.bind.address),
            "client": [self.client_host, self.client_port],
            "own": [own_host, own_port],
            "accepted": self.accepted,
            "accepted_wall": self.accepted_wall,
            "requests": self.requests,
        }

    def take_over(self, facts: dict[str, Any]) -> None:
        """
        Go on where another process stopped.

        @param facts: What L{facts} told there.
        """
        self.client_host, self.client_port = facts["client"]
        self.own_host, self.own_port = facts["own"]
        self.accepted = self.handshaken = facts["accepted"]
        self.accepted_wall = facts["accepted_wall"]
        # At least one, so that it is not taken for one that has never said anything.
        self.requests = max(1, facts["requests"])
        self.want(READ)
        self.wait(self.entry.keep_alive_timeout)

    def moved(self) -> None:
        """
        Another process has the connection now: forget it without closing it.
        """
        if self.mask != UNWATCHED:
            # Closing alone would not: the other process keeps the socket open.
            self.plane.reactor.unwatch(self.fd)
        self.close()

    def close(self) -> None:
        """
        End the session, and the server connection that only it may use.
        """
        link = self.own_link
        if link is not None:
            self.own_link = None
            link.close()
        super().close()
