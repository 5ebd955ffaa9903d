"""
Match methods for numbers and truth: C{int bool found}.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mwproxy.core.families import matcher
from mwproxy.rules.patterns import Range, parse_ranges

Match = Callable[[Any], bool]


def match_ranges(ranges: list[Range]) -> Match:
    """
    Make a function that tells whether a number is in one of several ranges.

    @param ranges: Bounds, both included; L{None} for no bound.

    @return: The function.
    """
    exact = frozenset(low for low, high in ranges if low == high and low is not None)
    if len(exact) == len(set(ranges)):
        if len(exact) == 1:
            return next(iter(exact)).__eq__
        return exact.__contains__
    if len(ranges) == 1:
        low, high = ranges[0]
        if high is None and low is not None:
            return lambda number: bool(number >= low)
        if low is None and high is not None:
            return lambda number: bool(number <= high)
    bounds = [
        (float("-inf") if low is None else low, float("inf") if high is None else high)
        for low, high in ranges
    ]

    def match(number: int) -> bool:
        return any(low <= number <= high for low, high in bounds)

    return match


@matcher("int", takes="sint bool")
def match_int(patterns: list[str], ignore_case: bool = False) -> Match:
    """
    Match numbers: values, ranges C{low:high}, operators C{eq ge gt le lt}.
    """
    return match_ranges(parse_ranges(patterns))


@matcher("bool", takes="bool sint")
def match_bool(patterns: list[str], ignore_case: bool = False) -> Match:
    """
    Match what is true, or a number other than 0; patterns are ignored.
    """
    return bool


@matcher("found", takes="bool sint addr ipv4 ipv6 str bin meth any")
def match_found(patterns: list[str], ignore_case: bool = False) -> Match:
    """
    Match any value at all; patterns are ignored.
    """
    return lambda sample: True
