"""
Tests for L{mwproxy.protocols.spop.frames}.
"""

from __future__ import annotations

import contextlib
import itertools

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.protocols.spop.errors import BadFrame, Status
from mwproxy.protocols.spop.frames import (
    ABORT,
    FIN,
    FrameReader,
    Kind,
    check_ids,
    decode_head,
    encode_frame,
    refuse_fragment,
)
from tests.protocols.pieces import every_split
from tests.protocols.spop.strategies import IDS, quick

FRAMES = st.builds(
    encode_frame,
    st.integers(0, 255),
    st.binary(max_size=40),
    IDS,
    IDS,
    st.integers(0, 2**32 - 1),
)  # fmt: skip


def read(pieces: list[bytes], max_size: int = 256) -> list[bytes]:
    """
    Feed a reader.

    @return: The frames.
    """
    reader = FrameReader(max_size)
    frames = []
    for piece in pieces:
        reader.feed(piece)
        while (frame := reader.next()) is not None:
            frames.append(frame)
    return frames


class HeadTests(SynchronousTestCase):
    """
    Tests of what stands before a payload.
    """

    def test_form(self) -> None:
        """
        A frame has the form of the document.
        """
        frame = encode_frame(Kind.NOTIFY, b"xyz", 300, 2)
        self.assertEqual(frame.hex(), "0000000b" + "03" + "00000001" + "fc03" + "02" + "78797a")
        self.assertEqual(decode_head(frame[4:]), (3, FIN, 300, 2, 8))

    @quick
    @given(st.integers(0, 255), st.integers(0, 2**32 - 1), IDS, IDS, st.binary(max_size=9))
    def test_both_ways(
        self, kind: int, flags: int, stream_id: int, frame_id: int, payload: bytes
    ) -> None:
        """
        What is written is read again, unknown types and flags included.
        """
        frame = encode_frame(kind, payload, stream_id, frame_id, flags)
        *head, at = decode_head(frame[4:])
        self.assertEqual(head, [kind, flags, stream_id, frame_id])
        self.assertEqual(frame[4 + at :], payload)
        self.assertEqual(int.from_bytes(frame[:4], "big"), len(frame) - 4)

    def test_cut(self) -> None:
        """
        A frame that ends in its head is refused.
        """
        frame = encode_frame(Kind.ACK, b"", 2**64 - 1, 2**64 - 1)[4:]
        for end in range(len(frame)):
            with self.assertRaises(BadFrame):
                decode_head(frame[:end])

    def test_fragments(self) -> None:
        """
        A part of a payload is refused with the status for it, whatever its type; flags that mean
        nothing are ignored.
        """
        for kind, flags in ((Kind.NOTIFY, 0), (Kind.UNSET, FIN), (Kind.ACK, ABORT)):
            with self.assertRaises(BadFrame) as caught:
                refuse_fragment(kind, flags)
            self.assertEqual(caught.exception.status, Status.NO_FRAGMENTS)
        refuse_fragment(Kind.NOTIFY, FIN | 0xFFFFFFFC)

    def test_ids(self) -> None:
        """
        A frame about the connection has no ids.
        """
        check_ids(0, 0)
        for ids in ((1, 0), (0, 1)):
            with self.assertRaises(BadFrame):
                check_ids(*ids)


class ReaderTests(SynchronousTestCase):
    """
    Tests of cutting bytes into frames.
    """

    @quick
    @given(st.lists(FRAMES, max_size=6), st.integers(1, 60), st.binary(max_size=20))
    def test_cut(self, frames: list[bytes], step: int, rest: bytes) -> None:
        """
        The short way gives the same frames as the long one, and refuses the same.
        """
        data = b"".join(frames) + rest
        pieces = [data[at : at + step] for at in range(0, len(data), step)]
        found: list[bytes | str] = []
        expected: list[bytes | str] = []
        for short, into in ((True, found), (False, expected)):
            reader = FrameReader(256)
            try:
                for piece in pieces:
                    if short:
                        into += reader.cut(piece)
                    else:
                        reader.feed(piece)
                    while (frame := reader.next()) is not None:
                        into.append(frame)
            except BadFrame as error:
                into.append(str(error))
        self.assertEqual(found, expected)

    def test_every_split(self) -> None:
        """
        However the bytes are cut, the frames are the same.
        """
        frames = [
            encode_frame(Kind.NOTIFY, b"one", 1, 1),
            encode_frame(Kind.ACK, b"", 2, 300),
            encode_frame(77, b"three" * 20, 0, 0, 0),
        ]
        for pieces in every_split(b"".join(frames)):
            self.assertEqual(read(pieces), [frame[4:] for frame in frames])

    @quick
    @given(st.lists(FRAMES, max_size=6), st.lists(st.integers(0, 400), max_size=8))
    def test_random_pieces(self, frames: list[bytes], cuts: list[int]) -> None:
        """
        So they are with cuts at random places.
        """
        data = b"".join(frames)
        places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
        pieces = [data[a:b] for a, b in itertools.pairwise(places)]
        self.assertEqual(read(pieces), [frame[4:] for frame in frames])

    def test_frames_that_are_not_taken(self) -> None:
        """
        Frames wait inside while more is fed, and nothing is lost.
        """
        frames = [encode_frame(Kind.NOTIFY, b"%d" % number, number, 1) for number in range(9)]
        data = b"".join(frames)
        reader = FrameReader()
        found = []
        for at in range(0, len(data), 5):
            reader.feed(data[at : at + 5])
            if at % 3 == 0 and (frame := reader.next()) is not None:
                found.append(frame)
        self.assertTrue(reader.pending)
        while (frame := reader.next()) is not None:
            found.append(frame)
        self.assertEqual(found, [frame[4:] for frame in frames])
        self.assertFalse(reader.pending)

    def test_too_big(self) -> None:
        """
        A longer frame is refused as soon as its length is known, the ones before it are given.
        """
        good = encode_frame(Kind.NOTIFY, b"good", 1, 1)
        largest = encode_frame(Kind.NOTIFY, b"x" * 249, 1, 1)
        bad = (257).to_bytes(4, "big")
        self.assertEqual(read([largest]), [largest[4:]])
        for pieces in every_split(good + bad):
            reader = FrameReader(256)
            found = []
            for piece in pieces[:-1]:
                reader.feed(piece)
                while (frame := reader.next()) is not None:
                    found.append(frame)
            reader.feed(pieces[-1])
            with self.assertRaises(BadFrame) as caught:
                while (frame := reader.next()) is not None:
                    found.append(frame)
            self.assertEqual(found, [good[4:]])
            self.assertEqual(caught.exception.status, Status.TOO_BIG)
        self.assertEqual(str(caught.exception), "frame is too big: 257 bytes, 256 at most")

    def test_too_short(self) -> None:
        """
        A frame that has no place for its head is refused.
        """
        for size in range(7):
            with self.assertRaises(BadFrame) as caught:
                read([size.to_bytes(4, "big") + b"\1" * size])
            self.assertEqual(caught.exception.status, Status.INVALID)

    def test_memory(self) -> None:
        """
        Bytes of an announced frame do not pile up beyond it.
        """
        reader = FrameReader(256)
        with self.assertRaises(BadFrame):
            for _ in range(10):
                reader.feed(b"\xff" * 100)
                reader.next()

    @quick
    @given(st.lists(st.binary(max_size=30), max_size=20))
    def test_garbage(self, pieces: list[bytes]) -> None:
        """
        Garbage is a list of frames or a L{BadFrame}.
        """
        with contextlib.suppress(BadFrame):
            read(pieces)
