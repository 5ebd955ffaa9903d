"""
Rulesets: the lines of C{http-request} and its kin, compiled to one function.

A compiled action takes the stream and returns L{None} to go on with the next line, or a
L{Verdict}. A compiled ruleset is the same: a function of the stream.

An action that has to wait for somebody returns a L{Wait}; it says so by an attribute C{waits} that
is true, and so does a ruleset that has such lines (L{join_rules}). Rulesets without them are
functions that know nothing of waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from mwproxy.core.diagnostics import Diagnostics, Where


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    What ends a ruleset.

    @ivar kind: C{"allow"} (stop evaluating, go on with the stream), C{"deny"}, C{"return"},
        C{"redirect"}, C{"close"} (the client's connection, without a word), C{"cut"} (as if the
        server had ended its connection).

    @ivar answer: Makes the whole HTTP answer (head and body) from the stream; L{None} for
        C{allow}, C{close} and C{cut}, and for C{deny} with the proxy's error answer for L{status}.

    @ivar status: Status of the answer; with C{close} 0 from rules that are not of HTTP, whose
        backend does not count it.
    """

    kind: str
    status: int = 0
    answer: Callable[[Any], bytes] | None = None


ALLOW = Verdict("allow")


@dataclass(slots=True, eq=False)
class Wait:
    """
    A verdict that somebody else has to find first, such as an agent.

    @ivar begin: Begins to look for it. It is given a function, which it calls once with the verdict
        of this one rule, L{None} to go on; it may do so before it returns. A stream that has ended
        meanwhile ignores it.

    @ivar then: The rest of the ruleset: takes the stream and that verdict, and returns the one of
        them all. L{None} for nothing.

    @ivar kind: C{"wait"}.
    """

    begin: Callable[[Callable[[Verdict | None], None]], None]
    then: Callable[[Any, Outcome], Outcome] | None = None
    kind: str = "wait"


Outcome: TypeAlias = "Verdict | Wait | None"

Rule = Callable[[Any], Outcome]


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


def join_rules(rules: Sequence[tuple[Callable[[Any], bool] | None, Rule]]) -> Rule | None:
    """
    Make one function of the lines of a ruleset.

    @param rules: Condition (L{None} for always) and action of each line.

    @return: The function, L{None} when there are no lines.
    """
    if not rules:
        return None
    steps = tuple(rules)
    if any(getattr(rule, "waits", False) for _condition, rule in steps):
        return _Waiting(steps)

    def run(stream: Any) -> Outcome:
        for condition, rule in steps:
            if condition is None or condition(stream):
                verdict = rule(stream)
                if verdict is not None:
                    return verdict
        return None

    return run


def chain_rulesets(parts: Iterable[Rule | None]) -> Rule | None:
    """
    Make one function of rulesets that follow each other. What one of them allows is for the next
    to decide.

    @param parts: The rulesets, L{None} for those that are empty.

    @return: The function, L{None} when all are empty.
    """
    rulesets = tuple(part for part in parts if part is not None)
    if len(rulesets) < 2:
        return rulesets[0] if rulesets else None
    if any(getattr(part, "waits", False) for part in rulesets):
        return _Waiting(tuple((None, part) for part in rulesets), contained=True)

    def run(stream: Any) -> Outcome:
        for rules in rulesets:
            verdict = rules(stream)
            if verdict is not None and verdict.kind != "allow":
                return verdict
        return None

    return run


class _Waiting:
    """
    A ruleset in which a line may have to wait: it goes on behind that line.
    """

    waits = True

    def __init__(
        self,
        steps: tuple[tuple[Callable[[Any], bool] | None, Rule], ...],
        *,
        contained: bool = False,
    ) -> None:
        """
        @param contained: What one step allows is for the next to decide.
        """
        self._steps = steps
        self._contained = contained

    def __call__(self, stream: Any, at: int = 0) -> Outcome:
        """
        Apply the lines.

        @param at: The line to begin with.
        """
        steps = self._steps
        while at < len(steps):
            condition, rule = steps[at]
            at += 1
            if condition is None or condition(stream):
                verdict = rule(stream)
                if verdict is not None and not self._passes(verdict):
                    return self._later(verdict, at)
        return None

    def _passes(self, verdict: Verdict | Wait) -> bool:
        return self._contained and verdict.kind == "allow"

    def _later(self, verdict: Verdict | Wait, at: int) -> Outcome:
        """
        Add what is behind a line to what its wait is followed by.

        @param at: The line to go on with.
        """
        if not isinstance(verdict, Wait):
            return verdict
        inner = verdict.then

        def rest(stream: Any, own: Outcome) -> Outcome:
            found = own if inner is None else inner(stream, own)
            if found is None or self._passes(found):
                return self(stream, at)
            return self._later(found, at)

        verdict.then = rest
        return verdict
