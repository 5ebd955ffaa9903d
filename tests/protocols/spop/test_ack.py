"""
Tests for L{mwproxy.protocols.spop.ack}.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.protocols.spop.ack import decode_ack, encode_ack
from mwproxy.protocols.spop.actions import Action, Scope, UnsetVar
from mwproxy.protocols.spop.frames import decode_head
from tests.protocols.spop.strategies import ACTIONS, IDS, quick


class AckTests(SynchronousTestCase):
    """
    Tests of ACK frames.
    """

    @quick
    @given(IDS, IDS, st.lists(ACTIONS, max_size=4))
    def test_both_ways(self, stream_id: int, frame_id: int, actions: list[Action]) -> None:
        """
        What is written is read again.
        """
        frame = encode_ack(stream_id, frame_id, actions)[4:]
        kind, flags, *ids, at = decode_head(frame)
        self.assertEqual((kind, ids), (103, [stream_id, frame_id]))
        self.assertEqual(decode_ack(frame, flags, at), actions)

    def test_aborted(self) -> None:
        """
        An agent may give up; then its actions do not count.
        """
        frame = encode_ack(1, 1, [UnsetVar(Scope.txn, "a")])
        self.assertIsNone(decode_ack(frame, 3, 11))
        self.assertEqual(decode_ack(frame, 1, 11), [UnsetVar(Scope.txn, "a")])
