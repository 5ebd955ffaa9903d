"""
What can go wrong between an engine and an agent (SPOE.txt 3.5).
"""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """
    The codes of DISCONNECT frames.
    """

    NORMAL = 0
    IO = 1
    TIMEOUT = 2
    TOO_BIG = 3
    INVALID = 4
    NO_VERSION = 5
    NO_MAX_FRAME_SIZE = 6
    NO_CAPABILITIES = 7
    BAD_VERSION = 8
    BAD_FRAME_SIZE = 9
    NO_FRAGMENTS = 10
    INTERLACED = 11
    NO_FRAME_ID = 12
    RESOURCES = 13
    UNKNOWN = 99


#: The words of each code.
REASONS = {
    Status.NORMAL: "normal",
    Status.IO: "I/O error",
    Status.TIMEOUT: "a timeout occurred",
    Status.TOO_BIG: "frame is too big",
    Status.INVALID: "invalid frame received",
    Status.NO_VERSION: "version value not found",
    Status.NO_MAX_FRAME_SIZE: "max-frame-size value not found",
    Status.NO_CAPABILITIES: "capabilities value not found",
    Status.BAD_VERSION: "unsupported version",
    Status.BAD_FRAME_SIZE: "max-frame-size too big or too small",
    Status.NO_FRAGMENTS: "fragmentation not supported",
    Status.INTERLACED: "invalid interlaced frames",
    Status.NO_FRAME_ID: "frame-id not found",
    Status.RESOURCES: "resource allocation error",
    Status.UNKNOWN: "an unknown error occurred",
}


class BadFrame(Exception):
    """
    The peer broke the protocol: the connection has to end.

    @ivar status: What to tell the peer.

    @ivar detail: What exactly is wrong, for our own log; empty when the status tells all.
    """

    def __init__(self, status: Status = Status.INVALID, detail: str = "") -> None:
        self.status = status
        self.detail = detail
        reason = REASONS[status]
        super().__init__(f"{reason}: {detail}" if detail else reason)


def reason_of(code: int) -> str:
    """
    Put a status code in words.

    @param code: Of a DISCONNECT frame; agents may have codes of their own.

    @return: The words.
    """
    try:
        return REASONS[Status(code)]
    except ValueError:
        return f"status {code}"
