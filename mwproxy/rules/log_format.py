"""
Log-format strings: text, C{%variables}, C{%[expressions]} and flags, compiled to one function.

Configuration manual 8.2.6. A format is cut into parts once; the compiled function fills a bytes
template from one call per part, or returns a constant when there is nothing to fill in.

Values are escaped for where they go: in logs C{#XX} (8.6), in headers C{%XX}, so that no value
can forge a line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from mwproxy.core import families
from mwproxy.core.diagnostics import ConfigError
from mwproxy.rules.casts import to_bytes
from mwproxy.rules.context import Context
from mwproxy.rules.expression import compile_expression, require_phases
from mwproxy.rules.templates import Part, join_parts
from mwproxy.rules.texts import escape_header, escape_log_control, to_wire
from mwproxy.rules.unsupported import LOG_ALIASES

Format = Callable[[Any], bytes]


@dataclass(frozen=True, slots=True)
class Options:
    """
    Flags that hold for a variable.

    @ivar quote: C{+Q}.   @ivar hexadecimal: C{+X}.   @ivar escape: C{+E}.

    @ivar mandatory: True in logs, where what is absent is written as C{-}.

    @ivar log: True in logs, False in headers, targets and bodies.
    """

    quote: bool = False
    hexadecimal: bool = False
    escape: bool = False
    mandatory: bool = True
    log: bool = True


def compile_format(text: str, context: Context, *, log: bool, http: bool = True) -> Format:
    """
    Compile a log-format string.

    @param log: Whether it makes a log line, rather than a header, target or body.

    @param http: Whether variables of HTTP exist here.

    @return: Makes the bytes; its C{constant} attribute holds them when they never change.

    @raise ConfigError: It cannot be compiled.
    """
    parts = _parse(text, context, Options(mandatory=log, log=log), http)
    return join_parts(parts)


def _parse(text: str, context: Context, options: Options, http: bool) -> list[Part]:
    parts: list[Part] = []
    literal: list[str] = []
    position = 0

    def flush() -> None:
        if literal:
            parts.append(to_wire("".join(literal)))
            literal.clear()

    while position < len(text):
        char = text[position]
        if char == " ":
            literal.append(" ")
            while text[position : position + 1] == " ":
                position += 1
            continue
        if char != "%":
            literal.append(char)
            position += 1
            continue
        position += 1
        following = text[position : position + 1]
        if not following:
            raise ConfigError("truncated line after '%'")
        if following == "%":
            literal.append("%")
            position += 1
            continue
        flush()
        if following == "(":
            raise ConfigError("names of log-format items ('%(') are not supported by mwproxy")
        current = options
        if following == "{":
            end = text.find("}", position)
            if end < 0:
                raise ConfigError(f"truncated line after '{text[position + 1 :]}'")
            current = _flags(text[position + 1 : end], options)
            position = end + 1
            following = text[position : position + 1]
        if following == "[":
            part, position = _expression(text, position + 1, context, current)
            parts.append(part)
            continue
        end = position
        while end < len(text) and text[end].isascii() and text[end].isalnum():
            end += 1
        name = text[position:end]
        position = end
        if name == "o":
            options = current
            while text[position : position + 1] == " ":
                position += 1
            continue
        parts.append(_alias(name, current, http))
    flush()
    return parts


def _flags(words: str, options: Options) -> Options:
    known = {"Q": "quote", "X": "hexadecimal", "E": "escape", "M": "mandatory"}
    for word in words.split(","):
        flag = word.strip()
        if not flag:
            continue
        name = known.get(flag.lstrip("+-"))
        if name is None:
            raise ConfigError(f"log-format flag '{flag}' is not supported by mwproxy")
        options = replace(options, **{name: not flag.startswith("-")})
    return options


def _alias(name: str, options: Options, http: bool) -> Format:
    entry = families.log_aliases.find(name)
    if entry is None:
        if name in LOG_ALIASES:
            raise ConfigError(f"format variable '{name}' is not supported by mwproxy")
        raise ConfigError(
            f"no such format variable '{name}'. If you wanted to emit the '%' character "
            "verbatim, you need to use '%%'"
        )
    if not http and getattr(entry.make, "http_only", False):
        raise ConfigError(f"format variable '{name}' is reserved for HTTP mode")
    return entry.make(options)


def _expression(text: str, position: int, context: Context, options: Options) -> tuple[Format, int]:
    end = _closing(text, position)
    words = text[position:end]
    try:
        expression, _taken = compile_expression(words, context)
    except ConfigError as error:
        raise ConfigError(f"failed to parse sample expression <{words}]> : {error}") from None
    require_phases(f"{words}]", expression, context)
    sample = expression.sample
    if expression.fetch == "src" and expression.plain:
        return _value(client_text, "str", options), end + 1
    return _value(sample, expression.gives, options), end + 1


_wire = lru_cache(maxsize=4096)(to_wire)


def client_text(stream: Any) -> bytes | None:
    """
    Write the client's address, as C{src} does, without an address object between.

    @return: L{None} for UNIX sockets.
    """
    return _wire(stream.session.client_host) or None


def _closing(text: str, position: int) -> int:
    quote = ""
    depth = 0
    start = position
    while position < len(text):
        char = text[position]
        if char == "\\" and quote != "'":
            position += 2
            continue
        if quote:
            quote = "" if char == quote else quote
        elif depth and char in "\"'":
            quote = char
        elif char == "(":
            depth += 1
        elif char == ")":
            depth = max(depth - 1, 0)
        elif char == "]" and not depth:
            return position
        position += 1
    raise ConfigError(f"missing ']' after '{text[start:]}'")


def _value(sample: Callable[[Any], Any], gives: str, options: Options) -> Format:
    absent = b"-" if options.mandatory and not options.quote else b""
    if options.quote or options.escape:

        def styled(stream: Any) -> bytes:
            value = sample(stream)
            return style(b"" if value is None else _safe(to_bytes(value), options), options)

        return styled
    escape = escape_log_control if options.log else escape_header
    if gives in ("str", "meth", "bin"):

        def plain(stream: Any) -> bytes:
            value = sample(stream)
            if value is None:
                return absent
            return escape(value) if value else absent

        return plain
    if gives in ("sint", "bool"):

        def number(stream: Any) -> bytes:
            value = sample(stream)
            return absent if value is None else b"%d" % value

        return number

    def other(stream: Any) -> bytes:
        value = sample(stream)
        if value is None:
            return absent
        return escape(to_bytes(value)) or absent

    return other


def _safe(value: bytes, options: Options) -> bytes:
    return escape_log_control(value) if options.log else escape_header(value)


def style(value: bytes, options: Options) -> bytes:
    """
    Quote and escape a string as flags say.

    @param value: The text, empty when there is none.

    @return: What is written.
    """
    if options.escape and not value.isalnum():
        value = value.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"]", b"\\]")
    if options.quote:
        return b'"' + value + b'"'
    return value or (b"-" if options.mandatory else b"")
