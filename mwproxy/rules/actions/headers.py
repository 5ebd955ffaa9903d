"""
Actions on header lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import action
from mwproxy.rules.headers import split_values
from mwproxy.rules.log_format import compile_format
from mwproxy.rules.regex import compile_regex, expand_references, fill_references
from mwproxy.rules.ruleset import Rule, RuleLine
from mwproxy.rules.texts import to_text, to_wire

_BOTH = "http-request http-response http-after-response"
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def words(line: RuleLine, count: int, what: str = "") -> list[str]:
    """
    Take exactly so many words of an action.

    @param what: Describes them in the message.

    @return: The words.

    @raise ConfigError: There are fewer.
    """
    found = line.words[line.position : line.position + count]
    if len(found) < count or not all(found[:1]):
        plural = "" if count == 1 else "s"
        raise ConfigError(f"expects exactly {count} argument{plural}{what}")
    line.position += count
    return found


def header_name(word: str) -> bytes:
    """
    Check the name of a header.

    @return: In lower case.

    @raise ConfigError: It is no name, and would break the message.
    """
    name = to_wire(word)
    if _TOKEN.fullmatch(name) is None:
        raise ConfigError(f"'{word}' is not a valid header name")
    return name.lower()


def _message(line: RuleLine) -> Callable[[Any], Any]:
    if line.ruleset == "http-request":
        return lambda stream: stream.request
    return lambda stream: stream.response


def _format(line: RuleLine, text: str) -> Callable[[Any], bytes]:
    return compile_format(text, line.notes["context"], log=False)


@action("set-header", rulesets=_BOTH)
def act_set_header(line: RuleLine) -> Rule:
    """
    Replace all lines of a header by one.
    """
    word, text = words(line, 2)
    name = header_name(word)
    value = _format(line, text)
    constant = getattr(value, "constant", None)
    attribute = "request" if line.ruleset == "http-request" else "response"
    if constant is not None:
        return _set_constant(attribute, name, constant)

    def set_header(stream: Any) -> None:
        message = getattr(stream, attribute)
        message.put((name, value(stream)))

    return set_header


def _set_constant(attribute: str, name: bytes, value: bytes) -> Rule:
    field = (name, value)

    def set_in_request(stream: Any) -> None:
        stream.request.put(field)

    def set_in_response(stream: Any) -> None:
        stream.response.put(field)

    return set_in_request if attribute == "request" else set_in_response


@action("add-header", rulesets=_BOTH)
def act_add_header(line: RuleLine) -> Rule:
    """
    Add a header line.
    """
    word, text = words(line, 2)
    name = header_name(word)
    value = _format(line, text)
    message = _message(line)

    def add_header(stream: Any) -> None:
        found = value(stream)
        message(stream).add((name, found))

    return add_header


@action("del-header", rulesets=_BOTH)
def act_del_header(line: RuleLine) -> Rule:
    """
    Drop all lines of a header, or of headers whose names match.
    """
    if line.at_condition():
        raise ConfigError("expects at least 1 argument")
    word = line.words[line.position]
    line.position += 1
    method = "str"
    if line.position < len(line.words) and line.words[line.position] == "-m":
        line.position += 1
        method = line.words[line.position] if line.position < len(line.words) else ""
        if method not in ("str", "beg", "end", "sub", "reg"):
            raise ConfigError(f"-m with unsupported matching method '{method}'")
        line.position += 1
    doomed = _name_test(word, method)
    message = _message(line)

    def del_header(stream: Any) -> None:
        found = message(stream)
        for known, _value in found.fields():
            if doomed(known):
                found.edited = [field for field in found.own() if not doomed(field[0])]
                return

    return del_header


def _name_test(word: str, method: str) -> Callable[[bytes], bool]:
    if method == "reg":
        search = compile_regex(word, ignore_case=True).search
        return lambda known: search(known) is not None
    name = to_wire(word).lower()
    if method == "beg":
        return lambda known: known.startswith(name)
    if method == "end":
        return lambda known: known.endswith(name)
    if method == "sub":
        return lambda known: name in known
    return name.__eq__


def _replacing(line: RuleLine, per_value: bool) -> Rule:
    word, pattern, text = words(line, 3)
    name = header_name(word)
    regex = compile_regex(pattern)
    fill = replacement(line, text)
    message = _message(line)

    def change(stream: Any, value: bytes) -> bytes:
        found = regex.search(value)
        return value if found is None else fill(stream, found)

    def change_line(stream: Any, value: bytes) -> bytes:
        if not per_value:
            return change(stream, value)
        parts = split_values(value)
        changed = [change(stream, part) for part in parts]
        return value if changed == parts else b", ".join(changed)

    def replace_header(stream: Any) -> None:
        found = message(stream)
        if not found.get_all(name):
            return
        found.edited = [
            (known, change_line(stream, value)) if known == name else (known, value)
            for known, value in found.own()
        ]

    return replace_header


def replacement(line: RuleLine, text: str) -> Callable[[Any, re.Match[bytes]], bytes]:
    """
    Compile what replaces a match: a log-format string with back-references.

    @return: Takes the stream and the match.
    """
    made = _format(line, text)
    constant = getattr(made, "constant", None)
    if constant is not None:
        parts = expand_references(to_text(constant))
        return lambda stream, found: fill_references(parts, found)
    return lambda stream, found: fill_references(expand_references(to_text(made(stream))), found)


@action("replace-header", rulesets=_BOTH)
def act_replace_header(line: RuleLine) -> Rule:
    """
    Replace the whole line of headers that match.
    """
    return _replacing(line, False)


@action("replace-value", rulesets=_BOTH)
def act_replace_value(line: RuleLine) -> Rule:
    """
    Replace each comma-separated value that matches.
    """
    return _replacing(line, True)
