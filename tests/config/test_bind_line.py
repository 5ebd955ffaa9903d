"""
Tests for mwproxy/config/bind_line.py.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.bind_line import parse_bind
from mwproxy.config.line import Line
from mwproxy.config.model import Bind, BindSettings
from mwproxy.core.diagnostics import ConfigError, Diagnostics, Where
from mwproxy.core.families import PACKAGES, bind_options
from mwproxy.core.levels import Level
from mwproxy.core.registry import load_family

load_family(PACKAGES["keywords"])


def parse(text: str, section: str = "frontend", settings: BindSettings | None = None) -> list[Bind]:
    """
    Read what follows C{bind}.
    """
    line = Line(["bind"], "bind", text.split(" "), Where("t.cfg", 1), Diagnostics(), section)
    return parse_bind(line, section, settings)


class BindLineTests(SynchronousTestCase):
    """
    Tests for addresses with options.
    """

    def bad(self, text: str, section: str = "frontend") -> str:
        """
        Read a line that is wrong.

        @return: What is said of it.
        """
        return str(self.assertRaises(ConfigError, parse, text, section))

    def test_where_is_kept(self) -> None:
        """
        Each listener knows its line.
        """
        self.assertEqual([each.where for each in parse(":80,:81")], [Where("t.cfg", 1)] * 2)

    def test_given_settings_are_the_start(self) -> None:
        """
        What the caller presets holds unless an option says otherwise.
        """
        preset = BindSettings(level=Level.ADMIN, name="x")
        found = parse(":80 name y", settings=preset)[0].settings
        self.assertIs(found, preset)
        self.assertEqual((found.level, found.name), (Level.ADMIN, "y"))

    def test_bad_addresses(self) -> None:
        """
        Addresses are checked in HAProxy's words.
        """
        empty = "'bind' : '' resolves to an empty address (environment variable missing?)"
        for text, expected in (
            ("127.0.0.1", "'bind' : missing port specification in '127.0.0.1'"),
            (":0", "'bind' : invalid port '0'"),
            (":70000", "'bind' : invalid port '70000'"),
            (":20-10", "'bind' : invalid port range '20-10'"),
            (":abc", "'bind' : invalid character 'a' in port number 'abc' in ':abc'"),
            (":+80", "'bind' : port offset not permitted here in ':+80'"),
            ("udp@:53", "'bind' : dgram-type address not acceptable in 'udp@:53'"),
            ("fd@", "'bind' : file descriptor '' is not a valid integer in 'fd@'"),
            ("fd@3:1", "'bind' : file descriptor '3:1' is not a valid integer in 'fd@3:1'"),
            ("sockpair@3", "'bind' : 'sockpair@' is not supported by mwproxy"),
            (":80,,:81", empty),
            (",", empty),
            ("", empty),
        ):
            self.assertEqual(self.bad(text), expected)

    def test_comma_at_the_end(self) -> None:
        """
        As in HAProxy, one comma too many at the end is harmless.
        """
        self.assertEqual(len(parse(":80,")), 1)

    def test_unknown_option(self) -> None:
        """
        Unknown options, those that mwproxy lacks and those it may have meant are told apart.
        """
        prefix = "'bind :80' in section 'frontend': "
        self.assertEqual(
            self.bad(":80 nmae x"), f"{prefix}unknown keyword 'nmae'; did you mean 'name' maybe ?"
        )
        self.assertEqual(self.bad(":80 xyzzy"), f"{prefix}unknown keyword 'xyzzy'.")
        self.assertEqual(
            self.bad(":80 ssl"), f"{prefix}'ssl' on 'bind' is not supported by mwproxy"
        )
        self.assertEqual(self.bad(":80 xyzzy", ""), "'bind': unknown keyword 'xyzzy'.")

    @settings(derandomize=True, max_examples=150, deadline=None)
    @given(
        st.lists(
            st.one_of(st.sampled_from(bind_options.names()), st.text(" ,:@-0a8", max_size=6)),
            max_size=5,
        ),
        st.text("0123456789.:*[],@-+/afdunixbs", max_size=15),
    )
    def test_nothing_but_config_errors(self, words: list[str], address: str) -> None:
        """
        Whatever is written, the answer is listeners or a message.
        """
        line = Line(["bind"], "bind", [address, *words], Where("", 1), Diagnostics(), "frontend")
        try:
            self.assertTrue(parse_bind(line, "frontend"))
        except ConfigError as error:
            self.assertTrue(str(error))
