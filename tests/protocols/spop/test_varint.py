"""
Tests for L{mwproxy.protocols.spop.varint}.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.protocols.spop.errors import BadFrame
from mwproxy.protocols.spop.varint import MAX, decode_varint, encode_varint
from tests.protocols.spop.strategies import IDS, quick

#: The first and last number of each length, as the document lists them.
EDGES = {
    0: "00",
    239: "ef",
    240: "f000",
    2287: "ff7f",
    2288: "f08000",
    264431: "ffff7f",
    264432: "f0808000",
    33818863: "ffffff7f",
    33818864: "f080808000",
    4328786159: "ffffffff7f",
    4328786160: "f08080808000",
    MAX: "fff0fefefefefefefe0e",
}


class VarintTests(SynchronousTestCase):
    """
    Tests of integers of variable length.
    """

    def test_edges(self) -> None:
        """
        Lengths change where the document says so.
        """
        for value, written in EDGES.items():
            data = bytes.fromhex(written)
            self.assertEqual(encode_varint(value).hex(), written)
            self.assertEqual(decode_varint(data, 0), (value, len(data)))

    @quick
    @given(IDS, st.binary(max_size=3), st.binary(max_size=3))
    def test_both_ways(self, value: int, before: bytes, behind: bytes) -> None:
        """
        What is written is read again, wherever it stands; cut short it is not read.
        """
        written = encode_varint(value)
        end = len(before) + len(written)
        self.assertEqual(decode_varint(before + written + behind, len(before)), (value, end))
        for cut in range(len(written)):
            with self.assertRaises(IndexError):
                decode_varint(before + written[:cut], len(before))

    def test_out_of_range(self) -> None:
        """
        Nothing negative and nothing over 64 bits is written.
        """
        for value in (-1, MAX + 1):
            with self.assertRaises(ValueError):
                encode_varint(value)

    def test_too_long(self) -> None:
        """
        Nothing over 64 bits is read, however long it goes on.
        """
        for data in (b"\xff" * 9 + b"\x7f", b"\xff" * 10 + b"\0", b"\xff" * 16000):
            with self.assertRaises(BadFrame):
                decode_varint(data, 0)
