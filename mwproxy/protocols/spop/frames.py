"""
Frames (SPOE.txt 3.2): length, type, flags, ids of stream and frame, payload.

L{FrameReader} cuts a stream of bytes into frames; the modules of the frame kinds read their
payloads. A frame without its length is plain L{bytes} all along.
"""

from __future__ import annotations

import struct
from enum import IntEnum

from mwproxy.protocols.spop.errors import BadFrame, Status
from mwproxy.protocols.spop.varint import decode_varint, encode_varint

#: No peer may ask for less.
MIN_FRAME_SIZE = 256
#: What HAProxy offers by default: C{tune.bufsize} less the four bytes of the length.
DEFAULT_FRAME_SIZE = 16380
#: What all engines since HAProxy 1.8 speak.
VERSION = "2.0"

FIN = 1
ABORT = 2
#: Type, flags and two ids of one byte each.
_SHORTEST = 7
_HEAD = struct.Struct("!BI")
_WHOLE_HEAD = struct.Struct("!IBI")


class Kind(IntEnum):
    """
    The types of frames.
    """

    UNSET = 0
    HAPROXY_HELLO = 1
    HAPROXY_DISCONNECT = 2
    NOTIFY = 3
    AGENT_HELLO = 101
    AGENT_DISCONNECT = 102
    ACK = 103


def encode_frame(
    kind: int, payload: bytes, stream_id: int = 0, frame_id: int = 0, flags: int = FIN
) -> bytes:
    """
    Write a frame.

    @param kind: A L{Kind}.

    @return: The frame with its length in front.

    @raise ValueError: An id is not of 64 bits.
    """
    ids = encode_varint(stream_id) + encode_varint(frame_id)
    return _WHOLE_HEAD.pack(5 + len(ids) + len(payload), kind, flags) + ids + payload


def decode_head(frame: bytes) -> tuple[int, int, int, int, int]:
    """
    Read what stands before the payload.

    @param frame: A frame without its length.

    @return: Type (maybe an unknown one), flags, stream-id, frame-id and where the payload begins.

    @raise BadFrame: It ends too early.
    """
    try:
        kind, flags = _HEAD.unpack_from(frame)
        stream_id, at = decode_varint(frame, 5)
        frame_id, at = decode_varint(frame, at)
    except (struct.error, IndexError):
        raise BadFrame(detail="frame ends in its head") from None
    return kind, flags, stream_id, frame_id, at


def refuse_fragment(kind: int, flags: int) -> None:
    """
    Refuse parts of a payload. Nobody announces fragmentation any more (HAProxy dropped it in
    3.1), so nobody may use it.

    @param kind: The type of a frame.

    @param flags: Its flags.

    @raise BadFrame: It is a part.
    """
    if kind == Kind.UNSET or not flags & FIN:
        raise BadFrame(Status.NO_FRAGMENTS)


def check_ids(stream_id: int, frame_id: int) -> None:
    """
    Check the ids of a frame that concerns the whole connection.

    @raise BadFrame: They are not 0.
    """
    if stream_id or frame_id:
        raise BadFrame(detail="stream-id and frame-id have to be 0 here")


class FrameReader:
    """
    Cuts bytes into frames.

    C{feed} takes what arrives, C{next} gives the next whole frame. Not more than one frame and what
    was fed last is kept.

    @ivar max_size: The longest frame in bytes, its length field not counted; HELLO frames
        negotiate it.
    """

    __slots__ = ("_at", "_data", "_part", "max_size")

    def __init__(self, max_size: int = DEFAULT_FRAME_SIZE) -> None:
        self.max_size = max_size
        self._data = b""
        self._at = 0
        self._part = bytearray()

    def feed(self, data: bytes) -> None:
        """
        Take bytes.

        @param data: What arrived, cut anywhere.
        """
        if self._at == len(self._data) and not self._part:
            self._data = data
            self._at = 0
            return
        part = self._part
        if self._at < len(self._data):
            part += self._data[self._at :]
        self._data = b""
        self._at = 0
        part += data
        # Joined only once the frame is whole, so that tiny pieces cost what they weigh.
        if len(part) >= 4:
            size = int.from_bytes(part[:4], "big")
            if len(part) >= 4 + size or not _SHORTEST <= size <= self.max_size:
                self._data = bytes(part)
                self._part = bytearray()

    def cut(self, data: bytes) -> list[bytes]:
        """
        Take bytes, and give the whole frames at their beginning; the shortest way for what usually
        comes. The rest is for C{next}, and so is all while something is kept.

        @param data: What arrived.

        @return: The frames without their lengths.
        """
        frames: list[bytes] = []
        if self._at < len(self._data) or self._part:
            self.feed(data)
            return frames
        at = 0
        length = len(data)
        if (
            int.from_bytes(data[:4], "big") + 4 == length
            and _SHORTEST + 4 <= length <= self.max_size
        ):
            # Just one, as most are.
            frames.append(data[4:])
            return frames
        while at + 4 < length:
            begin = at + 4
            size = int.from_bytes(data[at:begin], "big")
            end = begin + size
            if end > length or not _SHORTEST <= size <= self.max_size:
                break
            frames.append(data[begin:end])
            at = end
        self._data = data
        self._at = at
        return frames

    def next(self) -> bytes | None:
        """
        Give the next frame.

        @return: The frame without its length, L{None} when it is not whole yet.

        @raise BadFrame: It is longer than allowed, or too short to be one.
        """
        data = self._data
        at = self._at
        begin = at + 4
        if begin > len(data):
            return None
        size = int.from_bytes(data[at:begin], "big")
        if size > self.max_size:
            raise BadFrame(Status.TOO_BIG, f"{size} bytes, {self.max_size} at most")
        if size < _SHORTEST:
            raise BadFrame(detail=f"frame of {size} bytes")
        end = begin + size
        if end > len(data):
            return None
        self._at = end
        return data[begin:end]

    @property
    def pending(self) -> bool:
        """
        Whether bytes are kept that C{next} has not given yet.
        """
        return self._at < len(self._data) or bool(self._part)
