"""
Tests for L{mwproxy.protocols.spop.data}.
"""

from __future__ import annotations

import contextlib
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.protocols.spop.data import (
    Int32,
    Int64,
    Uint32,
    Uint64,
    Value,
    decode_text,
    decode_value,
    encode_integer,
    encode_string,
    encode_text,
    encode_value,
)
from mwproxy.protocols.spop.errors import BadFrame
from tests.protocols.spop.strategies import VALUES, quick

WRITTEN: list[tuple[Value, str]] = [
    (None, "00"),
    (False, "01"),
    (True, "11"),
    (Int32(7), "0207"),
    (Uint32(7), "0307"),
    (Int64(7), "0407"),
    (7, "0407"),
    (Uint64(7), "0507"),
    (2**64 - 1, "05" + "fff0fefefefefefefe0e"),
    (IPv4Address("192.0.2.1"), "06c0000201"),
    (IPv6Address("2001:db8::1"), "0720010db8000000000000000000000001"),
    ("abc", "0803616263"),
    ("", "0800"),
    (b"abc", "0903616263"),
]


class Color(IntEnum):
    RED = 3


class Name(str):
    pass


class ValueTests(SynchronousTestCase):
    """
    Tests of typed data.
    """

    def test_forms(self) -> None:
        """
        Each type has the form of the document, and is read again.
        """
        for value, written in WRITTEN:
            self.assertEqual(encode_value(value).hex(), written, repr(value))
            data = bytes.fromhex(written)
            self.assertEqual(decode_value(data, 0), (value, len(data)))

    @quick
    @given(VALUES)
    def test_both_ways(self, value: Value) -> None:
        """
        What is written is read again with its type.
        """
        data = encode_value(value)
        read, end = decode_value(data, 0)
        self.assertEqual((read, type(read), end), (value, type(value), len(data)))

    @quick
    @given(st.binary(max_size=40))
    def test_garbage(self, data: bytes) -> None:
        """
        Garbage is a value, or one of the errors that whoever reads a frame expects.
        """
        with contextlib.suppress(BadFrame, IndexError, ValueError):
            decode_value(data, 0)

    def test_negative(self) -> None:
        """
        Negative numbers have their sign in all 64 bits; 32 bit ones may also have it in 32.
        """
        for value in (-1, Int32(-1), Int64(-1)):
            written = encode_value(value)
            self.assertEqual(written[1:].hex(), "fff0fefefefefefefe0e")
            self.assertEqual(decode_value(written, 0)[0], -1)
        self.assertEqual(decode_value(b"\x02" + encode_value(Uint32(2**32 - 1))[1:], 0)[0], -1)
        self.assertEqual(decode_value(encode_value(Int32(-(2**31))), 0)[0], -(2**31))

    def test_too_large(self) -> None:
        """
        A number that does not fit its type is refused, both ways.
        """
        for kind in (b"\x02", b"\x03"):
            with self.assertRaises(BadFrame):
                decode_value(kind + encode_value(2**40)[1:], 0)
        for make, value in ((Int32, 2**31), (Uint32, -1), (Int64, 2**63), (Uint64, 2**64)):
            with self.assertRaises(ValueError):
                make(value)
        for value in (2**64, -(2**63) - 1):
            with self.assertRaises(ValueError):
                encode_integer(value)

    def test_flags_without_meaning(self) -> None:
        """
        Flags of other types than booleans are ignored, and so are the other flags of booleans.
        """
        self.assertEqual(decode_value(b"\xf8\x01a", 0), ("a", 3))
        self.assertEqual(decode_value(b"\xf1", 0), (True, 1))
        self.assertEqual(decode_value(b"\xe1", 0), (False, 1))

    def test_reserved_types(self) -> None:
        """
        Types 10 to 15 are refused.
        """
        for kind in range(10, 16):
            with self.assertRaises(BadFrame) as caught:
                decode_value(bytes((kind, 0)), 0)
            self.assertEqual(caught.exception.detail, f"unknown type {kind}")

    def test_derived_classes(self) -> None:
        """
        A value of a derived class is written as its base.
        """
        self.assertEqual(encode_value(Color.RED), b"\x04\x03")
        self.assertEqual(encode_value(Name("a")), b"\x08\x01a")

    def test_no_type(self) -> None:
        """
        What has no type is refused by name.
        """
        for value in (1.5, [], object()):
            with self.assertRaises(TypeError) as caught:
                encode_value(value)  # type: ignore[arg-type]
            self.assertEqual(str(caught.exception), f"no SPOP type holds a {type(value).__name__}")

    def test_not_unicode(self) -> None:
        """
        Strings of any bytes survive; those that no bytes can be are refused.
        """
        data = encode_string(b"\xff\xfe")
        value, _ = decode_value(data, 0)
        self.assertEqual(encode_value(value), data)
        with self.assertRaises(ValueError):
            encode_value("\ud800")

    def test_long_text(self) -> None:
        """
        A string of 240 bytes and more has a longer length.
        """
        data = encode_text(b"x" * 240)
        self.assertEqual(data[:2], b"\xf0\x00")
        self.assertEqual(decode_text(b"?" + data, 1), ("x" * 240, 243))

    def test_text_beyond_the_end(self) -> None:
        """
        A string that is longer than the frame ends behind it.
        """
        self.assertEqual(decode_text(b"\x05ab", 0), ("ab", 6))
