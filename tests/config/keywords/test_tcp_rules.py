"""
Tests for mwproxy/config/keywords/tcp_rules.py.
"""

from __future__ import annotations

from mwproxy.config import model
from tests.config.keywords.reading import KeywordTestCase


class ContentTests(KeywordTestCase):
    """
    Tests for C{tcp-request content} and C{tcp-response content}.
    """

    def test_lines_are_kept(self) -> None:
        """
        Lines are compiled one after the other.
        """
        self.read(self.back, "tcp-request content a", "tcp-response content b")
        for ruleset, word in (("tcp-request content", "a"), ("tcp-response content", "b")):
            [(condition, action)] = self.back.rule_lines[ruleset]
            self.assertEqual((condition, action(None)), (None, (ruleset, word)))
        self.assertEqual(self.back.own_rules, {"tcp-request content", "tcp-response content"})

    def test_order(self) -> None:
        """
        Who writes them behind what comes later is told; rules that a C{defaults} section gave
        were not written here.
        """
        self.read(self.front, "tcp-request content a", "http-request a", "tcp-request content b")
        self.read(self.back, "tcp-request content a")
        self.assertEqual(
            self.warnings(),
            [
                "a 'tcp-request' rule placed after an 'http-request' rule will still be processed "
                "before."
            ],
        )
        other = model.Proxy("frontend", "o")
        other.rule_lines = {"http-request": [(None, None)]}
        self.read(other, "tcp-request content a")
        self.assertEqual(self.warnings(), [])
        self.read(other, "use_backend q if x", "tcp-request content a")
        self.assertEqual(
            self.warnings(),
            [
                "a 'tcp-request' rule placed after a 'use_backend' rule will still be processed "
                "before."
            ],
        )

    def test_order_of_all(self) -> None:
        """
        Each line is told of the next ruleset that is asked later and has lines already.
        """
        self.read(
            self.front,
            "tcp-request connection a",
            "tcp-request session a",
            "tcp-request content a",
            "http-request a",
        )
        self.assertEqual(self.warnings(), [])
        for text, other in (
            ("tcp-request connection a", "a 'tcp-request session'"),
            ("tcp-request session a", "a 'tcp-request content'"),
            ("tcp-request content a", "an 'http-request'"),
        ):
            self.read(self.front, text)
            self.assertEqual(
                self.warnings(),
                [f"a 'tcp-request' rule placed after {other} rule will still be processed before."],
            )

    def test_wrong_sections(self) -> None:
        """
        Only named C{defaults} sections have them, and those for responses belong to backends.
        """
        self.read(self.named, "tcp-request content a", "tcp-response content a")
        self.read(self.named, "tcp-request connection a", "tcp-request session a")
        self.assertEqual(
            self.refused(self.back, "tcp-request session a"),
            "tcp-request session is not allowed because backend b is not a frontend",
        )
        self.assertEqual(
            self.refused(self.base, "tcp-request connection a"),
            "tcp-request connection is not allowed in anonymous 'defaults' sections",
        )
        self.warnings()
        self.assertEqual(
            self.refused(self.base, "tcp-request content a"),
            "tcp-request content is not allowed in anonymous 'defaults' sections",
        )
        for section in (self.base, self.front):
            self.assertEqual(
                self.refused(section, "tcp-response content a"),
                "tcp-response content is only allowed in 'backend' sections or 'defaults' section "
                "with a name",
            )

    def test_other_rulesets(self) -> None:
        """
        There are no other rulesets.
        """
        listen = model.Proxy("listen", "l")
        for section, text, message in (
            (self.front, "tcp-request", "missing argument for 'tcp-request' in frontend 'f'"),
            (
                listen,
                "tcp-request foo",
                "'tcp-request' expects 'inspect-delay', 'connection', or 'content' in proxy 'l' "
                "(got 'foo')",
            ),
            (
                self.back,
                "tcp-response foo",
                "'tcp-response' expects 'inspect-delay' or 'content' in backend 'b' (got 'foo')",
            ),
            (self.back, "tcp-response", "missing argument for 'tcp-response' in backend 'b'"),
        ):
            self.assertEqual(self.refused(section, text), message)

    def test_inspect_delay(self) -> None:
        """
        A delay is checked and has no effect, which is told.
        """
        self.read(self.front, "tcp-request inspect-delay 5s")
        self.read(self.back, "tcp-response inspect-delay 100")
        self.assertEqual(
            self.warnings(),
            [
                f"'tcp-{side} inspect-delay' has no effect in mwproxy: rules wait for agents "
                "without it, and for nothing else."
                for side in ("request", "response")
            ],
        )
        expected = "' expects a positive delay in milliseconds, in "
        for section, text, message in (
            (
                self.front,
                "tcp-request inspect-delay",
                f"'tcp-request inspect-delay{expected}frontend 'f'",
            ),
            (
                self.back,
                "tcp-response inspect-delay x",
                f"'tcp-response inspect-delay{expected}backend 'b' (unexpected character 'x')",
            ),
            (
                self.base,
                "tcp-request inspect-delay 1s",
                "tcp-request inspect-delay is not allowed in anonymous 'defaults' sections",
            ),
            (
                self.front,
                "tcp-response inspect-delay 1s",
                "tcp-response inspect-delay is only allowed in 'backend' sections or 'defaults' "
                "section with a name",
            ),
        ):
            self.assertEqual(self.refused(section, text), message)
