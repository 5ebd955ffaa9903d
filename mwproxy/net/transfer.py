"""
Bytes on their way from one endpoint to another: message bodies and tunnels, one direction each.

Small amounts are received and sent; large ones go by C{splice} through a lent pipe and never enter
the process. Which of the two is decided anew as the bytes come: a body by what is left of it, a
tunnel by whether whole buffers keep coming.

Back-pressure: while the sink does not take more, the source is not read. Where a body ends is
known from its framing (L{length<Transfer>}, chunked coding, or the end of the connection).
"""

from __future__ import annotations

import os
from typing import Any, Protocol

from mwproxy.net.endpoint import UNWATCHED, Endpoint
from mwproxy.net.pipes import Pipe
from mwproxy.net.plane import Plane
from mwproxy.net.reactor import WRITE
from mwproxy.protocols.http1.framing import ChunkScanner
from mwproxy.protocols.http1.messages import BadMessage

_FLAGS = os.SPLICE_F_MOVE | os.SPLICE_F_NONBLOCK
#: Less than this is cheaper copied.
SPLICE_FROM = 64 * 1024
#: Bytes one transfer may move before others get their turn.
BUDGET = 4 << 20
#: L{Transfer.left} of what ends with the connection.
UNTIL_CLOSE = -1


class TransferOwner(Protocol):
    """
    Who is told how a transfer goes.
    """

    def transfer_done(self, transfer: Transfer) -> None:
        """
        All bytes are with the sink's kernel.
        """

    def transfer_broken(self, transfer: Transfer, side: str) -> None:
        """
        It cannot go on.

        @param side: C{"source"} (closed or failed too early), C{"sink"} (failed), or
            C{"framing"} (the source's bytes make no sense).
        """

    def transfer_moved(self, transfer: Transfer) -> None:
        """
        Some bytes passed: timeouts begin anew.
        """


