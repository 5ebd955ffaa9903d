"""
Tests for L{mwproxy.balance.hashes}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.balance.hashes import address_key, avalanche


class AddressKeyTests(SynchronousTestCase):
    """
    Tests for L{address_key}.
    """

    def test_ipv4(self) -> None:
        """
        An IPv4 address is its number.
        """
        self.assertEqual(address_key("127.0.0.1"), 0x7F000001)

    def test_ipv6(self) -> None:
        """
        The words of an IPv6 address are xored; a zone does not matter.
        """
        self.assertEqual(address_key("1:2:3:4:5:6:7:8"), 0x10002 ^ 0x30004 ^ 0x50006 ^ 0x70008)
        self.assertEqual(address_key("fe80::1%lo"), address_key("fe80::1"))

    def test_no_address(self) -> None:
        """
        Clients of UNIX sockets have no key.
        """
        self.assertIsNone(address_key(""))
        self.assertIsNone(address_key("x:y"))


class AvalancheTests(SynchronousTestCase):
    """
    Tests for L{avalanche}.
    """

    @given(st.integers(0, 2**32 - 1), st.integers(0, 31))
    @settings(max_examples=200, derandomize=True, deadline=None)
    def test_one_bit(self, key: int, bit: int) -> None:
        """
        Flipping one bit of the key changes the result, which stays within 32 bits.
        """
        result = avalanche(key)
        self.assertTrue(0 <= result < 2**32)
        self.assertNotEqual(result, avalanche(key ^ 1 << bit))

    def test_half_of_the_bits(self) -> None:
        """
        On average about half of the bits change.
        """
        changed = [
            (avalanche(key) ^ avalanche(key ^ 1 << bit)).bit_count()
            for key in range(0, 2**32, 2**26 + 12345)
            for bit in range(32)
        ]
        self.assertTrue(15 < sum(changed) / len(changed) < 17)
