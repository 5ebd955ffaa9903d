"""
Tests for mwproxy/config/server_line.py.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.line import Line
from mwproxy.config.model import ServerSettings
from mwproxy.config.server_line import parse_settings
from mwproxy.core.diagnostics import ConfigError, Diagnostics, Where
from mwproxy.core.families import PACKAGES, server_options
from mwproxy.core.registry import load_family

load_family(PACKAGES["keywords"])


def parse(words: list[str], base: ServerSettings) -> ServerSettings:
    """
    Read options.
    """
    line = Line(["server", "a", "x"], "server", words, Where("", 1), Diagnostics(), "backend")
    return parse_settings(line, words, base)


class ServerLineTests(SynchronousTestCase):
    """
    Tests for sharing of settings, and for unknown options.
    """

    def test_no_options_no_copy(self) -> None:
        """
        A line without options has the settings it starts from.
        """
        base = ServerSettings()
        self.assertIs(parse([], base), base)

    def test_same_words_same_object(self) -> None:
        """
        Lines of the same words share their settings, on the same base only.
        """
        base = ServerSettings(weight=5)
        first = parse(["check"], base)
        self.assertIs(parse(["check"], base), first)
        self.assertIsNot(parse(["check", "backup"], base), first)
        self.assertIsNot(parse(["check"], ServerSettings()), first)
        self.assertEqual((first.weight, first.check.enabled), (5, True))

    def test_result_is_sealed(self) -> None:
        """
        What lines share cannot be changed through one of them.
        """
        found = parse(["check"], ServerSettings())
        self.assertRaises(AttributeError, setattr, found, "weight", 3)
        self.assertRaises(AttributeError, setattr, found.check, "rise", 3)

    def test_base_is_not_changed(self) -> None:
        """
        Options change a copy.
        """
        base = ServerSettings()
        parse(["weight", "7", "check"], base)
        self.assertEqual((base.weight, base.check.enabled), (1, False))

    def test_errors_are_told_every_time(self) -> None:
        """
        A line that is wrong is wrong again when it is repeated.
        """
        base = ServerSettings()
        for _ in range(2):
            error = self.assertRaises(ConfigError, parse, ["weight", "300"], base)
            self.assertEqual(str(error), "weight of server a is not within 0 and 256 (300).")

    @settings(derandomize=True, max_examples=150, deadline=None)
    @given(
        st.lists(
            st.one_of(st.sampled_from(server_options.names()), st.text(",:-0a8", max_size=6)),
            max_size=6,
        )
    )
    def test_nothing_but_config_errors(self, words: list[str]) -> None:
        """
        Whatever is written, the answer is settings or a message.
        """
        try:
            self.assertIsInstance(parse(words, ServerSettings()), ServerSettings)
        except ConfigError as error:
            self.assertTrue(str(error))
