"""
A line of a file to its words, with what is wrong about it said as HAProxy says it.
"""

from __future__ import annotations

from mwproxy.config.directives import report_lex_error
from mwproxy.config.environment import Variables
from mwproxy.config.lexer import MAX_WORDS, LexError, point_at, tokenize
from mwproxy.core.diagnostics import Diagnostics, Where


class WordReader:
    """
    Cuts lines into words.
    """

    def __init__(self, diagnostics: Diagnostics, variables: Variables) -> None:
        """
        @param variables: What lines can look up; told where they are read.
        """
        self._diagnostics = diagnostics
        self._variables = variables

    def read(self, text: str, where: Where, section: str, *, silent: bool) -> list[str]:
        """
        Cut a line; a mistake is noted.

        @param text: The line, without its line feed.

        @param where: Its place.

        @param section: Name of the section, empty before the first.

        @param silent: Do not warn that an empty word ends the line.

        @return: The words; none for a line that cannot be cut.
        """
        nul = text.find("\0")
        if nul >= 0:
            self._complain(where, f"Stray NUL character at position {nul + 1}.")
            return []
        self._variables.line = where.line
        self._variables.section = section
        try:
            found = tokenize(text, self._variables.lookup)
        except LexError as error:
            report_lex_error(error, text, where, self._diagnostics)
            return []
        if found.too_many:
            self._complain(
                where,
                f"too many words, truncating after word {MAX_WORDS}, position"
                f" {found.columns[-1]}: <{found.words[-1]}>.",
            )
        if found.empty_at is not None and not silent:
            self._warn_empty(text, len(found.words), found.empty_at + 1, where)
        return found.words

    def end_of_file(self, last: str, where: Where) -> None:
        """
        Refuse a file whose last line has no line feed.

        @param last: What follows its last line feed.

        @param where: The last line.
        """
        if last:
            self._complain(
                where,
                "Missing LF on last line, file might have been truncated at position"
                f" {len(last) + 1}.",
            )

    def _complain(self, where: Where, text: str) -> None:
        self._diagnostics.alert(f"config : parsing [{where}]: {text}")

    def _warn_empty(self, text: str, number: int, position: int, where: Where) -> None:
        if text.lstrip().startswith("."):
            return
        self._diagnostics.warning(
            f"config : parsing [{where}]: argument number {number} at position {position} is empty"
            " and marks the end of the argument list; all subsequent arguments will be"
            f" ignored:\n{point_at(text, position)}"
        )
