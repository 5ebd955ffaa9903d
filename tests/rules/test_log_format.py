"""
Tests of C{mwproxy/rules/log_format.py}.
"""

from __future__ import annotations

# ruff: noqa: E501  # messages stand whole
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError
from mwproxy.rules.log_format import Options, compile_format, style
from tests.rules.streams import context, log, make_stream, show


class LogFormatTests(SynchronousTestCase):
    """
    Tests of log-format strings.
    """

    def test_text(self) -> None:
        """
        Text is as it is, but blanks are merged and percent signs doubled.
        """
        for text, expected in (
            ("plain", "plain"),
            ("a   b", "a b"),
            ("100%%", "100%"),
            ("", ""),
            ('{"a": "%f"}', '{"a": "f"}'),
            ("a\\b%f", "a\\bf"),
        ):
            self.assertEqual(show(text, make_stream()), expected)

    @settings(derandomize=True, max_examples=100, deadline=None)
    @given(st.text(st.characters(codec="utf-8", exclude_characters="% ")))
    def test_any_text(self, text: str) -> None:
        """
        Any text without percent signs and blanks comes out as it went in, alone and beside
        variables of both kinds.
        """
        stream = make_stream()
        made = compile_format(text + "%f%[fe_name]" + text, context(), log=False)
        self.assertEqual(made(stream), text.encode() + b"ff" + text.encode())
        self.assertEqual(compile_format(text, context(), log=False)(stream), text.encode())

    def test_constant(self) -> None:
        """
        A format without variables tells its constant.
        """
        made = compile_format("a %%", context(), log=False)
        self.assertEqual(vars(made)["constant"], b"a %")
        self.assertFalse(hasattr(compile_format("%f", context(), log=False), "constant"))

    def test_expressions(self) -> None:
        """
        Expressions stand in brackets; a bracket within parentheses does not end them.
        """
        stream = make_stream()
        self.assertEqual(show("<%[path]|%[src]|%[dst_port]>", stream), "</path|127.0.0.1|8080>")
        self.assertEqual(show("%[str(a]b),upper]x]", stream), "A]Bx]")
        self.assertEqual(show('%[str("a)]b")]', stream), "a)]b")

    def test_flags(self) -> None:
        """
        C{Q} quotes, C{E} escapes, C{X} writes hexadecimal; C{%o} sets them for all.
        """
        stream = make_stream()
        stream.variables = {"txn.a": b'a"]\\'}
        self.assertEqual(show("%{+Q}f", stream), '"f"')
        self.assertEqual(show("%{+X}ci:%{+X}cp", stream), "7F000001:1388")
        self.assertEqual(show("%{+Q,+E}[var(txn.a)]", stream), '"a\\"\\]\\\\"')
        self.assertEqual(show("%{+E}[var(txn.a)]", stream), 'a\\"\\]\\\\')
        self.assertEqual(log("%{+Q}o %f %{-Q}f %[fe_name]", stream), '"f" f "f"')
        self.assertEqual(log("%{+Q}[var(txn.none)]", stream), '""')

    def test_absent(self) -> None:
        """
        In logs what is absent is a dash, elsewhere nothing.
        """
        stream = make_stream()
        for text in ("%[var(txn.a)]", "%[so_name]", "%[bc_reused,ipmask(8)]"[:12] + "]", "%si"):
            if "(" in text or text == "%[so_name]" or text == "%si":
                self.assertEqual(log(text, stream), "-")
                self.assertEqual(show(text, stream), "")

    def test_blanks_around_nothing(self) -> None:
        """
        A variable that is mostly empty does not leave two blanks.
        """
        stream = make_stream()
        self.assertEqual(log("a %hr %hs b", stream), "a b")
        self.assertEqual(log("a %hr", stream), "a ")
        self.assertEqual(log("a %hr-%hs", stream), "a -")
        stream.request_captures = (b"x", None)
        self.assertEqual(log("a %hr %hs b", stream), "a {x|} b")
        stream.response_captures = (b"y",)
        self.assertEqual(log("a %hr %hs b", stream), "a {x|} {y} b")

    def test_no_line_is_forged(self) -> None:
        """
        Line ends in values are escaped: as headers need it, and as logs do.
        """
        stream = make_stream()
        stream.variables = {"txn.a": b"a\r\nb: c"}
        self.assertEqual(show("%[var(txn.a)]", stream), "a%0D%0Ab: c")
        self.assertEqual(log("%[var(txn.a)]", stream), "a#0D#0Ab: c")
        self.assertEqual(log("%{+Q}[var(txn.a)]", stream), '"a#0D#0Ab: c"')

    def test_messages(self) -> None:
        """
        Mistakes are told in HAProxy's words.
        """
        for text, message in (
            ("%ci%", "truncated line after '%'"),
            ("%foo", "no such format variable 'foo'. If you wanted to emit the '%' character verbatim, you need to use '%%'"),
            ("%Q", "no such format variable 'Q'. If you wanted to emit the '%' character verbatim, you need to use '%%'"),
            ("%ci2", "no such format variable 'ci2'. If you wanted to emit the '%' character verbatim, you need to use '%%'"),
            ("%{+Q", "truncated line after '+Q'"),
            ("%[path", "missing ']' after 'path'"),
            ("%[foofoo]", "failed to parse sample expression <foofoo]> : unknown fetch method 'foofoo'"),
            ("%{+json}o", "log-format flag '+json' is not supported by mwproxy"),
            ("%(name)ci", "names of log-format items ('%(') are not supported by mwproxy"),
            ("%OG", "format variable 'OG' is not supported by mwproxy"),
        ):  # fmt: skip
            self.assertEqual(
                str(self.assertRaises(ConfigError, show, text, make_stream())), message
            )

    def test_tcp_mode(self) -> None:
        """
        Variables of HTTP are refused in TCP mode.
        """
        error = self.assertRaises(
            ConfigError, compile_format, "%r", context(), log=True, http=False
        )
        self.assertEqual(str(error), "format variable 'r' is reserved for HTTP mode")

    def test_style(self) -> None:
        """
        Nothing is a dash in logs unless it is quoted.
        """
        self.assertEqual(style(b"", Options()), b"-")
        self.assertEqual(style(b"", Options(quote=True)), b'""')
        self.assertEqual(style(b"", Options(mandatory=False)), b"")
