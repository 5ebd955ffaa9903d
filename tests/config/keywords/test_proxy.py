"""
Tests for mwproxy/config/keywords/proxy.py.
"""

from __future__ import annotations

from tests.config.keywords.reading import KeywordTestCase


class ProxyTests(KeywordTestCase):
    """
    Tests for the keywords that say what a proxy is.
    """

    def test_mode(self) -> None:
        """
        There are three modes; those of HAProxy that are missing or gone are refused by name.
        """
        self.read(self.base, "mode http")
        self.assertEqual(self.base.mode, "http")
        self.read(self.base, "mode tcp")
        self.assertEqual(self.base.mode, "tcp")
        self.assertEqual(self.refused(self.base, "mode"), "unknown proxy mode ''.")
        self.assertEqual(self.refused(self.base, "mode foo"), "unknown proxy mode 'foo'.")
        self.assertEqual(
            self.refused(self.base, "mode health"),
            "'mode health' doesn't exist anymore. Please use 'http-request return status 200' "
            "instead.",
        )
        self.assertEqual(
            self.refused(self.base, "mode log"), "'mode log' is not supported by mwproxy"
        )

    def test_mode_of_agents(self) -> None:
        """
        Backends may be of agents, and so may those that a C{defaults} section is for.
        """
        self.read(self.back, "mode spop")
        self.assertEqual(self.back.mode, "spop")
        self.read(self.base, "mode spop")
        self.assertEqual(
            self.refused(self.front, "mode spop"),
            "'mode spop' is for backends of agents only, not for 'frontend'.",
        )

    def test_numbers(self) -> None:
        """
        Limits are integers, and 0 is no limit of the proxy's own.
        """
        self.read(self.front, "maxconn 20", "backlog 30")
        self.read(self.back, "fullconn 40", "retries 0")
        self.assertEqual((self.front.maxconn, self.front.backlog), (20, 30))
        self.assertEqual((self.back.fullconn, self.back.retries), (40, 0))
        self.read(self.front, "maxconn 0")
        self.assertIsNone(self.front.maxconn)

    def test_bad_numbers(self) -> None:
        """
        What is no integer is refused.
        """
        self.assertEqual(
            self.refused(self.front, "maxconn"), "'maxconn' expects an integer argument."
        )
        self.assertEqual(
            self.refused(self.front, "backlog x"),
            "'backlog' expects an integer argument (got 'x').",
        )
        self.assertEqual(
            self.refused(self.back, "retries"),
            "'retries' expects an integer argument (dispatch counts for one).",
        )
        self.assertEqual(
            self.refused(self.back, "fullconn -1"),
            "'fullconn' expects an integer argument (got '-1').",
        )

    def test_wrong_side(self) -> None:
        """
        In the wrong kind of proxy they are ignored with a warning and a cure.
        """
        self.read(self.back, "maxconn 3", "backlog 3")
        self.read(self.front, "fullconn 3", "retries 9")
        self.assertEqual(
            self.warnings(),
            [
                "'maxconn' ignored because backend 'b' has no frontend capability. "
                "Maybe you want 'fullconn' instead ?",
                "'backlog' ignored because backend 'b' has no frontend capability.",
                "'fullconn' ignored because frontend 'f' has no backend capability. "
                "Maybe you want 'maxconn' instead ?",
                "'retries' ignored because frontend 'f' has no backend capability.",
            ],
        )
        self.assertIsNone(self.back.maxconn)
        self.assertEqual(self.front.retries, 3)

    def test_description(self) -> None:
        """
        A description is all the rest of the line.
        """
        self.read(self.front, "description a b c")
        self.assertEqual(self.front.description, "a b c")
        self.assertEqual(
            self.refused(self.front, "description"), "'description' expects a string argument."
        )
        self.assertEqual(
            self.refused(self.named, "description x"),
            "'description' not allowed in 'defaults' section.",
        )

    def test_id(self) -> None:
        """
        The number of a proxy is above 0 and belongs to no C{defaults} section.
        """
        self.read(self.front, "id 42")
        self.assertEqual(self.front.number, 42)
        self.assertEqual(self.refused(self.front, "id"), "'id' expects an integer argument.")
        for text in ("id 0", "id x"):
            self.assertEqual(self.refused(self.front, text), "custom id has to be > 0.")
        self.assertEqual(self.refused(self.base, "id 3"), "'id' not allowed in 'defaults' section.")

    def test_disabled_and_enabled(self) -> None:
        """
        The last word counts.
        """
        self.read(self.front, "disabled")
        self.assertTrue(self.front.disabled)
        self.read(self.front, "enabled")
        self.assertFalse(self.front.disabled)
