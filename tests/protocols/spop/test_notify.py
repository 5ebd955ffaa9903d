"""
Tests for L{mwproxy.protocols.spop.notify}.
"""

from __future__ import annotations

import contextlib
from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.protocols.spop.data import Value
from mwproxy.protocols.spop.errors import BadFrame
from mwproxy.protocols.spop.frames import Kind, decode_head, encode_frame
from mwproxy.protocols.spop.notify import (
    Message,
    decode_notify,
    encode_message_head,
    encode_notify,
    notify_frame,
)
from mwproxy.protocols.spop.varint import encode_varint
from tests.protocols.spop.strategies import IDS, MESSAGES, quick


class NotifyTests(SynchronousTestCase):
    """
    Tests of NOTIFY frames.
    """

    @quick
    @given(IDS, IDS, st.binary(max_size=300))
    def test_parts(self, stream_id: int, frame_id: int, payload: bytes) -> None:
        """
        A frame of parts is the same as any frame.
        """
        ids = encode_varint(stream_id) + encode_varint(frame_id)
        self.assertEqual(
            notify_frame(payload, ids), encode_frame(Kind.NOTIFY, payload, stream_id, frame_id)
        )

    def test_form(self) -> None:
        """
        A message has the form of the document.
        """
        message = Message("check", [("ip", IPv4Address("192.0.2.1")), ("", True)])
        frame = encode_notify(5, 1, [message])
        written = "05" + b"check".hex() + "02" + "026970" + "06c0000201" + "00" + "11"
        self.assertEqual(frame[11:].hex(), written)
        self.assertEqual(decode_notify(frame, 11), [message])

    @quick
    @given(IDS, IDS, st.lists(MESSAGES, max_size=4))
    def test_both_ways(self, stream_id: int, frame_id: int, messages: list[Message]) -> None:
        """
        What is written is read again.
        """
        frame = encode_notify(stream_id, frame_id, messages)[4:]
        *head, at = decode_head(frame)
        self.assertEqual(head, [3, 1, stream_id, frame_id])
        self.assertEqual(decode_notify(frame, at), messages)

    def test_cut(self) -> None:
        """
        A frame that is cut inside a message is refused.
        """
        arguments: list[tuple[str, Value]]
        arguments = [("ip", IPv4Address("192.0.2.1")), ("path", "/"), ("raw", b"xyz"), ("n", 999)]
        frame = encode_notify(5, 1, [Message("check", arguments)])
        for end in range(12, len(frame)):
            with self.assertRaises(BadFrame):
                decode_notify(frame[:end], 11)

    def test_cut_string(self) -> None:
        """
        So is one that is cut inside its last string.
        """
        frame = encode_notify(5, 1, [Message("check", [("path", "/index")])])
        with self.assertRaises(BadFrame):
            decode_notify(frame[:-1], 11)

    @quick
    @given(st.binary(max_size=80))
    def test_garbage(self, data: bytes) -> None:
        """
        Garbage is a list of messages or a L{BadFrame}.
        """
        with contextlib.suppress(BadFrame):
            decode_notify(data, 0)

    def test_too_many_arguments(self) -> None:
        """
        A message has at most 255 arguments.
        """
        self.assertEqual(encode_message_head("m", 255), b"\x01m\xff")
        with self.assertRaises(ValueError):
            encode_message_head("m", 256)
