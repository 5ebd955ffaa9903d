"""
Tests for L{mwproxy.config.lexer}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.lexer import (
    MAX_WORDS,
    LexError,
    Words,
    expand,
    is_plain,
    point_at,
    tokenize,
)

VARIABLES = {"A": "va", "EMPTY": "", "LIST": "x  y z ", "LEADING": " x", ".LINE": "7"}


def words(text: str) -> list[str]:
    return tokenize(text, VARIABLES.get).words


class WordsTests(SynchronousTestCase):
    """
    Tests for cutting a line into words.
    """

    def test_blanks(self) -> None:
        """
        Any number of blanks and tabs separates words.
        """
        self.assertEqual(words("  bind\t :80   name x \n"), ["bind", ":80", "name", "x"])

    def test_nothing(self) -> None:
        """
        An empty line, one of blanks and a comment have no words.
        """
        self.assertEqual([words(""), words("  \t"), words("  # bind :80")], [[], [], []])

    def test_comment(self) -> None:
        """
        An unquoted number sign ends the line, inside a word too.
        """
        self.assertEqual(words("a b#c d"), ["a", "b"])

    def test_quoted_comment(self) -> None:
        """
        A quoted or escaped number sign is an ordinary character.
        """
        self.assertEqual(words("'a#b' \"c#d\" e\\#f"), ["a#b", "c#d", "e#f"])

    def test_escapes(self) -> None:
        """
        Unquoted escapes give blanks, control characters and bytes.
        """
        self.assertEqual(words(r"a\ b \\ \# \' \" \t\n\r \x41"), list_of_escapes())

    def test_other_escapes(self) -> None:
        """
        The backslash of an unknown escape stays, and that of an unquoted dollar sign.
        """
        self.assertEqual(words(r"\q \$A a\ "[:-1]), ["\\q", "\\$A", "a\\"])

    def test_strong(self) -> None:
        """
        Nothing is special between single quotes.
        """
        self.assertEqual(words(r"'a\ b $A \' x"), ["a\\ b $A \\", "x"])

    def test_weak(self) -> None:
        """
        Escapes work between double quotes, that of the dollar sign too.
        """
        self.assertEqual(words(r'"a \"b\" \$A \x42"'), ['a "b" $A B'])

    def test_adjacent(self) -> None:
        """
        Quoted and unquoted pieces without blank between them are one word.
        """
        self.assertEqual(words('"a""b"\'c\'d'), ["abcd"])

    def test_carriage_return(self) -> None:
        """
        A carriage return ends the line.
        """
        self.assertEqual(words("a\rb\r\n"), ["a"])

    def test_columns(self) -> None:
        """
        Each word knows where it begins, its quote included.
        """
        self.assertEqual(tokenize(" a  'b c' d", VARIABLES.get).columns, [1, 4, 10])

    def test_empty_word(self) -> None:
        """
        An empty word ends the line.
        """
        self.assertEqual(tokenize('a "" b', VARIABLES.get), Words(["a"], [0], empty_at=2))

    def test_too_many(self) -> None:
        """
        Words beyond the limit are dropped.
        """
        found = tokenize("x " * (MAX_WORDS + 3), VARIABLES.get)
        self.assertEqual((len(found.words), found.too_many), (MAX_WORDS, True))
        self.assertFalse(tokenize("x " * MAX_WORDS, VARIABLES.get).too_many)

    def test_split(self) -> None:
        """
        Wherever a line is cut by a line feed, its first part is read as alone.
        """
        text = r"bind 'a b' c\ d e"
        for cut in range(len(text)):
            try:
                alone = words(text[:cut])
            except LexError:
                continue
            self.assertEqual(words(text[:cut] + "\n" + text[cut:]), alone)

    @settings(derandomize=True, max_examples=60, deadline=None)
    @given(st.text(alphabet="ab \"'\\#${}[*]-_A\t", max_size=24))
    def test_any_text(self, text: str) -> None:
        """
        Any text gives words or an error with a position inside the line or right behind it.
        """
        try:
            found = tokenize(text, VARIABLES.get)
        except LexError as error:
            self.assertTrue(1 <= error.position <= len(text) + 1)
            point_at(text, error.position)
        else:
            self.assertTrue(all(found.words))
            self.assertEqual(len(found.words), len(found.columns))

    @settings(derandomize=True, max_examples=40, deadline=None)
    @given(st.lists(st.text(alphabet="abc \"'\\#$\t", min_size=1, max_size=6), max_size=8))
    def test_strong_quotes_keep_all(self, wanted: list[str]) -> None:
        """
        What is quoted comes back as it was.
        """
        quoted = ["'" + each.replace("'", "'\\''") + "'" for each in wanted]
        self.assertEqual(words(" ".join(quoted)), wanted)

    @settings(derandomize=True, max_examples=40, deadline=None)
    @given(st.text(alphabet="ab:. \t\v\f$", max_size=24))
    def test_fast_path(self, text: str) -> None:
        """
        A line without special characters is cut as C{str.split} cuts it.
        """
        self.assertTrue(is_plain(text))
        self.assertEqual(words(text), text.split())

    @settings(derandomize=True, max_examples=200, deadline=None)
    @given(st.text(alphabet="ab \t\v\f\r\x00\x1c\x1f\x7f\x85\xa0\u2003\u00e9\"'\\#", max_size=12))
    def test_plain_lines(self, text: str) -> None:
        """
        Whatever a line is made of: when it counts as plain, C{str.split} finds the words that
        the scanner finds.
        """
        if is_plain(text):
            self.assertEqual(words(text), text.split())
        self.assertEqual(is_plain(text), set(text) <= set("ab \t\v\f"))


def list_of_escapes() -> list[str]:
    return ["a b", "\\", "#", "'", '"', "\t\n\r", "A"]


class VariablesTests(SynchronousTestCase):
    """
    Tests for variables between double quotes.
    """

    def test_expanded(self) -> None:
        """
        Variables are expanded between double quotes, with braces or without.
        """
        self.assertEqual(words('"$A" "x${A}y" "$A-x" "$A[0]"'), ["va", "xvay", "va-x", "va[0]"])

    def test_not_expanded(self) -> None:
        """
        They are not between single quotes and outside of quotes.
        """
        self.assertEqual(words("$A ${A} '$A'"), ["$A", "${A}", "$A"])

    def test_default(self) -> None:
        """
        A default replaces an unset variable, as it is written.
        """
        self.assertEqual(words('"${U-a b}" "${A-x}" "${U-$A}"'), ["a b", "va", "$A"])

    def test_default_and_empty(self) -> None:
        """
        An empty variable is set: its default does not count.
        """
        self.assertEqual(words('"x${EMPTY-y}"'), ["x"])

    def test_pseudo(self) -> None:
        """
        Names of pseudo variables begin with a dot.
        """
        self.assertEqual(words('"$.LINE" "${.LINE}"'), ["7", "7"])

    def test_list(self) -> None:
        """
        A list's words become words, the first one joined to what stands before it.
        """
        self.assertEqual(words('"a${LIST[*]}" b'), ["ax", "y", "z", "b"])

    def test_list_and_following(self) -> None:
        """
        What follows a list that ends with a blank is a word of its own.
        """
        self.assertEqual(words('"${LIST[*]}b"'), ["x", "y", "z", "b"])

    def test_list_default(self) -> None:
        """
        The default of a list is cut too.
        """
        self.assertEqual(words('"${U[*]-d e f}"'), ["d", "e", "f"])

    def test_leading_blank(self) -> None:
        """
        A list that begins with a blank ends the word before it.
        """
        self.assertEqual(words('"a${LEADING[*]}"'), ["a", "x"])

    def test_unset_vanishes(self) -> None:
        """
        An unset variable before the closing quote takes the quote and the blanks behind it along.
        """
        self.assertEqual(words('"$U"   end'), ["end"])
        self.assertEqual(words('"x$U" end'), ["xend"])

    def test_unset_within(self) -> None:
        """
        An unset variable elsewhere is empty.
        """
        self.assertEqual(words('"x$U y" end'), ["x y", "end"])


class ErrorsTests(SynchronousTestCase):
    """
    Tests for lines that cannot be cut.
    """

    def check(self, text: str, reason: str, position: int) -> None:
        error = self.assertRaises(LexError, words, text)
        self.assertEqual((error.reason, error.position), (reason, position))

    def test_unmatched_quote(self) -> None:
        """
        The position is that of the quote.
        """
        self.check(' bind "127.0.0.1:80\n', "unmatched quote", 7)
        self.check("'a", "unmatched quote", 1)

    def test_hexadecimal(self) -> None:
        """
        The position is that of the backslash.
        """
        self.check(r" acl \xzz", "truncated or invalid hexadecimal sequence", 6)
        self.check(r".notice \x4", "truncated or invalid hexadecimal sequence", 9)

    def test_brace(self) -> None:
        """
        The position is that of the opening brace.
        """
        self.check(' bind "${A"', "unmatched brace in environment variable name", 9)
        self.check('.notice "${A b}"', "unmatched brace in environment variable name", 11)
        self.check('a "${A-b', "unmatched brace in environment variable name", 5)

    def test_expansion(self) -> None:
        """
        The position is that of the bracket.
        """
        self.check(' bind "${A[*"', "truncated or invalid word expansion sequence", 11)
        self.check('.notice "${A[0]}"', "truncated or invalid word expansion sequence", 13)

    def test_first_character(self) -> None:
        """
        The position is that of the character.
        """
        for text, position in (('"$"', 3), ('"a $ b"', 5), ('"${}"', 4), ('"$1"', 3), ('"$.X"', 3)):
            self.check(text, "forbidden first char in environment variable name", position)


class PointAtTests(SynchronousTestCase):
    """
    Tests for showing where a fault is.
    """

    def test_short(self) -> None:
        """
        Leading blanks are left out and the caret moves along.
        """
        self.assertEqual(point_at(' bind "127\n', 7), '  bind "127\n       ^')

    def test_long_tail(self) -> None:
        """
        The end of a long line is cut.
        """
        shown, caret = point_at('a "' + "b" * 200, 3).split("\n")
        self.assertEqual((len(shown), shown[-3:], caret), (78, "...", "    ^"))

    def test_long_head(self) -> None:
        """
        So is what stands far before the fault.
        """
        shown, caret = point_at("  " + "a" * 200 + ' "x', 204).split("\n")
        self.assertTrue(shown.startswith("  ..."))
        self.assertEqual(shown[caret.index("^")], '"')

    def test_unprintable(self) -> None:
        """
        Tabs become blanks, other control characters question marks.
        """
        self.assertEqual(point_at("a\tb\x01'", 5), "  a b?'\n      ^")


class ExpandTests(SynchronousTestCase):
    """
    Tests for expanding addresses.
    """

    def test_variables(self) -> None:
        """
        All forms are known, an unset variable is empty.
        """
        self.assertEqual(
            expand("$A:${U-80}/${U}.", VARIABLES.get),
            "va:80/.",
        )

    def test_plain(self) -> None:
        """
        A word without variable stays as it is.
        """
        self.assertEqual(expand("127.0.0.1:80", VARIABLES.get), "127.0.0.1:80")

    def test_error(self) -> None:
        """
        A bad name is an error.
        """
        self.assertRaises(LexError, expand, "a$", VARIABLES.get)
