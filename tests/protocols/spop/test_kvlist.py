"""
Tests for L{mwproxy.protocols.spop.kvlist}.
"""

from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.protocols.spop.data import Value
from mwproxy.protocols.spop.errors import BadFrame
from mwproxy.protocols.spop.kvlist import decode_kvlist, encode_kvlist
from tests.protocols.spop.strategies import TEXTS, VALUES, quick


class ListTests(SynchronousTestCase):
    """
    Tests of lists of names and values.
    """

    @quick
    @given(st.dictionaries(TEXTS, VALUES, max_size=5))
    def test_both_ways(self, items: dict[str, Value]) -> None:
        """
        What is written is read again.
        """
        self.assertEqual(decode_kvlist(b"?" + encode_kvlist(items), 1), items)

    def test_cut(self) -> None:
        """
        A list that is cut inside an item is refused.
        """
        data = encode_kvlist({"name": "value", "number": 300})
        whole = {0, 12, len(data)}
        for end in range(len(data) + 1):
            if end not in whole:
                with self.assertRaises(BadFrame):
                    decode_kvlist(data[:end], 0)

    def test_twice(self) -> None:
        """
        Of a name that comes twice the last value counts.
        """
        data = encode_kvlist({"a": 1}) + encode_kvlist({"a": 2})
        self.assertEqual(decode_kvlist(data, 0), {"a": 2})

    @quick
    @given(st.binary(max_size=60))
    def test_garbage(self, data: bytes) -> None:
        """
        Garbage is a list or a L{BadFrame}.
        """
        with contextlib.suppress(BadFrame):
            decode_kvlist(data, 0)
