"""
Tests for L{mwproxy.demo.websocket}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.demo.websocket import Echo, accept_key, frame


def masked(opcode: int, payload: bytes, final: bool = True) -> bytes:
    """
    Build a frame as clients send it.
    """
    plain = frame(opcode, payload)
    head = len(plain) - len(payload)
    first = plain[0] if final else plain[0] & 0x7F
    body = bytes(byte ^ b"mask"[index & 3] for index, byte in enumerate(payload))
    return bytes((first, plain[1] | 0x80)) + plain[2:head] + b"mask" + body


class EchoTests(SynchronousTestCase):
    """
    Tests for L{Echo}.
    """

    def test_challenge(self) -> None:
        """
        The example of RFC 6455 1.3 is answered as it says.
        """
        self.assertEqual(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")

    def test_cut_anywhere(self) -> None:
        """
        Messages come back whole wherever the stream is cut.
        """
        stream = (
            masked(1, b"one") + masked(2, b"x" * 300) + masked(9, b"?") + masked(8, b"\x03\xe8bye")
        )
        expected = frame(1, b"one") + frame(2, b"x" * 300) + frame(10, b"?") + frame(8, b"\x03\xe8")
        for at in range(len(stream)):
            echo = Echo()
            self.assertEqual(echo.feed(stream[:at]) + echo.feed(stream[at:]), expected)
            self.assertTrue(echo.closed)

    def test_fragments(self) -> None:
        """
        A message in fragments comes back as one.
        """
        echo = Echo()
        self.assertEqual(echo.feed(masked(1, b"on", final=False)), b"")
        self.assertEqual(echo.feed(masked(0, b"e")), frame(1, b"one"))

    def test_large(self) -> None:
        """
        A frame whose length needs eight bytes comes back.
        """
        self.assertEqual(Echo().feed(masked(2, b"y" * 70000)), frame(2, b"y" * 70000))

    def test_unmasked(self) -> None:
        """
        A client that does not mask is refused.
        """
        echo = Echo()
        self.assertEqual(echo.feed(frame(1, b"one")), frame(8, b"\x03\xea"))
        self.assertTrue(echo.closed)
