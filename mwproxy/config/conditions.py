"""
Conditional expressions and the blocks they open: C{.if .elif .else .endif}.

Configuration manual 2.4::

    expr := and ['||' expr]        and := term ['&&' and]
    term := '!'* ( integer | '(' expr ')' | predicate '(' args ')' )

Both sides of an operator are parsed, and evaluated, whichever value the first has: an
expression that cannot be parsed is an error wherever the fault is.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping

from mwproxy.config.predicates import PREDICATES

#: Deepest nesting of blocks.
MAX_DEPTH = 100

_INTEGER = re.compile(r"[+-]?\d+")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BLANKS = re.compile(r"[ \t]*")


class ConditionError(Exception):
    """
    A conditional expression cannot be read.

    @ivar reason: Why.

    @ivar position: Where, from 1.
    """

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position


def evaluate(text: str, environment: Mapping[str, str]) -> bool:
    """
    Evaluate a condition.

    @param text: The expression; empty is false.

    @param environment: What C{defined()} looks into.

    @return: Its value.

    @raise ConditionError: It cannot be read.
    """
    if not text.strip():
        return False
    reader = _Reader(text, environment)
    value = reader.either()
    reader.blanks()
    if reader.at < len(text):
        raise ConditionError(
            f"unexpected character '{text[reader.at]}' at the end of conditional"
            f" expression '{text}'",
            reader.at + 1,
        )
    return value


class _Reader:
    """
    Recursive descent over one expression.
    """

    def __init__(self, text: str, environment: Mapping[str, str]) -> None:
        self.text = text
        self.environment = environment
        self.at = 0
        self.depth = 0
        self.operator_at = 0

    def blanks(self) -> None:
        """
        Skip blanks.
        """
        found = _BLANKS.match(self.text, self.at)
        self.at = found.end() if found is not None else self.at

    def either(self) -> bool:
        """
        Read terms joined by "or".
        """
        value = self.both()
        while self._operator("||"):
            value = self.both() or value
        return value

    def both(self) -> bool:
        """
        Read terms joined by "and".
        """
        value = self.term()
        while self._operator("&&"):
            value = self.term() and value
        return value

    def term(self) -> bool:
        """
        Read a number, parentheses or a predicate, negated or not.
        """
        self.blanks()
        start = self.at
        negated = False
        while self.text.startswith("!", self.at):
            negated = not negated
            self.at += 1
            self.blanks()
        if self.text.startswith("(", self.at):
            value = self._parentheses()
        elif number := _INTEGER.match(self.text, self.at):
            self.at = number.end()
            value = int(number[0]) != 0
        else:
            value = self._predicate(start)
        return value != negated

    def _operator(self, operator: str) -> bool:
        before = self.at
        self.blanks()
        if self.text.startswith(operator, self.at):
            self.operator_at = self.at
            self.at += len(operator)
            return True
        self.at = before
        return False

    def _parentheses(self) -> bool:
        opened = self.at
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ConditionError("too many nested parentheses", opened + 1)
        self.at += 1
        value = self.either()
        self.blanks()
        if not self.text.startswith(")", self.at):
            raise ConditionError(
                f"expected ')' after conditional expression '{self.text[opened:]}'", opened + 1
            )
        self.at += 1
        self.depth -= 1
        return value

    def _predicate(self, start: int) -> bool:
        word = _WORD.match(self.text, self.at)
        if word is None or word[0] not in PREDICATES:
            if not self.text[start:].strip():
                start = self.operator_at
                raise ConditionError(f"unparsable conditional expression '{self.text}'", start + 1)
            raise ConditionError(
                f"unparsable conditional expression '{self.text[start:]}'", start + 1
            )
        self.at = word.end()
        count, function = PREDICATES[word[0]]
        return function(self.environment, *self._arguments(word[0], count))

    def _arguments(self, name: str, count: int) -> list[str]:
        found: list[str] = []
        place = f"in argument 1 of predicate '{name}' used in conditional expression"
        if not self.text.startswith("(", self.at):
            raise ConditionError(
                f"missing arguments (got 0/{count}), type 'string' expected {place}", self.at + 1
            )
        opened = self.at
        close = self.text.find(")", opened)
        stop = len(self.text) if close < 0 else close
        found = self.text[opened + 1 : stop].split(",")
        self.at = stop
        if len(found) < count:
            raise ConditionError(
                f"missing arguments (got {len(found)}/{count}), type 'string' expected {place}",
                stop + 1,
            )
        if len(found) > count:
            position = opened + 1 + sum(len(each) + 1 for each in found[:count]) - 1
            raise ConditionError(
                f"expected ')' before '{self.text[position:]}' {place}", position + 1
            )
        if close < 0:
            raise ConditionError(f"expected ')' {place}", stop + 1)
        self.at = close + 1
        return found


class Branch(enum.Enum):
    """
    Where a block stands.

    C{TAKEN}: its lines count. C{WAITING}: none of its branches was true yet. C{DONE}: one
    was, the others are skipped. C{DEAD}: the block itself is inside skipped text.
    C{LAST}: behind C{.else}, lines count. C{LAST_SKIPPED}: behind C{.else}, they do not.
    """

    TAKEN = enum.auto()
    WAITING = enum.auto()
    DONE = enum.auto()
    DEAD = enum.auto()
    LAST = enum.auto()
    LAST_SKIPPED = enum.auto()


class BlockError(Exception):
    """
    A block is badly formed; the text says how.
    """


class Blocks:
    """
    The conditional blocks around a line.

    @ivar skipping: Whether the line is in a branch that does not count.
    """

    def __init__(self) -> None:
        self._open: list[Branch] = []
        self.skipping = False

    def __len__(self) -> int:
        return len(self._open)

    def apply(self, name: str, words: list[str], environment: Mapping[str, str]) -> None:
        """
        Enter, change or leave a block.

        @param name: C{.if}, C{.elif}, C{.else} or C{.endif}.

        @param words: What follows it.

        @param environment: What conditions look into.

        @raise ConditionError: The condition cannot be read.

        @raise BlockError: The block is badly formed.
        """
        if name in (".else", ".endif") and words:
            raise BlockError(f"Unexpected argument '{words[0]}' for '{name}'.")
        if name == ".if":
            self._begin(words, environment)
        elif not self._open:
            raise BlockError(f"lone '{name}' with no matching '.if'.")
        elif name == ".endif":
            self._open.pop()
        elif self._open[-1] in (Branch.LAST, Branch.LAST_SKIPPED):
            raise BlockError(f"'{name}' after '.else' is not permitted.")
        elif name == ".else":
            self._otherwise()
        else:
            self._instead(words, environment)
        self.skipping = bool(self._open) and self._open[-1] not in (Branch.TAKEN, Branch.LAST)

    def _begin(self, words: list[str], environment: Mapping[str, str]) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise BlockError(f"too many nested '.if', max {MAX_DEPTH}.")
        if self.skipping:
            self._open.append(Branch.DEAD)
        else:
            value = evaluate(" ".join(words), environment)
            self._open.append(Branch.TAKEN if value else Branch.WAITING)

    def _instead(self, words: list[str], environment: Mapping[str, str]) -> None:
        branch = self._open[-1]
        if branch is Branch.TAKEN:
            self._open[-1] = Branch.DONE
        elif branch is Branch.WAITING and evaluate(" ".join(words), environment):
            self._open[-1] = Branch.TAKEN

    def _otherwise(self) -> None:
        waiting = self._open[-1] is Branch.WAITING
        self._open[-1] = Branch.LAST if waiting else Branch.LAST_SKIPPED
