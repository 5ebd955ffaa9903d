"""
Directives: lines that begin with a dot and act on the reading itself.

C{.if .elif .else .endif} choose lines, C{.diag .notice .warning .alert} speak to the operator
(configuration manual 2.4).
"""

from __future__ import annotations

from mwproxy.config.conditions import BlockError, Blocks, ConditionError
from mwproxy.config.lexer import LexError, point_at
from mwproxy.core.diagnostics import Diagnostics, Where

_BLOCKS = frozenset({".if", ".elif", ".else", ".endif"})
_STATUS = frozenset({".diag", ".notice", ".warning", ".alert"})


class Abort(Exception):
    """
    Reading cannot go on; what is wrong was reported.
    """


class Directives:
    """
    The directives of one reading.

    @ivar skipping: Whether lines are in a branch that does not count.
    """

    def __init__(
        self,
        diagnostics: Diagnostics,
        environment: dict[str, str],
        *,
        diag: bool = False,
        silent: bool = False,
    ) -> None:
        """
        @param diag: Whether C{.diag} speaks.

        @param silent: Whether no status directive speaks, as in the discovery pass.
        """
        self.skipping = False
        self._diagnostics = diagnostics
        self._environment = environment
        self._diag = diag
        self._silent = silent
        self._blocks = Blocks()

    def apply(self, words: list[str], where: Where) -> bool:
        """
        Act on a line.

        @param words: Its words; the first begins with a dot.

        @return: Always true: such a line is nothing else.

        @raise Abort: Reading cannot go on.
        """
        name = words[0]
        if name in _BLOCKS:
            self._block(words, where)
        elif self.skipping:
            pass
        elif name in _STATUS:
            self._status(name, words[1:], where)
        else:
            self._complain(f"unknown directive '{name}'.", where)
        return True

    def end_of_file(self, where: Where) -> None:
        """
        See that all blocks are closed.

        @param where: The last line.

        @raise Abort: One is not.
        """
        if len(self._blocks):
            self._complain("non-terminated '.if' block.", where)
            raise Abort

    def _complain(self, text: str, where: Where) -> None:
        self._diagnostics.alert(f"config : parsing [{where}]: {text}")

    def _block(self, words: list[str], where: Where) -> None:
        name = words[0]
        try:
            self._blocks.apply(name, words[1:], self._environment)
        except ConditionError as error:
            body = " ".join(words)
            shown = point_at(body, len(name) + 1 + error.position)
            self._complain(
                f"{error.reason} in '{name}' at position {error.position}:\n{shown}", where
            )
            raise Abort from None
        except BlockError as error:
            self._complain(str(error), where)
            raise Abort from None
        self.skipping = self._blocks.skipping

    def _status(self, name: str, args: list[str], where: Where) -> None:
        if len(args) > 1:
            self._complain(
                f"Unexpected argument '{args[1]}' for '{name}'."
                " Use quotes if the message should contain spaces.",
                where,
            )
            return
        text = f"config : parsing [{where}]: '{args[0] if args else ''}'."
        if name == ".alert":
            if self._silent:
                return
            self._diagnostics.alert(text)
            raise Abort
        if self._silent:
            return
        if name == ".warning":
            self._diagnostics.warning(text)
        elif name == ".notice":
            self._diagnostics.notice(text)
        elif self._diag:
            self._diagnostics.diag(text)


def report_lex_error(error: LexError, text: str, where: Where, diagnostics: Diagnostics) -> None:
    """
    Report a line that cannot be cut into words, with a caret below the fault.

    @param text: The line.
    """
    diagnostics.alert(
        f"config : parsing [{where}]: {error.reason} at position {error.position}:\n"
        f"{point_at(text, error.position)}"
    )
