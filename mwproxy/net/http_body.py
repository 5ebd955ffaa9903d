"""
Request bodies that rules look at: what of one is at hand, and waiting for more of it (C{option
http-buffer-request}, C{http-request wait-for-body}).

What is read while rules wait is held as it came, in front of what the upload brings later; so the
server gets the bytes that the client has sent. Head and body together stay below C{tune.bufsize}
without C{tune.maxrewrite}. A request that nobody looks into knows nothing of this.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from math import inf

from mwproxy.net.http_response import HttpResponse
from mwproxy.protocols.http1.framing import ChunkScanner
from mwproxy.protocols.http1.messages import BadMessage, Request

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class HttpBody(HttpResponse):
    """
    The part of an HTTP stream that knows its request's body.
    """

    _first: bytes = b""
    #: How many bytes were held when their chunked coding was last undone, and what it gave.
    _decoded: tuple[int, bytes] = (0, b"")

    def payload(self) -> bytes:
        """
        Get what of the request's body is at hand, without chunked coding.

        @return: Empty when there is nothing.
        """
        held = self._first
        if not held:
            return held
        limit = self._limit()
        if len(held) > limit:
            # It came in one piece with the head; what is seen must not depend on that.
            held = held[:limit]
        if not self.request.block.chunked:
            return held
        known, payload = self._decoded
        if known != len(held):
            pieces: list[bytes] = []
            ChunkScanner().feed(held, pieces=pieces)
            payload = b"".join(pieces)
            self._decoded = len(held), payload
        return payload

    def payload_whole(self) -> bool:
        """
        Tell whether that is the whole body.
        """
        return self.upload is None and len(self._first) <= self._limit()

    def payload_size(self) -> int:
        """
        Tell how long the body is as far as is known: chunks of which some is at hand count whole.
        """
        upload = self.upload
        scanner = None if upload is None else upload.scanner
        return len(self.payload()) + (0 if scanner is None else scanner.remaining)

    def needs_body(self, least: int) -> bool:
        """
        Tell whether it makes sense to wait for more of the body. A client that waits to be asked
        for it is asked, in place of the server.

        @param least: Bytes of it that are enough, 0 for all of it.

        @return: False too when no more of it can be held.
        """
        request: Request = self.request
        block = request.block
        if block.expect_continue and block.body and request.version >= 11:
            self._say_continue(request)
        upload = self.upload
        if upload is None or len(self._first) >= self._limit():
            return False
        scanner = upload.scanner
        return not least or (len(self._first) if scanner is None else scanner.payload) < least

    def await_body(self, least: int, seconds: float, go_on: Callable[[None], object]) -> None:
        """
        Wait for more of the body: until it is whole, or there is as much of it as wanted, or no
        more of it can be held. When that takes too long, or the client leaves, the stream ends
        (C{cR}, C{CR}).

        @param least: Bytes that are enough, 0 for all of them.

        @param seconds: How long that may take; no longer than C{timeout client} in any case.

        @param go_on: Called when it is there.
        """
        BodyWait(self, least, min(seconds, self.session.entry.timeout), go_on).begin()

    def _say_continue(self, request: Request) -> None:
        fields = request.own()
        kept = [field for field in fields if field[0] != b"expect"]
        if len(kept) < len(fields):
            fields[:] = kept
            self.bytes_out += len(CONTINUE)
            # A client that is gone is found out when it is read from.
            with suppress(OSError):
                self.session.write(CONTINUE)

    def _limit(self) -> int:
        """
        Tell how many bytes of the body, as they came, rules may see.
        """
        limit: int = self.session.plane.head_limit - self.request.size
        return limit

    def add_body(self, data: bytes) -> None:
        """
        Add what the client has sent to what is held.

        @param data: Bytes behind those held.

        @raise BadMessage: They make no sense; the stream has not ended for that.
        """
        upload = self.upload
        more = upload.cut(data)
        self._first += more
        self.bytes_in += len(more)
        if upload.ended:
            session = self.session
            session.inbuf = upload.rest
            session.on_read = session.read_request
            self.upload = None

    def body_is_late(self) -> None:
        """
        It took too long (C{cR}).
        """
        self._no_request()
        self.request_at = 0.0
        self.fail(408, "c", "R")

    def body_is_bad(self, error: BadMessage, data: bytes) -> None:
        """
        It makes no sense (C{PR}).

        @param data: The part of it that does not.
        """
        self.session.capture(error, data)
        self._no_request()
        self.request_at = 0.0
        self.fail(400, "P", "R")

    def client_left(self) -> None:
        """
        The client left in the midst of it (C{CR}).
        """
        self._no_request()
        if self.backend is not None:
            self.backend.counters.cli_abrt += 1
        self.request_at = self.session.plane.reactor.now
        self.cause, self.phase = "C", "R"
        self._end()

    def _no_request(self) -> None:
        """
        Count that the request never became complete; it is not held any longer.
        """
        self.held = False
        self.session.frontend.counters.ereq += 1
        if self.route is not None and not self._counted:
            self.enter(self.route)


class BodyWait:
    """
    One wait for more of a request's body.

    @ivar expiry: When it is over; the timer wheel asks for it, as it does for C{parked_at}.
    """

    __slots__ = ("_go_on", "_least", "_stream", "expiry", "parked_at")

    def __init__(
        self, stream: HttpBody, least: int, seconds: float, go_on: Callable[[None], object]
    ) -> None:
        """
        @param stream: Its body is not whole, and it is held.

        @param least: Bytes of the body that are enough, 0 for all of them.

        @param seconds: How long that may take.

        @param go_on: Called when it is there.
        """
        self._stream = stream
        self._least = least
        self._go_on = go_on
        self.expiry = stream.session.plane.reactor.now + seconds
        self.parked_at = inf

    def begin(self) -> None:
        """
        Begin to read.
        """
        session = self._stream.session
        if self.expiry != inf:
            session.plane.wheel.park(self, self.expiry)
        session.on_read = self._read
        session.resume_reading()

    def _over(self) -> bool:
        """
        Tell whether the stream has ended meanwhile, for another reason.
        """
        stream = self._stream
        return not stream.held or stream.session.stream is not stream

    def expire(self, now: float) -> None:
        """
        The time has come.

        @param now: The clock.
        """
        if not self._over():
            self._stream.body_is_late()

    def _read(self) -> None:
        stream = self._stream
        session = stream.session
        try:
            data = session.recv(stream._limit() - len(stream._first))
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._stop()
            stream.client_left()
            return
        try:
            stream.add_body(data)
        except BadMessage as error:
            self._stop()
            stream.body_is_bad(error, data)
            return
        if not stream.needs_body(self._least):
            self._stop()
            if stream.upload is not None:
                session.pause_reading()
                session.on_read = session.pause_reading
            stream.request_at = session.plane.reactor.now
            self._go_on(None)

    def _stop(self) -> None:
        self._stream.session.plane.wheel.forget(self)
