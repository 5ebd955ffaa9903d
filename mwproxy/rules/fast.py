"""
Shortcuts for the ACLs that nearly every configuration has.

Theory. An ordinary ACL costs three calls: fetch, match, and the predicate around them. Those on
the path, the method, the C{Host} header and the client's address are made in one; what they
cannot decide at a glance (absolute targets, several values) is left to the ordinary functions.
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
    known = tuple(to_wire(pattern) for pattern in patterns)
    if (
        expression.fetch == "path"
        and method in ("beg", "str")
        and not any(pattern[:1] != b"/" or b"?" in pattern for pattern in known)
    ):
        return _path_beg(known) if method == "beg" else _path_str(known)
    if expression.fetch == "method" and method == "str":
        return _method(frozenset(known))
    if expression.fetch == "req.hdr" and expression.arguments == (b"host",):
        return _host(expression, match)
    return None


def _client(match: Callable[[Any], bool]) -> Predicate:
    @lru_cache(maxsize=8192)
    def known_host(text: str) -> bool:
        address = parse_host(text)
        return address is not None and match(address)

    return lambda stream: known_host(stream.session.client_host)


def _path_beg(known: tuple[bytes, ...]) -> Predicate:
    def path_beg(stream: Any) -> bool:
        request = stream.request
        if request is None:
            return False
        target: bytes = request.target
        if target[:1] == b"/":
            return target.startswith(known)
        path: bytes = request.path
        return path.startswith(known)

    return path_beg


def _path_str(known: tuple[bytes, ...]) -> Predicate:
    wanted = frozenset(known)

    def path_str(stream: Any) -> bool:
        request = stream.request
        return request is not None and (request.target in wanted or request.path in wanted)

    return path_str


def _method(wanted: frozenset[bytes]) -> Predicate:
    def method(stream: Any) -> bool:
        request = stream.request
        return request is not None and request.method in wanted

    return method


def _host(expression: Expression, match: Callable[[Any], bool]) -> Predicate:
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

    return host
