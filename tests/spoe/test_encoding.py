"""
Tests for L{mwproxy.spoe.encoding}.
"""

from __future__ import annotations

from functools import partial
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from hypothesis import given
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.spoe_settings import SpoeArgument, SpoeMessage
from mwproxy.core.values import Binary
from mwproxy.protocols.spop.frames import Kind, decode_head, encode_frame
from mwproxy.protocols.spop.notify import decode_notify
from mwproxy.spoe.encoding import message_encoder, write_any
from tests.protocols.spop.strategies import VALUES, quick


def message(*arguments: tuple[str, Any, str]) -> SpoeMessage:
    """
    Make a message whose arguments have fixed values.

    @param arguments: Name, value and type of each.
    """
    return SpoeMessage(
        "m",
        tuple(SpoeArgument(name, partial(_give, value), kind) for name, value, kind in arguments),
    )


def _give(value: Any, stream: Any) -> Any:
    return value


class EncodingTests(SynchronousTestCase):
    """
    Tests for L{message_encoder}.
    """

    def sent(self, *arguments: tuple[str, Any, str]) -> list[tuple[str, Any]]:
        """
        Tell what an agent reads.
        """
        payload = message_encoder(message(*arguments))(None)
        frame = encode_frame(Kind.NOTIFY, payload, 1, 1)[4:]
        [found] = decode_notify(frame, decode_head(frame)[4])
        self.assertEqual(found.name, "m")
        return found.arguments

    def test_types(self) -> None:
        """
        The type of the expression decides what text is; all else is what it is.
        """
        self.assertEqual(
            self.sent(
                ("a", b"text", "str"),
                ("b", b"GET", "meth"),
                ("c", b"\0\1", "bin"),
                ("d", -5, "sint"),
                ("e", True, "bool"),
                ("f", IPv4Address("10.0.0.1"), "ipv4"),
                ("g", IPv6Address("::1"), "addr"),
                ("", b"variable", "any"),
                ("h", 0, "bool"),
            ),
            [
                ("a", "text"),
                ("b", "GET"),
                ("c", b"\0\1"),
                ("d", -5),
                ("e", True),
                ("f", IPv4Address("10.0.0.1")),
                ("g", IPv6Address("::1")),
                ("", "variable"),
                ("h", False),
            ],
        )

    def test_no_value(self) -> None:
        """
        An argument without value is C{NULL}, alone or among others.
        """
        self.assertEqual(self.sent(("a", None, "str")), [("a", None)])
        self.assertEqual(self.sent(("a", None, "bin"), ("b", 1, "sint")), [("a", None), ("b", 1)])

    def test_variables(self) -> None:
        """
        Of values of unknown type text and binary data are told apart by what they are.
        """
        for data in (b"\0\1", b"text", b"x" * 5000):
            self.assertEqual(
                self.sent(
                    ("a", Binary(data), "any"), ("b", data, "any"), ("c", Binary(b""), "str")
                ),
                [("a", data), ("b", data.decode()), ("c", "")],
            )

    def test_no_arguments(self) -> None:
        """
        A message may be a name alone.
        """
        self.assertEqual(self.sent(), [])

    def test_long_text(self) -> None:
        """
        Text of any length is told whole.
        """
        for size in (239, 240, 5000):
            self.assertEqual(self.sent(("a", b"x" * size, "str")), [("a", "x" * size)])
            self.assertEqual(self.sent(("a", b"x" * size, "bin")), [("a", b"x" * size)])

    def test_other_values(self) -> None:
        """
        A value that is no text, though its expression should give text, is written as text.
        """
        self.assertEqual(self.sent(("a", 7, "str"), ("b", True, "bin")), [("a", "7"), ("b", b"1")])

    def test_too_many_arguments(self) -> None:
        """
        A message has one byte for the number of its arguments.
        """
        self.assertRaises(ValueError, message_encoder, message(*[("a", 1, "sint")] * 256))

    @quick
    @given(VALUES)
    def test_any(self, value: Any) -> None:
        """
        A value of unknown type is told as what it is; mere bytes are text.
        """
        given = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
        [(_, found)] = self.sent(("a", given, "any"))
        if isinstance(given, bytes):
            found = found.encode("utf-8", "surrogateescape")
        self.assertEqual(found, given)
        if given is not None:
            self.assertTrue(write_any(given))
