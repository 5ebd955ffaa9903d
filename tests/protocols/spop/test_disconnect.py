"""
Tests for L{mwproxy.protocols.spop.disconnect}.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.protocols.spop.data import Value
from mwproxy.protocols.spop.disconnect import Disconnect, decode_disconnect, encode_disconnect
from mwproxy.protocols.spop.errors import BadFrame, Status
from mwproxy.protocols.spop.frames import Kind, decode_head
from mwproxy.protocols.spop.kvlist import encode_kvlist
from tests.protocols.spop.strategies import TEXTS, quick


class DisconnectTests(SynchronousTestCase):
    """
    Tests of DISCONNECT frames.
    """

    @quick
    @given(
        st.sampled_from([Kind.HAPROXY_DISCONNECT, Kind.AGENT_DISCONNECT]),
        st.integers(0, 2**32 - 1),
        TEXTS.filter(bool),
    )
    def test_both_ways(self, kind: Kind, status: int, message: str) -> None:
        """
        What is written is read again.
        """
        frame = encode_disconnect(kind, status, message)[4:]
        self.assertEqual(decode_head(frame), (kind, 1, 0, 0, 7))
        self.assertEqual(decode_disconnect(frame, 7), Disconnect(status, message))

    def test_usual_words(self) -> None:
        """
        Without a message it has the words of its status.
        """
        frame = encode_disconnect(Kind.AGENT_DISCONNECT, Status.TOO_BIG)[4:]
        self.assertEqual(decode_disconnect(frame, 7), Disconnect(3, "frame is too big"))

    def test_lacking(self) -> None:
        """
        Without status or message, or with those of another type, it is refused.
        """
        wrong: list[dict[str, Value]] = [
            {"status-code": 0},
            {"message": "x"},
            {"status-code": "0", "message": "x"},
            {"status-code": 0, "message": b"x"},
        ]
        for items in wrong:
            with self.assertRaises(BadFrame):
                decode_disconnect(encode_kvlist(items), 0)
