"""
C{option spop-check}: a HELLO handshake of SPOP (SPOE.txt 3.2.4, 3.2.5).

A server is fine if it answers HAPROXY-HELLO by an AGENT-HELLO with a version that is spoken here
and a frame size that was offered. As in HAProxy's check it need not name its capabilities, and the
reason of an AGENT-DISCONNECT is told by its status code. What is no frame of SPOP, such as the
answer of an HTTP server, is refused at once where HAProxy waits for the rest of it.
"""

from __future__ import annotations

from mwproxy.core.families import health_check
from mwproxy.live.servers import Server
from mwproxy.net.checks.result import Result
from mwproxy.protocols.spop.errors import REASONS, BadFrame, Status
from mwproxy.protocols.spop.frames import (
    FrameReader,
    Kind,
    check_ids,
    decode_head,
    refuse_fragment,
)
from mwproxy.protocols.spop.hello import EngineHello, decode_agent_hello, encode_engine_hello
from mwproxy.protocols.spop.kvlist import decode_kvlist


class SpopDialog:
    """
    One handshake.
    """

    broken = "L7RSP"

    def __init__(self, max_frame_size: int) -> None:
        """
        @param max_frame_size: The largest frame to offer, in bytes.
        """
        self.request = encode_engine_hello(EngineHello(max_frame_size, healthcheck=True))
        self._offered = max_frame_size
        self._reader = FrameReader(max_frame_size)

    def received(self, data: bytes) -> Result | None:
        """
        Take a part of the answer. See L{Dialog<mwproxy.net.checks.result.Dialog>}.
        """
        if data:
            self._reader.feed(data)
        try:
            frame = self._reader.next()
            if frame is not None:
                return self._judge(frame)
            if data:
                return None
            if self._reader.pending:
                raise BadFrame
        except BadFrame as error:
            return Result("L7RSP", info=REASONS[error.status])
        return Result("L7RSP", info="TCPCHK got an empty response at step 2")

    def _judge(self, frame: bytes) -> Result:
        kind, flags, stream_id, frame_id, at = decode_head(frame)
        refuse_fragment(kind, flags)
        check_ids(stream_id, frame_id)
        if kind == Kind.AGENT_HELLO:
            try:
                decode_agent_hello(frame, at, self._offered)
            except BadFrame as error:
                if error.status is not Status.NO_CAPABILITIES:
                    raise
            return Result("L7OK")
        if kind == Kind.AGENT_DISCONNECT:
            raise BadFrame(_reason(decode_kvlist(frame, at).get("status-code", 0)))
        raise BadFrame


def _reason(code: object) -> Status:
    """
    Find the status that a DISCONNECT gives.

    @param code: A number; agents may have codes of their own.
    """
    if not isinstance(code, int) or isinstance(code, bool):
        return Status.INVALID
    try:
        return Status(code)
    except ValueError:
        return Status.UNKNOWN


@health_check("spop")
def check_spop(server: Server) -> SpopDialog:
    """
    Check that an SPOE agent answers a HELLO frame as it has to.
    """
    return SpopDialog(server.backend.description.spop_check)