class Transfer:
    """
    One direction.

    @ivar left: Bytes that are still to come, L{UNTIL_CLOSE} when only the end of the
        connection tells; with a scanner it is not used.

    @ivar scanner: Follows chunked coding, L{None} for other framings.

    @ivar decode: True to pass on only the payload of chunks (for HTTP/1.0 clients).

    @ivar moved: Bytes handed to the sink so far.

    @ivar ended: True when the source has given all it had to give.

    @ivar rest: What the source sent behind the end of the body.
    """

    __slots__ = (
        "_full",
        "_held",
        "_pipe",
        "decode",
        "ended",
        "finished",
        "left",
        "moved",
        "owner",
        "plane",
        "rest",
        "scanner",
        "sink",
        "source",
    )

    def __init__(
        self,
        plane: Plane,
        owner: TransferOwner,
        source: Endpoint,
        sink: Endpoint,
        left: int,
        scanner: ChunkScanner | None = None,
        decode: bool = False,
    ) -> None:
        self.plane = plane
        self.owner = owner
        self.source = source
        self.sink = sink
        self.left = left
        self.scanner = scanner
        self.decode = decode
        self.moved = 0
        self.ended = left == 0 and scanner is None
        self.finished = False
        self.rest = b""
        self._held = b""
        self._pipe: Pipe | None = None
        self._full = 0

    def cut(self, data: bytes) -> bytes:
        """
        Take in bytes from the source and keep track of the framing.

        @param data: What was received.

        @return: What to send to the sink; what lies behind the end is in L{rest}.

        @raise BadMessage: The framing is broken.
        """
        scanner = self.scanner
        if scanner is not None:
            return self._scan(scanner, data)
        left = self.left
        if left >= 0:
            if len(data) >= left:
                self.ended = True
                self.left = 0
                self.rest = data[left:]
                return data[:left]
            self.left = left - len(data)
        return data

    def _scan(self, scanner: ChunkScanner, data: bytes) -> bytes:
        if self._held:
            data = self._held + data
            self._held = b""
        pieces: list[bytes] | None = [] if self.decode else None
        end, _payload = scanner.feed(data, pieces=pieces)
        if scanner.complete:
            self.ended = True
            self.rest = data[end:]
        else:
            self._held = data[end:]
        if pieces is not None:
            return b"".join(pieces)
        return data[:end] if end < len(data) else data

    @property
    def until_close(self) -> bool:
        """
        Whether only the end of the connection tells where the body ends.
        """
        return self.scanner is None and self.left == UNTIL_CLOSE

    def pull(self) -> None:
        """
        The source can be read.
        """
        if self.ended or self.finished:
            self.source.pause_reading()
            return
        if self._pipe is not None or self._worth_splicing():
            self._splice()
            return
        source = self.source
        try:
            data = source.recv(self.plane.bufsize)
        except BlockingIOError:
            return
        except OSError:
            self._broken("source")
            return
        if not data:
            self._source_closed()
            return
        if self.scanner is None and self.left == UNTIL_CLOSE:
            self._full = self._full + 1 if len(data) == self.plane.bufsize else 0
        try:
            data = self.cut(data)
        except BadMessage:
            self._broken("framing")
            return
        self.push(data)

    def push(self, data: bytes) -> None:
        """
        Send to the sink, and see what follows.

        @param data: Bytes that went through L{cut}; may be empty.
        """
        self.moved += len(data)
        try:
            written = self.sink.write(data) if data else not self.sink.out
        except OSError:
            self._broken("sink")
            return
        if not written:
            self.source.pause_reading()
            self.owner.transfer_moved(self)
        elif self.ended:
            self._done()
        else:
            self.owner.transfer_moved(self)

    def drained(self) -> None:
        """
        The sink takes more.
        """
        if self.finished:
            return
        pipe = self._pipe
        if pipe is not None and pipe.filled:
            self._splice()
        elif self.ended:
            self._done()
        else:
            self.source.resume_reading()

    def stop(self) -> None:
        """
        Let go of everything; nothing is told to the owner any more.
        """
        self.finished = True
        if self._pipe is not None:
            self.plane.pipes.take_back(self._pipe)
            self._pipe = None

    def _worth_splicing(self) -> bool:
        if self.sink.out or not self.plane.splice:
            return False
        if self.scanner is not None:
            worth = self.scanner.remaining >= SPLICE_FROM and not self.decode
        elif self.left == UNTIL_CLOSE:
            worth = self._full >= 2
        else:
            worth = self.left >= SPLICE_FROM
        if worth:
            self._pipe = self.plane.pipes.lend()
        return self._pipe is not None

    def _most(self) -> int:
        if self.scanner is not None:
            return self.scanner.remaining
        return self.left if self.left >= 0 else BUDGET

    def _splice(self) -> None:
        pipe: Any = self._pipe
        source = self.source
        sink = self.sink
        budget = BUDGET
        moved = 0
        while True:
            got = -1
            room = min(pipe.size - pipe.filled, self._most()) if not self.ended else 0
            # What the pipe holds goes first, lest an end of the source drop it.
            if room > 0 and budget > 0 and not pipe.filled:
                try:
                    got = os.splice(source.fd, pipe.writer, room, flags=_FLAGS)
                except BlockingIOError:
                    got = -1
                except OSError:
                    self._broken("source")
                    return
                if got == 0 and not self._end_of_source():
                    return
                if got > 0:
                    pipe.filled += got
                    budget -= got
                    self._account(got)
            if not pipe.filled:
                break
            try:
                sent = os.splice(pipe.reader, sink.fd, pipe.filled, flags=_FLAGS)
            except BlockingIOError:
                sent = 0
            except OSError:
                self._broken("sink")
                return
            pipe.filled -= sent
            moved += sent
            if pipe.filled:
                # Either the sink is full or it took a part: it will tell.
                source.pause_reading()
                sink.want((sink.mask | WRITE) & ~UNWATCHED)
                break
        self._after_splice(pipe, moved)

    def _after_splice(self, pipe: Any, moved: int) -> None:
        self.moved += moved
        self.plane.state.bytes_spliced += moved
        if pipe.filled:
            self.owner.transfer_moved(self)
            return
        if self.ended:
            self._done()
            return
        if self.left == UNTIL_CLOSE and self.scanner is None and moved < self.plane.bufsize:
            self._full = 0
        self.plane.pipes.take_back(pipe)
        self._pipe = None
        self.source.resume_reading()
        if moved:
            self.owner.transfer_moved(self)

    def _account(self, count: int) -> None:
        if self.scanner is not None:
            self.scanner.advance(count)
        elif self.left >= 0:
            self.left -= count
            if not self.left:
                self.ended = True

    def _end_of_source(self) -> bool:
        """
        The source is at its end while a pipe is lent.

        @return: False when that broke the transfer.
        """
        if self.scanner is not None or self.left >= 0:
            self._broken("source")
            return False
        self.ended = True
        return True

    def _source_closed(self) -> None:
        if self.scanner is not None or self.left >= 0:
            self._broken("source")
            return
        self.ended = True
        self.source.pause_reading()
        if not self.sink.out:
            self._done()

    def _broken(self, side: str) -> None:
        if not self.finished:
            self.stop()
            self.owner.transfer_broken(self, side)

    def _done(self) -> None:
        if not self.finished:
            self.stop()
            self.owner.transfer_done(self)
