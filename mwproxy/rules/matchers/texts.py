"""
Match methods for strings: C{str beg end sub dir dom reg len bin}.

Each is made once of its patterns and returns the function that is called with a sample.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import matcher
from mwproxy.rules.matchers.numbers import match_ranges
from mwproxy.rules.patterns import parse_ranges
from mwproxy.rules.regex import compile_regex
from mwproxy.rules.texts import to_wire

Match = Callable[[Any], bool]


def _wire(patterns: list[str], ignore_case: bool) -> list[bytes]:
    found = [to_wire(pattern) for pattern in patterns]
    return [pattern.lower() for pattern in found] if ignore_case else found


def never(_sample: Any) -> bool:
    """
    Match nothing: what a method without patterns does.

    @return: False.
    """
    return False


@matcher("str", takes="str bin meth")
def match_str(patterns: list[str], ignore_case: bool = False) -> Match:
    """
    Match a whole string.
    """
    known = frozenset(_wire(patterns, ignore_case))
    if not known:
        return never
    if ignore_case:
        return lambda sample: sample.lower() in known
    if len(known) == 1:
        return next(iter(known)).__eq__
    return known.__contains__


@matcher("beg", takes="str bin meth")
def match_beg(patterns: list[str], ignore_case: bool = False) -> Match:
    """
    Match how a string begins.
    """
    known = tuple(_wire(patterns, ignore_case))
    if ignore_case:
        return lambda sample: sample.lower().startswith(known)
    return lambda sample: sample.startswith(known)


@matcher("end", takes="str bin meth")
def match_end(patterns: list[str], ignore_case: bool = False) -> Match:
    """
    Match how a string ends.
    """
    known = tuple(_wire(patterns, ignore_case))
    if ignore_case:
        return lambda sample: sample.lower().endswith(known)
    return lambda sample: sample.endswith(known)


@matcher("sub", takes="str bin meth")
def match_sub(patterns: list[str], ignore_case: bool = False) -> Match:
    """
    Match a part of a string.
    """
    known = _wire(patterns, ignore_case)
    if not known:
        return never
    if len(known) == 1 and not ignore_case:
        only = known[0]
        return lambda sample: only in sample
    search = re.compile(b"|".join(re.escape(pattern) for pattern in known)).search
    if ignore_case:
        return lambda sample: search(sample.lower()) is not None
    return lambda sample: search(sample) is not None


@matcher("dir", takes="str bin meth")
def match_dir(patterns: list[str], ignore_case: bool = False) -> Match:
    """
    Match whole parts between slashes.
    """
    return _delimited(_wire(patterns, ignore_case), rb"/?", ignore_case)


@matcher("dom", takes="str bin meth")
def match_dom(patterns: list[str], ignore_case: bool = False) -> Match:
    """
    Match whole parts between slashes, dots, colons and question marks.
    """
    return _delimited(_wire(patterns, ignore_case), rb"/?.:", ignore_case)


def _delimited(known: list[bytes], delimiters: bytes, ignore_case: bool) -> Match:
    cut = [pattern.strip(delimiters) for pattern in known]
    cut = [pattern for pattern in cut if pattern]
    if not cut:
        return never
    group = b"[" + re.escape(delimiters) + b"]"
    body = b"|".join(re.escape(pattern) for pattern in cut)
    search = re.compile(b"(?:^|(?<=" + group + b"))(?:" + body + rb")(?:(?=" + group + rb")|\Z)")
    find = search.search
    if ignore_case:
        return lambda sample: find(sample.lower()) is not None
    return lambda sample: find(sample) is not None


@matcher("reg", takes="str bin meth")
def match_reg(patterns: list[str], ignore_case: bool = False) -> Match:
    """
    Match regular expressions.
    """
    known = [compile_regex(pattern, ignore_case).search for pattern in patterns]
    if not known:
        return never
    if len(known) == 1:
        search = known[0]
        return lambda sample: search(sample) is not None

    def match(sample: bytes) -> bool:
        return any(search(sample) is not None for search in known)

    return match


@matcher("len", takes="str bin meth")
def match_len(patterns: list[str], ignore_case: bool = False) -> Match:
    """
    Match the length of a string against numbers and ranges.
    """
    inside = match_ranges(parse_ranges(patterns))
    return lambda sample: inside(len(sample))


@matcher("bin", takes="str bin")
def match_bin(patterns: list[str], ignore_case: bool = False) -> Match:
    """
    Match whole data against hexadecimal strings.
    """
    known = set()
    for pattern in patterns:
        bad = re.search(r"[^0-9A-Fa-f]", pattern)
        if bad is not None:
            raise ConfigError(f"an hex digit is expected (found '{bad[0]}')")
        if len(pattern) % 2:
            raise ConfigError(f"an even number of hex digits is expected in '{pattern}'")
        known.add(bytes.fromhex(pattern))
    return frozenset(known).__contains__
