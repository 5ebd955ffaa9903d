"""
Shortcuts for the ACLs that nearly every configuration has.

Theory. An ordinary ACL costs three calls: fetch, match, and the predicate around them. Those on
the path, the method, the C{Host} header and the client's address are made in one; what they
cannot decide at a glance (absolute targets, several values) is left to the ordinary functions.
Their C{rebind} takes other patterns, C{include} and C{exclude} one more or less: a free variable
of a function costs the same whether it is changed or not.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mwproxy.rules.casts import parse_host
from mwproxy.rules.texts import to_wire

if TYPE_CHECKING:
    from mwproxy.rules.expression import Expression

Predicate = Callable[[Any], bool]
Match = Callable[[Any], bool]
#: Gives the patterns as they are now, and whether they ignore case.
Groups = Callable[[], list[tuple[bool, list[str]]]]


def fast_predicate(
    expression: Expression,
    method: str,
    patterns: list[str],
    ignore_case: bool,
    match: Callable[[Any], bool],
) -> Predicate | None:
    """
    Make a predicate in one function, if there is a shortcut.

    @param expression: A fetch without converters.

    @param method: The match method; C{patterns} are its patterns.

    @param match: The compiled matcher.

    @return: L{None} when the ordinary way must be used.
    """
    if expression.fetch == "src" and method == "ip":
        return _client(match)
    if ignore_case or not patterns:
        return None
    if expression.fetch == "path" and method == "beg":
        return _path_beg(patterns)
    if expression.fetch == "path" and method == "str":
        return _path_str(patterns)
    if expression.fetch == "method" and method == "str":
        return _method(patterns)
    if expression.fetch == "req.hdr" and expression.arguments == (b"host",):
        return _host(expression, match)
    return None


def _changeable(predicate: Predicate, **hooks: Callable[..., None]) -> Predicate:
    predicate.__dict__.update(hooks)
    return predicate


def _all_patterns(groups: Groups) -> list[str]:
    return [pattern for _ignore, patterns in groups() for pattern in patterns]


def _client(match: Match) -> Predicate:
    @lru_cache(maxsize=8192)
    def known_host(text: str) -> bool:
        address = parse_host(text)
        return address is not None and match(address)

    def rebind(new: Match, _groups: Groups) -> None:
        nonlocal match
        match = new
        known_host.cache_clear()

    return _changeable(lambda stream: known_host(stream.session.client_host), rebind=rebind)


def _prefixes(patterns: list[str]) -> tuple[bytes, ...]:
    # No path has a question mark, but the target may.
    return tuple(to_wire(pattern) for pattern in patterns if "?" not in pattern)


def _path_beg(patterns: list[str]) -> Predicate:
    known = _prefixes(patterns)

    def path_beg(stream: Any) -> bool:
        request = stream.request
        if request is None:
            return False
        target: bytes = request.target
        if target[:1] == b"/":
            return target.startswith(known)
        path: bytes = request.path
        return path.startswith(known)

    def rebind(_match: Match, groups: Groups) -> None:
        nonlocal known
        known = _prefixes(_all_patterns(groups))

    return _changeable(path_beg, rebind=rebind)


def _path_str(patterns: list[str]) -> Predicate:
    # Only what can be a path: the target is looked up too.
    wanted = {to_wire(each) for each in patterns if _is_path(to_wire(each))}

    def path_str(stream: Any) -> bool:
        request = stream.request
        return request is not None and (request.target in wanted or request.path in wanted)

    def rebind(_match: Match, groups: Groups) -> None:
        wanted.clear()
        wanted.update(filter(_is_path, map(to_wire, _all_patterns(groups))))

    def include(pattern: bytes) -> None:
        if _is_path(pattern):
            wanted.add(pattern)

    return _changeable(path_str, rebind=rebind, include=include, exclude=wanted.discard)


def _is_path(pattern: bytes) -> bool:
    return b"?" not in pattern and pattern[:1] in (b"/", b"")


def _method(patterns: list[str]) -> Predicate:
    wanted = set(map(to_wire, patterns))

    def method(stream: Any) -> bool:
        request = stream.request
        return request is not None and request.method in wanted

    def rebind(_match: Match, groups: Groups) -> None:
        wanted.clear()
        wanted.update(map(to_wire, _all_patterns(groups)))

    return _changeable(method, rebind=rebind, include=wanted.add, exclude=wanted.discard)


def _host(expression: Expression, match: Match) -> Predicate:
    values = expression.values
    assert values is not None

    def host(stream: Any) -> bool:
        request = stream.request
        if request is None:
            return False
        if request.edited is None and request.added is None:
            value = request.block.host
            if value is None:
                return False
            if b"," not in value:
                return match(value)
        return any(match(value) for value in values(stream))

    def rebind(new: Match, _groups: Groups) -> None:
        nonlocal match
        match = new

    return _changeable(host, rebind=rebind)
