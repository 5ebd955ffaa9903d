"""
Tests for mwproxy/config/keywords/rate_limits.py.
"""

from __future__ import annotations

from mwproxy.config.model import Global
from tests.config.keywords.reading import KeywordTestCase


class RateLimitTests(KeywordTestCase):
    """
    Tests for limits of rates.
    """

    def test_process(self) -> None:
        """
        The process has a limit of connections and one of sessions; the first line counts.
        """
        section = Global()
        self.read(section, "maxconnrate 10")
        self.read(section, "maxsessrate 20")
        self.read(section, "maxconnrate 30")
        self.assertEqual((section.maxconnrate, section.maxsessrate), (10, 20))
        self.assertEqual(len(self.warnings()), 1)
        for name in ("maxconnrate", "maxsessrate"):
            self.assertEqual(self.refused(Global(), name), f"'{name}' expects an integer argument.")

    def test_frontend(self) -> None:
        """
        A frontend has a limit of sessions, which means nothing in a backend.
        """
        self.read(self.front, "rate-limit sessions 7")
        self.assertEqual(self.front.rate_limit, 7)
        self.read(self.back, "rate-limit sessions 7")
        self.assertEqual(self.back.rate_limit, 0)
        self.assertEqual(len(self.warnings()), 1)

    def test_bad(self) -> None:
        """
        Other words are refused as HAProxy does.
        """
        for words, expected in (
            ("", "'rate-limit' only supports 'sessions' (got '')"),
            ("foo", "'rate-limit' only supports 'sessions' (got 'foo')"),
            (
                "sessions",
                "'rate-limit sessions' expects expects an integer value (in sessions/second)",
            ),
            (
                "sessions x",
                "'rate-limit sessions' : unexpected character 'x' in integer value 'x'",
            ),
        ):
            self.assertEqual(self.refused(self.front, f"rate-limit {words}"), expected)
