"""
Tests for L{mwproxy.config.words}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.environment import Variables
from mwproxy.config.words import WordReader
from mwproxy.core.diagnostics import Diagnostics, Where

HERE = Where("f", 7)


class WordReaderTests(SynchronousTestCase):
    """
    Tests of lines that are cut.
    """

    def setUp(self) -> None:
        self.diagnostics = Diagnostics()
        self.reader = WordReader(self.diagnostics, Variables({"NAME": "value"}))

    def read(self, text: str, *, silent: bool = False) -> list[str]:
        """
        Cut a line of the section C{s}.
        """
        return self.reader.read(text, HERE, "s", silent=silent)

    def said(self) -> list[str]:
        """
        Tell what was said.
        """
        return [each.text for each in self.diagnostics.messages]

    def test_words(self) -> None:
        """
        Quotes, comments and variables are those of the main files; pseudo variables tell the place.
        """
        self.assertEqual(
            self.read('a \'b c\' "$NAME" "${.LINE}" "${.SECTION}" # d'),
            ["a", "b c", "value", "7", "s"],
        )
        self.assertEqual(self.said(), [])

    def test_mistakes(self) -> None:
        """
        What cannot be cut gives no words.
        """
        self.assertEqual(self.read("a\0b"), [])
        self.assertEqual(self.read("a 'b"), [])
        self.assertEqual(
            self.said(),
            [
                "config : parsing [f:7]: Stray NUL character at position 2.",
                "config : parsing [f:7]: unmatched quote at position 3:\n  a 'b\n    ^",
            ],
        )

    def test_too_many(self) -> None:
        """
        There are 64 words at most.
        """
        self.assertEqual(len(self.read("x " * 65)), 64)
        self.assertIn("too many words, truncating after word 64", self.said()[0])

    def test_empty(self) -> None:
        """
        An empty word ends the line, with a warning unless it is silent or a directive.
        """
        self.assertEqual(self.read("a '' b"), ["a"])
        self.assertEqual(self.diagnostics.warnings, 1)
        self.assertEqual(self.read("a '' b", silent=True), ["a"])
        self.assertEqual(self.read(".if '' b"), [".if"])
        self.assertEqual(self.diagnostics.warnings, 1)

    def test_end_of_file(self) -> None:
        """
        The last line has to end.
        """
        self.reader.end_of_file("", HERE)
        self.assertEqual(self.said(), [])
        self.reader.end_of_file("abc", HERE)
        self.assertEqual(
            self.said(),
            [
                "config : parsing [f:7]: Missing LF on last line, file might have been truncated at"
                " position 4."
            ],
        )
