"""
A line of configuration to words: quotes, escapes, comments, variables.

Configuration manual 2.2 "Quoting and escaping" and 2.3 "Environment variables":

 - Blanks separate words, C{#} begins a comment, unless quoted or escaped.
 - Variables are expanded between double quotes only.
 - An empty word marks the end of the line: what follows it is not seen.
 - After an unset variable right before the closing quote, that quote I{and the blanks behind
   it} vanish, so that C{"$UNSET" word} is one word. Scripts use it to make a word optional.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

#: Most words of one line.
MAX_WORDS = 64

#: Gives the value of a variable, or L{None} when it is not set. Names of pseudo variables
#: begin with a dot.
Lookup = Callable[[str], str | None]

#: A line without any of these has nothing to unquote, and no blank but those of ASCII.
_SPECIAL = re.compile(r"[^\t-\f !$-&(-\[\]-~]")

_BLANK = " \t\v\f"


def is_plain(text: str) -> bool:
    """
    Tell whether L{str.split} alone reads a line.

    @param text: The line, without its line feed.
    """
    body = text.lstrip("\t")
    # What most lines are is found out in half the time that the pattern takes.
    if body.isprintable() and body.isascii():
        return not ('"' in body or "'" in body or "\\" in body or "#" in body)
    return _SPECIAL.search(body) is None


_PLAIN = re.compile(r"[^\"'\\#$\r\n \t\v\f]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PSEUDO = re.compile(r"\.(?:FILE|LINE|SECTION)\b")
_HEX = re.compile(r"[0-9A-Fa-f]{2}")
_ESCAPED = {" ": " ", "\\": "\\", "#": "#", "'": "'", '"': '"', "t": "\t", "n": "\n", "r": "\r"}
_WIDTH = 76
_LEAD = 40


class LexError(Exception):
    """
    The line cannot be cut into words.

    @ivar reason: Why.

    @ivar position: Where, from 1.
    """

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position


@dataclass(slots=True)
class Words:
    """
    What L{tokenize} found.

    @ivar words: The words, none of them empty.

    @ivar columns: Where each begins, from 0.

    @ivar empty_at: Where the empty word began that ended the line, from 0, or L{None}.

    @ivar too_many: Whether there were more than L{MAX_WORDS}.
    """

    words: list[str]
    columns: list[int]
    empty_at: int | None = None
    too_many: bool = False


def tokenize(text: str, lookup: Lookup) -> Words:
    """
    Cut a line into words.

    @param text: The line, with or without its line feed.

    @param lookup: The variables.

    @return: The words.

    @raise LexError: Something is not closed or not allowed.
    """
    scanner = _Scanner(text, lookup)
    scanner.run()
    return scanner.finish()


def point_at(text: str, position: int) -> str:
    """
    Show a line with a caret below one of its characters, as messages do.

    @param text: The line.

    @param position: Which character, from 1.

    @return: Two lines, each indented by two blanks.
    """
    body = text.lstrip(_BLANK).rstrip("\r\n")
    offset = max(0, position - 1 - (len(text) - len(text.lstrip(_BLANK))))
    body = "".join(char if char.isprintable() else " " if char in _BLANK else "?" for char in body)
    if offset >= _WIDTH:
        body = "..." + body[offset - _LEAD + 3 :]
        offset = _LEAD
    if len(body) > _WIDTH:
        body = body[: _WIDTH - 3] + "..."
    return f"  {body}\n  {' ' * offset}^"


def expand(text: str, lookup: Lookup) -> str:
    """
    Expand the variables of a word whatever its quotes, as addresses allow.

    @param text: The word.

    @param lookup: The variables; an unset one counts as empty.

    @return: The word with their values.

    @raise LexError: A name is not closed or not allowed.
    """
    if "$" not in text:
        return text
    pieces: list[str] = []
    at = 0
    while (found := text.find("$", at)) >= 0:
        pieces.append(text[at:found])
        variable = _Variable.read(text, found)
        value = lookup(variable.name)
        pieces.append(variable.default or "" if value is None else value)
        at = variable.end
    return "".join(pieces) + text[at:]


@dataclass(slots=True)
class _Variable:
    """
    C{$NAME}, C{${NAME}}, C{${NAME-default}}, C{${NAME[*]}}.

    @ivar default: L{None} when there is none.

    @ivar end: Position behind it.
    """

    name: str
    default: str | None
    split: bool
    end: int

    @classmethod
    def read(cls, text: str, dollar: int) -> _Variable:
        """
        Read the variable whose dollar sign is at a position.
        """
        at = dollar + 1
        braced = text.startswith("{", at)
        if braced:
            at += 1
        found = _NAME.match(text, at) or _PSEUDO.match(text, at)
        if found is None:
            raise LexError("forbidden first char in environment variable name", at + 1)
        at = found.end()
        if not braced:
            return cls(found[0], None, False, at)
        split = False
        if text.startswith("[", at):
            if not text.startswith("[*]", at):
                raise LexError("truncated or invalid word expansion sequence", at + 1)
            split = True
            at += 3
        default = None
        if text.startswith("-", at):
            close = text.find("}", at)
            default = text[at + 1 : close]
            at = close
        if at < 0 or not text.startswith("}", at):
            raise LexError("unmatched brace in environment variable name", dollar + 2)
        return cls(found[0], default, split, at + 1)


class _Scanner:
    """
    One pass over one line.
    """

    def __init__(self, text: str, lookup: Lookup) -> None:
        self.text = text
        self.lookup = lookup
        self.result = Words([], [])
        self.at = 0
        self.quote = ""
        self.quote_at = 0
        self.pieces: list[str] = []
        self.begin = -1

    def run(self) -> None:
        """
        Read to the end of the line.
        """
        text, end = self.text, len(self.text)
        while self.at < end and self.result.empty_at is None and not self.result.too_many:
            char = text[self.at]
            if self.quote == "'":
                self._strong()
            elif char == "\\":
                self._escape()
            elif char == '"':
                self._toggle(char)
            elif self.quote:
                self._weak(char)
            elif char in "#\r\n":
                break
            elif char in _BLANK:
                self.end_word()
                self.at += 1
            elif char == "'":
                self._toggle(char)
            else:
                self._plain(char)
        if self.quote and self.result.empty_at is None and not self.result.too_many:
            raise LexError("unmatched quote", self.quote_at + 1)

    def finish(self) -> Words:
        """
        End the last word.
        """
        self.end_word()
        return self.result

    def end_word(self) -> None:
        """
        Record the word, if one was begun.
        """
        if self.begin < 0 or self.result.too_many:
            return
        word = "".join(self.pieces)
        if not word:
            self.result.empty_at = self.begin
        elif len(self.result.words) == MAX_WORDS:
            self.result.too_many = True
        elif self.result.empty_at is None:
            self.result.words.append(word)
            self.result.columns.append(self.begin)
        self.pieces = []
        self.begin = -1

    def _add(self, piece: str, length: int) -> None:
        if self.begin < 0:
            self.begin = self.at
        self.pieces.append(piece)
        self.at += length

    def _toggle(self, char: str) -> None:
        if self.quote:
            self.quote = ""
            self.at += 1
        else:
            self.quote = char
            self.quote_at = self.at
            self._add("", 1)

    def _strong(self) -> None:
        close = self.text.find("'", self.at)
        if close < 0:
            raise LexError("unmatched quote", self.quote_at + 1)
        self._add(self.text[self.at : close], close + 1 - self.at)
        self.quote = ""

    def _plain(self, char: str) -> None:
        found = _PLAIN.match(self.text, self.at)
        piece = char if found is None else found[0]
        self._add(piece, len(piece))

    def _weak(self, char: str) -> None:
        if char == "$":
            self._variable()
        elif char in "\r\n":
            raise LexError("unmatched quote", self.quote_at + 1)
        elif char in "'#" or char in _BLANK:
            self._add(char, 1)
        else:
            self._plain(char)

    def _escape(self) -> None:
        following = self.text[self.at + 1 : self.at + 2]
        if following == "x":
            code = _HEX.match(self.text, self.at + 2)
            if code is None:
                raise LexError("truncated or invalid hexadecimal sequence", self.at + 1)
            self._add(_byte(int(code[0], 16)), 4)
        elif following in _ESCAPED and following:
            self._add(_ESCAPED[following], 2)
        elif following == "$" and self.quote:
            self._add("$", 2)
        elif following in ("", "\r", "\n"):
            self._add("\\", 1)
        else:
            self._add("\\" + following, 2)

    def _variable(self) -> None:
        variable = _Variable.read(self.text, self.at)
        value = self.lookup(variable.name)
        if value is None:
            value = variable.default
        length = variable.end - self.at
        if value is None:
            self._add("", length)
            if self.text.startswith('"', self.at):
                self.quote = ""
                self.at += 1
                self._skip_blanks()
        elif variable.split:
            self._split(value, length)
        else:
            self._add(value, length)

    def _skip_blanks(self) -> None:
        while self.text[self.at : self.at + 1] in (" ", "\t", "\v", "\f"):
            self.at += 1

    def _split(self, value: str, length: int) -> None:
        start = self.at
        self._add("", 0)
        for piece in re.split(r"([ \t\v\f\r\n]+)", value):
            if not piece:
                continue
            if piece.isspace():
                if "".join(self.pieces):
                    self.end_word()
            else:
                self.at = start
                self._add(piece, 0)
        self.at = start + length


def _byte(code: int) -> str:
    return bytes([code]).decode("utf-8", "surrogateescape")
