"""
Tests for L{mwproxy.protocols.proxy_protocol}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.protocols.proxy_protocol import (
    MAX_V1,
    MAX_V2,
    SIGNATURE_V2,
    BadHeader,
    Header,
    encode_v1,
    encode_v2,
    parse,
)

quick = settings(derandomize=True, max_examples=100, deadline=None, database=None)
PORTS = st.integers(0, 65535)
HEADERS = st.one_of(
    st.builds(
        Header, st.ip_addresses(v=4).map(str), PORTS, st.ip_addresses(v=4).map(str), PORTS
    ),
    st.builds(
        Header, st.ip_addresses(v=6).map(str), PORTS, st.ip_addresses(v=6).map(str), PORTS
    ),
)  # fmt: skip

FOUR = Header("192.0.2.1", 1234, "192.0.2.2", 80)
SIX = Header("2001:db8::1", 65535, "2001:db8::2", 0)
FOUR_V2 = (
    SIGNATURE_V2 + b"\x21\x11\x00\x0c\xc0\x00\x02\x01\xc0\x00\x02\x02\x04\xd2\x00\x50"
)  # fmt: skip


class CutTests(SynchronousTestCase):
    """
    Tests for headers that come in pieces.
    """

    def assert_grows(self, data: bytes, header: Header | None) -> None:
        """
        A header is understood when it is complete and not before; what follows it is left.
        """
        for end in range(len(data)):
            self.assertIsNone(parse(data[:end]), data[:end])
        self.assertEqual(parse(data), (header, len(data)))
        self.assertEqual(parse(data + b"PROXY \r\n"), (header, len(data)))

    def test_version_1(self) -> None:
        """
        Lines of version 1 may be cut anywhere.
        """
        self.assert_grows(b"PROXY TCP4 192.0.2.1 192.0.2.2 1234 80\r\n", FOUR)
        self.assert_grows(b"PROXY TCP6 2001:db8::1 2001:DB8:0::2 65535 0\r\n", SIX)
        self.assert_grows(b"PROXY UNKNOWN\r\n", None)
        self.assert_grows(b"PROXY UNKNOWN ffff::1 whatever 1 2\r\n", None)

    def test_version_2(self) -> None:
        """
        Headers of version 2 may be cut anywhere, inside their first 16 bytes too.
        """
        self.assert_grows(FOUR_V2, FOUR)
        self.assert_grows(encode_v2(SIX), SIX)
        self.assert_grows(SIGNATURE_V2 + b"\x20\x00\x00\x00", None)

    def test_values_are_skipped(self) -> None:
        """
        Type-length-values behind the addresses are passed over.
        """
        data = SIGNATURE_V2 + b"\x21\x11\x00\x10" + FOUR_V2[16:] + b"\x04\x00\x01x"
        self.assert_grows(data, FOUR)

    def test_local_with_addresses(self) -> None:
        """
        What a C{LOCAL} header says of addresses does not count.
        """
        self.assert_grows(SIGNATURE_V2 + b"\x20\x11\x00\x0c" + FOUR_V2[16:], None)

    def test_other_families(self) -> None:
        """
        UNIX sockets, datagrams and unspecified families carry no address of a TCP client.
        """
        for family in (b"\x00", b"\x12", b"\x22", b"\x31", b"\x32", b"\xff"):
            self.assert_grows(SIGNATURE_V2 + b"\x21" + family + b"\x00\x02ab", None)

    @quick
    @given(HEADERS, st.booleans())
    def test_round_trip(self, header: Header, binary: bool) -> None:
        """
        What is written is read again.
        """
        data = encode_v2(header) if binary else encode_v1(header)
        self.assertEqual(parse(data), (header, len(data)))
        self.assertLessEqual(len(data), MAX_V1)
        self.assertIsNone(parse(data[:-1]))


class BadHeaderTests(SynchronousTestCase):
    """
    Tests for what is refused.
    """

    def test_something_else(self) -> None:
        """
        A connection that begins otherwise is refused at the first byte that differs.
        """
        for data in (b"G", b"PROXY\t", b"PRI", b"\r\n\r\r", b"\x16", SIGNATURE_V2[:-1] + b"x"):
            self.assertRaises(BadHeader, parse, data)

    def test_bad_lines(self) -> None:
        """
        A line of version 1 has one form only.
        """
        for rest in (
            b"\r\n", b"TCP4\r\n", b"TCP5 1.2.3.4 1.2.3.4 1 2\r\n", b"UNKNOWNX\r\n",
            b"tcp4 1.2.3.4 1.2.3.4 1 2\r\n", b"TCP4  1.2.3.4 1.2.3.4 1 2\r\n",
            b"TCP4 1.2.3.4 1.2.3.4 1 2 \r\n", b"TCP4 1.2.3.4 1.2.3.4 1\r\n",
            b"TCP4 1.2.3.4 1.2.3.4 1 2\n", b"TCP4 1.2.3 1.2.3.4 1 2\r\n",
            b"TCP4 ::1 ::1 1 2\r\n", b"TCP6 1.2.3.4 1.2.3.4 1 2\r\n",
            b"TCP4 1.2.3.4 ::1 1 2\r\n", b"TCP4 01.2.3.4 1.2.3.4 1 2\r\n",
            b"TCP4 1.2.3.256 1.2.3.4 1 2\r\n", b"TCP4 1.2.3.4 1.2.3.4 65536 2\r\n",
            b"TCP4 1.2.3.4 1.2.3.4 1 02\r\n", b"TCP4 1.2.3.4 1.2.3.4 -1 2\r\n",
            b"TCP4 1.2.3.4 1.2.3.4 +1 2\r\n", b"TCP4 1.2.3.4 1.2.3.4 123456 2\r\n",
            b"UNKNOWN \r \r\n", b"TCP4 1.2.3.4\rX",
        ):  # fmt: skip
            self.assertRaises(BadHeader, parse, b"PROXY " + rest)

    def test_endless_line(self) -> None:
        """
        A line of version 1 has at most 107 bytes.
        """
        line = b"PROXY UNKNOWN ".ljust(MAX_V1 - 2, b"x") + b"\r\n"
        self.assertEqual(parse(line), (None, MAX_V1))
        longer = b"PROXY UNKNOWN ".ljust(MAX_V1 - 1, b"x") + b"\r\n"
        self.assertRaises(BadHeader, parse, longer)
        self.assertRaises(BadHeader, parse, longer[:MAX_V1])
        self.assertIsNone(parse(longer[: MAX_V1 - 1]))

    def test_bad_binary_headers(self) -> None:
        """
        Version, command and length of version 2 are checked as soon as they are there.
        """
        for rest in (
            b"\x10", b"\x22", b"\x31",
            b"\x21\x11\x00\x0b", b"\x21\x21\x00\x0c", b"\x21\x11\x00\x00",
            b"\x21\x11" + (MAX_V2 - 15).to_bytes(2, "big"), b"\x20\x00\xff\xff",
        ):  # fmt: skip
            self.assertRaises(BadHeader, parse, SIGNATURE_V2 + rest)

    @quick
    @given(st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", SIGNATURE_V2]), st.binary(max_size=40))
    def test_garbage(self, start: bytes, rest: bytes) -> None:
        """
        Nothing but L{BadHeader} comes of any bytes.
        """
        try:
            found = parse(start + rest)
        except BadHeader:
            return
        if found is not None:
            self.assertLessEqual(found[1], len(start + rest))


class EncodeTests(SynchronousTestCase):
    """
    Tests for writing headers.
    """

    def test_version_1(self) -> None:
        """
        The line has client, destination and both ports.
        """
        self.assertEqual(encode_v1(FOUR), b"PROXY TCP4 192.0.2.1 192.0.2.2 1234 80\r\n")
        self.assertEqual(encode_v1(SIX), b"PROXY TCP6 2001:db8::1 2001:db8::2 65535 0\r\n")
        self.assertEqual(encode_v1(None), b"PROXY UNKNOWN\r\n")

    def test_version_2(self) -> None:
        """
        The binary header is as the specification draws it.
        """
        self.assertEqual(encode_v2(FOUR), FOUR_V2)
        self.assertEqual(encode_v2(None), SIGNATURE_V2 + b"\x20\x00\x00\x00")

    def test_mixed_families(self) -> None:
        """
        When the families differ, the IPv4 address is written as an IPv6 one; scopes are left
        out.
        """
        mixed = Header("192.0.2.1", 1, "fe80::1%eth0", 2)
        self.assertEqual(encode_v1(mixed), b"PROXY TCP6 ::ffff:c000:201 fe80::1 1 2\r\n")
        found = parse(encode_v2(mixed))
        self.assertEqual(found, (Header("::ffff:c000:201", 1, "fe80::1", 2), 52))
