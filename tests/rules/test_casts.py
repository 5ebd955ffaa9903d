"""
Tests of C{mwproxy/rules/casts.py}.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.rules.casts import (
    INT_MAX,
    INT_MIN,
    CannotCast,
    cast,
    clamp,
    parse_host,
    to_address,
    to_binary,
    to_bool,
    to_bytes,
    to_int,
    to_ipv4,
    to_ipv6,
)

FOUR = IPv4Address("1.2.3.4")
SIX = IPv6Address("2001:db8::1")


class CastTests(SynchronousTestCase):
    """
    Tests of casts between types.
    """

    def test_to_bytes(self) -> None:
        """
        Everything has a text; booleans are digits.
        """
        shown = [to_bytes(sample) for sample in (b"x", 5, True, False, FOUR, SIX)]
        self.assertEqual(shown, [b"x", b"5", b"1", b"0", b"1.2.3.4", b"2001:db8::1"])

    def test_to_binary(self) -> None:
        """
        Numbers have eight bytes, addresses four or sixteen.
        """
        self.assertEqual(to_binary(5), b"\0" * 7 + b"\5")
        self.assertEqual(to_binary(-1), b"\xff" * 8)
        self.assertEqual(to_binary(FOUR), b"\1\2\3\4")
        self.assertEqual(to_binary(b"x"), b"x")

    def test_to_int(self) -> None:
        """
        A text's leading digits count, within 64 bits.
        """
        self.assertEqual([to_int(text) for text in (b"12ab", b"-5", b" 5", b"")], [12, -5, 0, 0])
        self.assertEqual(to_int(b"9" * 30), INT_MAX)
        self.assertEqual(to_int(FOUR), 0x01020304)
        self.assertIsNone(to_int(SIX))
        self.assertIs(to_bool(b"0"), False)
        self.assertIs(to_bool(3), True)
        self.assertIsNone(to_bool(SIX))

    def test_addresses(self) -> None:
        """
        Texts and numbers become addresses when they are some.
        """
        self.assertEqual(to_address(b"1.2.3.4"), FOUR)
        self.assertIsNone(to_address(b"x"))
        self.assertIsNone(to_address(b"1" * 50))
        self.assertEqual(to_address(0x01020304), FOUR)
        self.assertEqual(to_ipv6(FOUR), IPv6Address("::ffff:1.2.3.4"))
        self.assertEqual(to_ipv6(SIX), SIX)
        self.assertEqual(to_ipv4(IPv6Address("::ffff:1.2.3.4")), FOUR)
        self.assertIsNone(to_ipv4(SIX))
        self.assertEqual(parse_host("fe80::1%eth0"), IPv6Address("fe80::1"))
        self.assertIsNone(parse_host(""))

    def test_clamp(self) -> None:
        """
        Numbers stay within 64 bits.
        """
        self.assertEqual([clamp(2**70), clamp(-(2**70)), clamp(7)], [INT_MAX, INT_MIN, 7])

    def test_choice(self) -> None:
        """
        Types that are alike need no cast; impossible ones are refused.
        """
        for source, target in (("str", "bin"), ("ipv4", "addr"), ("sint", "sint"), ("str", "any")):
            self.assertIsNone(cast(source, target))
        self.assertIs(cast("any", "str"), to_bytes)
        for source, target in (("bool", "addr"), ("ipv6", "sint")):
            self.assertRaises(CannotCast, cast, source, target)
