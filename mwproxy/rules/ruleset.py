"""
Rulesets: the lines of C{http-request} and its kin, compiled to one function.

A compiled action takes the stream and returns L{None} to go on with the next line, or a
L{Verdict}. A compiled ruleset is the same: a function of the stream.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mwproxy.core.diagnostics import Diagnostics, Where


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    What ends a ruleset.

    @ivar kind: C{"allow"} (stop evaluating, go on with the stream), C{"deny"}, C{"return"},
        C{"redirect"}, C{"close"}.

    @ivar answer: Makes the whole HTTP answer (head and body) from the stream; L{None} for
        C{allow} and C{close}, and for C{deny} with the proxy's error answer for L{status}.

    @ivar status: Status of the answer.
    """

    kind: str
    status: int = 0
    answer: Callable[[Any], bytes] | None = None


ALLOW = Verdict("allow")

Rule = Callable[[Any], Verdict | None]


@dataclass(slots=True)
class RuleLine:
    """
    One line being compiled.

    @ivar words: What follows the ruleset's name, condition included.

    @ivar position: Index of the next word to read; an action's C{make} moves it on to the
        condition or the end.

    @ivar proxy: The section's model, for error files, names and defaults.
    """

    ruleset: str
    words: list[str]
    where: Where
    proxy: Any
    diagnostics: Diagnostics
    position: int = 1
    notes: dict[str, Any] = field(default_factory=dict)

    def at_condition(self) -> bool:
        """
        Whether the action's own words have ended.
        """
        return self.position >= len(self.words) or self.words[self.position] in ("if", "unless")

    def take(self, what: str) -> str:
        """
        Read the next word of the action.

        @param what: What it should be, for the message.

        @return: The word.

        @raise ConfigError: The line has ended.
        """
        from mwproxy.core.diagnostics import ConfigError

        if self.at_condition():
            raise ConfigError(f"'{self.ruleset} {self.words[0]}' expects {what}.")
        word = self.words[self.position]
        self.position += 1
        return word


def join_rules(rules: list[tuple[Callable[[Any], bool] | None, Rule]]) -> Rule | None:
    """
    Make one function of the lines of a ruleset.

    @param rules: Condition (L{None} for always) and action of each line.

    @return: The function, L{None} when there are no lines.
    """
    if not rules:
        return None
    steps = tuple(rules)

    def run(stream: Any) -> Verdict | None:
        for condition, rule in steps:
            if condition is None or condition(stream):
                verdict = rule(stream)
                if verdict is not None:
                    return verdict
        return None

    return run
