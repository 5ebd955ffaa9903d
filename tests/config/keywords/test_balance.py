"""
Tests for mwproxy/config/keywords/balance.py.
"""

from __future__ import annotations

from mwproxy.config.keywords.balance import ALGORITHMS
from mwproxy.core.families import PACKAGES, balances
from mwproxy.core.registry import load_family
from tests.config.keywords.reading import KeywordTestCase


class BalanceTests(KeywordTestCase):
    """
    Tests for C{balance}, C{hash-type} and C{http-reuse}.
    """

    def test_names_are_those_of_the_algorithms(self) -> None:
        """
        The names known to the configuration are the registered ones.
        """
        load_family(PACKAGES["balances"])
        self.assertLessEqual(set(balances.names()), set(ALGORITHMS))
        if len(balances):
            self.assertEqual(set(balances.names()), set(ALGORITHMS))

    def test_algorithm_is_kept(self) -> None:
        """
        Each algorithm may be named; none is roundrobin.
        """
        for name in ALGORITHMS:
            self.read(self.back, f"balance {name}")
            self.assertEqual(self.back.balance, name)
        self.read(self.back, "balance")
        self.assertEqual(self.back.balance, "roundrobin")

    def test_unsupported_differs_from_unknown(self) -> None:
        """
        An algorithm of HAProxy's is refused by name, others with a list.
        """
        self.assertEqual(
            self.refused(self.back, "balance hdr(host)"),
            "'balance hdr(host)' is not supported by mwproxy",
        )
        self.assertEqual(
            self.refused(self.back, "balance foo"),
            "balance only supports 'roundrobin', 'static-rr', 'leastconn', 'first' and "
            "'source' (got 'foo').",
        )
        self.assertEqual(
            self.refused(self.back, "balance source 3"),
            "'balance source' cannot handle unexpected argument '3'.",
        )

    def test_hash_type(self) -> None:
        """
        Consistent hashing is sdbm with avalanche unless a function is named.
        """
        for text, expected in (
            ("map-based", ("map-based", "sdbm", "")),
            ("consistent", ("consistent", "sdbm", "avalanche")),
            ("consistent djb2", ("consistent", "djb2", "")),
            ("map-based crc32 avalanche", ("map-based", "crc32", "avalanche")),
        ):
            self.read(self.back, f"hash-type {text}")
            self.assertEqual(self.back.hash_type, expected)

    def test_bad_hash_type(self) -> None:
        """
        Unknown methods, functions and modifiers are refused in HAProxy's words.
        """
        for text, expected in (
            ("foo", "'hash-type' only supports 'consistent' and 'map-based'."),
            (
                "consistent foo",
                "'hash-type' only supports 'sdbm', 'djb2', 'crc32', or 'wt6' hash functions.",
            ),
            (
                "consistent sdbm foo",
                "'hash-type' only supports 'avalanche' as a modifier for hash functions.",
            ),
            ("consistent none", "'hash-type' with function 'none' is not supported by mwproxy"),
        ):
            self.assertEqual(self.refused(self.back, f"hash-type {text}"), expected)

    def test_http_reuse(self) -> None:
        """
        C{http-reuse} takes four words.
        """
        for value in ("never", "safe", "aggressive", "always"):
            self.read(self.back, f"http-reuse {value}")
            self.assertEqual(self.back.reuse, value)
        for text in ("http-reuse", "http-reuse x"):
            self.assertEqual(
                self.refused(self.back, text),
                "'http-reuse' only supports 'never', 'safe', 'aggressive', 'always'.",
            )

    def test_frontends_ignore_them(self) -> None:
        """
        In a frontend they are ignored with a warning.
        """
        self.read(self.front, "balance first", "hash-type consistent", "http-reuse always")
        self.assertEqual(
            self.warnings(),
            [
                f"'{name}' ignored because frontend 'f' has no backend capability."
                for name in ("balance", "hash-type", "http-reuse")
            ],
        )
        self.assertEqual((self.front.balance, self.front.reuse), ("roundrobin", "safe"))
