"""
Tests for L{mwproxy.client.terminal} and L{mwproxy.client.output}.
"""

from __future__ import annotations

import contextlib
import io

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.client.output import Sink, show_json, show_table
from mwproxy.client.terminal import colored, neutral, wants_color


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        """
        Pretend.
        """
        return True


class TerminalTests(SynchronousTestCase):
    """
    What a terminal is given.
    """

    def test_neutral(self) -> None:
        """
        Nothing that a terminal obeys is left, in any of its spellings; text is.
        """
        for text, shown in (
            ("a\tb\nc é 漢", "a\tb\nc é 漢"),
            ("\x1b[2J", "^[[2J"),
            ("\x9b2J", "\\x9b2J"),
            ("a\rb\x08\x7f\x00", "a^Mb^H^?^@"),
            ("\u202eabc", "\\u202eabc"),
        ):
            self.assertEqual(neutral(text), shown)

    def test_colors(self) -> None:
        """
        Colors are for terminals that know them and people who want them.
        """
        self.assertTrue(wants_color(_Terminal(), {"TERM": "xterm"}))
        for stream, environment in (
            (_Terminal(), {"TERM": "xterm", "NO_COLOR": "1"}),
            (_Terminal(), {"TERM": "dumb"}),
            (_Terminal(), {}),
            (io.StringIO(), {"TERM": "xterm"}),
        ):
            self.assertFalse(wants_color(stream, environment))
        self.assertEqual(colored("x", "red", True), "\x1b[31mx\x1b[0m")
        self.assertEqual(colored("x", "red", False), "x")

    def test_sink_on_terminal(self) -> None:
        """
        A terminal gets text that is harmless, though characters were cut; it ends with a line feed.
        """
        terminal = _Terminal()
        sink = Sink(terminal)
        for piece in (b"\xc3", b"\xa9\x1b", b"[0m\xff", b"\xe2\x82"):
            sink.write(piece)
        sink.end()
        self.assertEqual(terminal.getvalue(), "é^[[0m��\n")

    def test_table(self) -> None:
        """
        Columns are aligned, numbers on the right; nothing is a dash.
        """
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            show_table([["name", "n"], ["a\x1b", 10], ["long name", None]], frozenset({1}))
        self.assertEqual(out.getvalue(), "name        n\na^[        10\nlong name   -\n")

    def test_json(self) -> None:
        """
        JSON is one line, and on a terminal readable and harmless.
        """
        for stream, text in (
            (io.StringIO(), '{"a": "\\u001b"}\n'),
            (_Terminal(), '{\n  "a": "\\u001b"\n}\n'),
        ):
            with contextlib.redirect_stdout(stream):
                show_json({"a": "\x1b"})
            self.assertEqual(stream.getvalue(), text)
