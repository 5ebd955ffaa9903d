"""
Tests for mwproxy/config/keywords/timeouts.py.
"""

from __future__ import annotations

from mwproxy.config import model
from tests.config.keywords.reading import KeywordTestCase

SLOTS = {
    "client": "client",
    "server": "server",
    "connect": "connect",
    "queue": "queue",
    "check": "check",
    "http-request": "http_request",
    "http-keep-alive": "http_keep_alive",
    "tunnel": "tunnel",
    "client-fin": "client_fin",
    "server-fin": "server_fin",
    "tarpit": "tarpit",
}


class TimeoutTests(KeywordTestCase):
    """
    Tests for C{timeout}.
    """

    def test_each_timeout_has_its_place(self) -> None:
        """
        Every C{timeout} keyword sets one field, in milliseconds.
        """
        for name, slot in SLOTS.items():
            proxy = model.Proxy("listen", "l")
            self.read(proxy, f"timeout {name} 1m")
            given = {each: getattr(proxy.timeouts, each) for each in SLOTS.values()}
            self.assertEqual({key: value for key, value in given.items() if value}, {slot: 60000})
        self.assertEqual(self.warnings(), [])

    def test_digits_alone_are_milliseconds(self) -> None:
        """
        A number without unit counts milliseconds.
        """
        self.read(self.front, "timeout client 1500")
        self.assertEqual(self.front.timeouts.client, 1500)

    def test_zero_is_no_limit(self) -> None:
        """
        A timeout of 0 is one that never expires.
        """
        self.read(self.front, "timeout client 3s", "timeout client 0")
        self.assertIsNone(self.front.timeouts.client)

    def test_bad_values(self) -> None:
        """
        What is no duration is refused in HAProxy's words.
        """
        self.assertEqual(
            self.refused(self.base, "timeout client"),
            "'timeout client' expects an integer value (in milliseconds)",
        )
        self.assertEqual(
            self.refused(self.base, "timeout client 3x"),
            "unexpected character 'x' in 'timeout client'",
        )
        self.assertEqual(
            self.refused(self.base, "timeout client 99d"),
            "timer overflow in argument '99d' to 'timeout client' "
            "(maximum value is 2147483647 ms or ~24.8 days)",
        )
        self.assertEqual(
            self.refused(self.base, "timeout client 5s 6s"),
            "'timeout client' : unexpected extra argument '6s' after value '5s'.",
        )

    def test_unknown_timeout(self) -> None:
        """
        A timeout that does not exist is answered with the list of those that do.
        """
        self.assertEqual(
            self.refused(self.base, "timeout foo 3s"),
            "'timeout' supports 'client', 'server', 'connect', 'check', 'queue', "
            "'http-keep-alive', 'http-request', 'tunnel', 'tarpit', 'client-fin' and "
            "'server-fin' (got 'foo')",
        )

    def test_old_spellings(self) -> None:
        """
        The spellings that HAProxy dropped are refused with the new one.
        """
        for old, new in (("cli", "client"), ("con", "connect"), ("srv", "server")):
            self.assertEqual(
                self.refused(self.base, f"{old}timeout 3000"),
                f"the '{old}timeout' directive is not supported anymore since HAProxy 2.1. "
                f"Use 'timeout {new}'.",
            )

    def test_wrong_side_is_warned_of(self) -> None:
        """
        A timeout of the other side is kept, with a warning.
        """
        self.read(self.front, "timeout server 3s")
        self.read(self.back, "timeout client 3s")
        self.assertEqual(
            self.warnings(),
            [
                "'timeout server' will be ignored because frontend 'f' has no backend capability",
                "'timeout client' will be ignored because backend 'b' has no frontend capability",
            ],
        )

    def test_second_value_is_warned_of(self) -> None:
        """
        A second value in one section overwrites with a warning, one from C{defaults} without,
        and so does a second one in C{defaults}.
        """
        self.read(self.base, "timeout client 1s", "timeout client 2s")
        self.front.timeouts = self.base.timeouts
        self.read(self.front, "timeout client 3s")
        self.assertEqual(self.warnings(), [])
        self.read(self.front, "timeout client 4s")
        self.assertEqual(
            self.warnings(), ["overwriting 'timeout client' which was already specified"]
        )
        self.assertEqual((self.base.timeouts.client, self.front.timeouts.client), (2000, 4000))
