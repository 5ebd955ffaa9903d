"""
Actions on the request line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mwproxy.core.families import action
from mwproxy.rules.actions.headers import replacement, words
from mwproxy.rules.log_format import compile_format
from mwproxy.rules.regex import compile_regex
from mwproxy.rules.ruleset import Rule, RuleLine
from mwproxy.rules.targets import change_method, change_target, split_target

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def _format(line: RuleLine) -> Callable[[Any], bytes]:
    text = words(line, 1, " <format>")[0]
    return compile_format(text, line.notes["context"], log=False)


@action("set-method", rulesets="http-request")
def act_set_method(line: RuleLine) -> Rule:
    """
    Replace the method; what is no method changes nothing.
    """
    value = _format(line)

    def set_method(stream: Any) -> None:
        method = value(stream)
        if _TOKEN.fullmatch(method) is not None:
            change_method(stream, method)

    return set_method


@action("set-path", rulesets="http-request")
def act_set_path(line: RuleLine) -> Rule:
    """
    Replace the path and keep the rest.
    """
    value = _format(line)

    def set_path(stream: Any) -> None:
        front, _path, query = split_target(stream.request.target)
        change_target(stream, front + value(stream).replace(b"?", b"%3F") + query)

    return set_path


@action("set-pathq", rulesets="http-request")
def act_set_pathq(line: RuleLine) -> Rule:
    """
    Replace path and query.
    """
    value = _format(line)

    def set_pathq(stream: Any) -> None:
        front, _path, _query = split_target(stream.request.target)
        change_target(stream, front + value(stream))

    return set_pathq


@action("set-query", rulesets="http-request")
def act_set_query(line: RuleLine) -> Rule:
    """
    Replace what follows the question mark; the mark itself stays.
    """
    value = _format(line)

    def set_query(stream: Any) -> None:
        front, path, query = split_target(stream.request.target)
        new = value(stream)
        change_target(stream, front + path + (b"?" + new if query or new else b""))

    return set_query


@action("set-uri", rulesets="http-request")
def act_set_uri(line: RuleLine) -> Rule:
    """
    Replace the whole target.
    """
    value = _format(line)
    return lambda stream: change_target(stream, value(stream))


def _replacing(line: RuleLine, cut: Callable[[bytes], tuple[bytes, bytes, bytes]]) -> Rule:
    pattern, text = words(line, 2)
    regex = compile_regex(pattern)
    fill = replacement(line, text)

    def replace(stream: Any) -> None:
        before, part, behind = cut(stream.request.target)
        found = regex.search(part)
        if found is not None:
            change_target(stream, before + fill(stream, found) + behind)

    return replace


def _cut_pathq(target: bytes) -> tuple[bytes, bytes, bytes]:
    front, path, query = split_target(target)
    return front, path + query, b""


@action("replace-path", rulesets="http-request")
def act_replace_path(line: RuleLine) -> Rule:
    """
    Replace a path that matches.
    """
    return _replacing(line, split_target)


@action("replace-pathq", rulesets="http-request")
def act_replace_pathq(line: RuleLine) -> Rule:
    """
    Replace path and query when they match.
    """
    return _replacing(line, _cut_pathq)


@action("replace-uri", rulesets="http-request")
def act_replace_uri(line: RuleLine) -> Rule:
    """
    Replace a target that matches.
    """
    return _replacing(line, lambda target: (b"", target, b""))
