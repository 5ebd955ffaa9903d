"""
Arguments between parentheses: C{req.hdr(host,-1)}, C{regsub("a(b)",c,g)}.

Configuration manual 2.2: quotes work as on a line, without C{\\#}, C{\\$} and C{\\xNN}; the
line's own quotes are gone by the time this is read.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from mwproxy.core.diagnostics import ConfigError
from mwproxy.rules.context import Context
from mwproxy.rules.texts import to_wire

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_LITERAL = " \\\"',()"
TYPE_NAMES = {
    "sint": "integer",
    "str": "string",
    "ipv4": "IPv4 address",
    "ipv6": "IPv6 address",
    "mask4": "IPv4 mask",
    "mask6": "IPv6 mask",
    "var": "string",
}


def split_arguments(text: str, position: int) -> tuple[list[str], int]:
    """
    Cut an argument list.

    @param text: The word.

    @param position: Behind the opening parenthesis.

    @return: The arguments, and the position behind the closing parenthesis.

    @raise ConfigError: It is not closed.
    """
    arguments: list[str] = []
    current: list[str] = []
    quote = ""
    while position < len(text):
        char = text[position]
        following = text[position + 1 : position + 2]
        if quote:
            if char == quote:
                quote = ""
            elif char == "\\" and quote == '"' and following in ('"', "\\"):
                current.append(following)
                position += 1
            else:
                current.append(char)
        elif char in "\"'":
            quote = char
        elif char == "\\" and following and following in _LITERAL:
            current.append(following)
            position += 1
        elif char == "\\" and following and following in _ESCAPES:
            current.append(_ESCAPES[following])
            position += 1
        elif char == ",":
            arguments.append("".join(current))
            current = []
        elif char == ")":
            arguments.append("".join(current))
            return arguments, position + 1
        else:
            current.append(char)
        position += 1
    if quote:
        raise ConfigError(f"unmatched quote in argument list '{text}'")
    raise ConfigError("expected ')'")


def convert_arguments(
    words: list[str] | None, types: tuple[str, ...], context: Context, keyword: str
) -> list[Any]:
    """
    Turn argument words into the values that a fetch or converter takes.

    @param words: L{None} when there were no parentheses.

    @param types: As registered; C{?} behind a type marks it as optional.

    @param keyword: The fetch or converter.

    @return: The values; absent ones at the end are left out, absent ones before others are
        L{None}, or empty for strings.

    @raise ConfigError: One is missing, superfluous, or not of its type.
    """
    given = [] if words is None or (words == [""] and not _wants_empty(types)) else words
    if len(given) > len(types):
        raise ConfigError(f"expected ')' before '{','.join(given[len(types) :])})'")
    values: list[Any] = []
    for index, kind in enumerate(types):
        name = kind.rstrip("?")
        if name in ("backend", "frontend") and (index >= len(given) or not given[index]):
            values.append(_current(name, context, keyword))
        elif index >= len(given):
            if not kind.endswith("?"):
                raise ConfigError(_missing(index, given, types, name))
            break
        elif not given[index] and name not in ("str", "var"):
            if not kind.endswith("?"):
                shown = TYPE_NAMES.get(name, name)
                raise ConfigError(
                    f"expected type '{shown}' at position {index + 1}, but got nothing"
                )
            values.append(None)
        else:
            values.append(_value(name, given[index], index, context, keyword))
    return values


def _wants_empty(types: tuple[str, ...]) -> bool:
    return bool(types) and types[0] == "str"


def _missing(index: int, given: list[str], types: tuple[str, ...], name: str) -> str:
    shown = TYPE_NAMES.get(name, name)
    needed = sum(not kind.endswith("?") for kind in types)
    if not given:
        return f"missing arguments (got 0/{needed}), type '{shown}' expected"
    return f"missing arguments (got {index}/{needed}), type '{shown}' expected"


def _current(name: str, context: Context, keyword: str) -> str:
    proxy = context.proxy
    fits = proxy.has_frontend if name == "frontend" else proxy.has_backend
    if not fits and proxy.kind != "defaults":
        raise ConfigError(
            f"proxy '{proxy.name}', referenced in arg 1 of keyword '{keyword}' in proxy "
            f"'{proxy.name}', has not {name} capability"
        )
    return str(proxy.name) if fits else ""


def _value(name: str, text: str, index: int, context: Context, keyword: str) -> Any:
    if name == "str":
        return to_wire(text)
    if name == "var":
        return text
    if name == "regex":
        return text
    if name in ("backend", "frontend", "server"):
        context.refer(name, text, keyword)
        if name == "server" and "/" not in text:
            return f"{context.proxy.name}/{text}"
        return text
    try:
        return _PARSERS[name](text)
    except ValueError:
        raise ConfigError(
            f"failed to parse '{text}' as type '{TYPE_NAMES[name]}' at position {index + 1}"
        ) from None


def _integer(text: str) -> int:
    if re.fullmatch(r"[+-]?[0-9]{1,20}", text) is None:
        raise ValueError(text)
    return int(text)


def _mask4(text: str) -> int:
    if text.isascii() and text.isdecimal() and int(text) <= 32:
        return (0xFFFFFFFF << (32 - int(text))) & 0xFFFFFFFF
    return int(IPv4Address(text))


def _mask6(text: str) -> int:
    full = (1 << 128) - 1
    if text.isascii() and text.isdecimal() and int(text) <= 128:
        return (full << (128 - int(text))) & full
    return int(IPv6Address(text))


_PARSERS: dict[str, Any] = {
    "sint": _integer,
    "ipv4": IPv4Address,
    "ipv6": IPv6Address,
    "mask4": _mask4,
    "mask6": _mask6,
}
