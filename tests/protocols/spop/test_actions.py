"""
Tests for L{mwproxy.protocols.spop.actions}.
"""

from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.protocols.spop.actions import (
    Action,
    Scope,
    SetVar,
    UnsetVar,
    decode_actions,
    encode_action,
)
from mwproxy.protocols.spop.errors import BadFrame
from tests.protocols.spop.strategies import ACTIONS, quick


class ActionTests(SynchronousTestCase):
    """
    Tests of actions.
    """

    def test_forms(self) -> None:
        """
        Actions have the form of the document; the name of the variable has no type.
        """
        self.assertEqual(
            encode_action(SetVar(Scope.sess, "score", 20)).hex(),
            "010301" + "05" + b"score".hex() + "0414",
        )
        self.assertEqual(
            encode_action(UnsetVar(Scope.res, "x")).hex(), "020204" + "01" + b"x".hex()
        )

    @quick
    @given(st.lists(ACTIONS, max_size=5))
    def test_both_ways(self, actions: list[Action]) -> None:
        """
        What is written is read again.
        """
        data = b"".join(map(encode_action, actions))
        self.assertEqual(decode_actions(b"?" + data, 1), actions)

    def test_cut(self) -> None:
        """
        An action that is cut is refused.
        """
        first = encode_action(SetVar(Scope.txn, "name", "value"))
        data = first + encode_action(UnsetVar(Scope.proc, "other"))
        for end in range(1, len(data)):
            if end != len(first):
                with self.assertRaises(BadFrame):
                    decode_actions(data[:end], 0)

    def test_unknown(self) -> None:
        """
        An unknown action is skipped with its arguments.
        """
        known = UnsetVar(Scope.txn, "a")
        self.assertEqual(
            decode_actions(b"\x09\x02\x11\x08\x01x" + encode_action(known), 0), [known]
        )

    def test_wrong(self) -> None:
        """
        A wrong scope and a wrong number of arguments are refused.
        """
        for data in (b"\x01\x03\x05\x01a\x00", b"\x01\x02\x02\x01a\x00", b"\x02\x03\x02\x01a"):
            with self.assertRaises(BadFrame):
                decode_actions(data, 0)

    @quick
    @given(st.binary(max_size=60))
    def test_garbage(self, data: bytes) -> None:
        """
        Garbage is a list of actions or a L{BadFrame}.
        """
        with contextlib.suppress(BadFrame):
            decode_actions(data, 0)
