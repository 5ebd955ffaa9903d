"""
One logical line of configuration, as keyword functions get it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mwproxy.core.diagnostics import ConfigError, Diagnostics, Where
from mwproxy.core.values import BadValue, parse_integer, parse_time_ms

#: Runs when all files are read: gets the L{Configuration<mwproxy.config.model.Configuration>}
#: and the diagnostics.
LaterCheck = Callable[[Any, Diagnostics], None]


@dataclass(slots=True)
class Line:
    """
    A line's words and what a keyword function needs around them.

    @ivar words: All words, C{no} and the keyword included.

    @ivar name: The keyword as registered, all its words.

    @ivar args: The words that follow it.

    @ivar negated: True when C{no} stood before it.

    @ivar section: The kind of section, such as C{"frontend"}.

    @ivar environment: The variables that lines can read and C{setenv} changes.

    @ivar later: Checks to run when all files are read.

    @ivar base: Directory that relative file names start from; empty for the current one.

    @ivar diag: Whether C{.diag} lines of a file that the line names speak.

    @ivar discovery: Whether it is read for the master; a worker reads it too.
    """

    words: list[str]
    name: str
    args: list[str]
    where: Where
    diagnostics: Diagnostics
    section: str
    negated: bool = False
    environment: dict[str, str] = field(default_factory=dict)
    later: list[LaterCheck] = field(default_factory=list)
    base: str = ""
    diag: bool = False
    discovery: bool = False

    def warning(self, text: str) -> None:
        """
        Warn about this line.
        """
        self.diagnostics.warning(text, self.where)

    def time_ms(self, index: int = 0, unit: str = "ms") -> int:
        """
        Read an argument as a duration.

        @param index: Which argument.

        @param unit: What digits alone count.

        @return: Milliseconds.

        @raise ConfigError: It is none.
        """
        try:
            return parse_time_ms(self.args[index], unit)
        except BadValue as error:
            raise ConfigError(f"'{self.name}' : {error} in '{self.args[index]}'.") from None

    def integer(self, index: int = 0, low: int | None = None, high: int | None = None) -> int:
        """
        Read an argument as an integer.

        @param index: Which argument.

        @param low: The smallest value allowed, L{None} for any.

        @param high: The largest value allowed, L{None} for any.

        @return: The number.

        @raise ConfigError: It is none, or out of range.
        """
        try:
            return parse_integer(self.args[index], low, high)
        except BadValue as error:
            raise ConfigError(f"'{self.name}' : {error}.") from None
