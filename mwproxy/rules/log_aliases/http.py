"""
Log variables of HTTP: the request line as it came, captured headers and cookies.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from mwproxy.core.families import log_alias
from mwproxy.rules.aliases import http_only, inline, text
from mwproxy.rules.log_format import Format, Options, style
from mwproxy.rules.targets import split_target
from mwproxy.rules.texts import escape_log, escape_log_header

_BAD = b"<BADREQ>"


@lru_cache(maxsize=512)
def _line(method: bytes, target: bytes, version: int) -> bytes:
    return b"%b %b HTTP/%d.%d" % (escape_log(method), escape_log(target), *divmod(version, 10))


@lru_cache(maxsize=512)
def _line_text(method: bytes, target: bytes, version: int) -> str:
    return _line(method, target, version).decode("ascii")


def _as_came(stream: Any) -> str:
    return request_line(stream).decode("ascii")


def request_line(stream: Any) -> bytes:
    """
    Write the request line as it came.

    @return: Fit for a log; C{<BADREQ>} when there was none.
    """
    request = stream.request
    if request is None:
        return _BAD
    received = stream.received
    if received is not None:
        return _line(received[0], received[1], request.version)
    return _line(request.method, request.target, request.version)


@log_alias("r")
@http_only
def alias_r(options: Options) -> Format:
    """
    The request line.
    """
    made = text(request_line, options)
    if options.escape:
        return made
    source = (
        "{line_text(request.method, request.target, request.version) "
        "if request is not None and stream.received is None else line_as_came(stream)}"
    )
    quote = '\\"' if options.quote else ""
    return inline(made, quote + source + quote, line_text=_line_text, line_as_came=_as_came)


def _part(pick: Callable[[bytes, bytes, int], bytes], options: Options) -> Format:
    def shown(stream: Any) -> bytes:
        request = stream.request
        if request is None:
            return style(_BAD, options)
        method, target = stream.received or (request.method, request.target)
        found = escape_log(pick(method, target, request.version))
        return style(found, options) if found or options.quote else b""

    return shown


@log_alias("HM")
@http_only
def alias_hm(options: Options) -> Format:
    """
    The method.
    """
    return _part(lambda method, target, version: method, options)


@log_alias("HU")
@http_only
def alias_hu(options: Options) -> Format:
    """
    The request target.
    """
    return _part(lambda method, target, version: target, options)


@log_alias("HP")
@http_only
def alias_hp(options: Options) -> Format:
    """
    The request target without its query.
    """
    return _part(lambda method, target, version: target.partition(b"?")[0], options)


@log_alias("HPO")
@http_only
def alias_hpo(options: Options) -> Format:
    """
    The path alone.
    """
    return _part(lambda method, target, version: split_target(target)[1], options)


@log_alias("HQ")
@http_only
def alias_hq(options: Options) -> Format:
    """
    The query with its question mark.
    """
    return _part(lambda method, target, version: split_target(target)[2], options)


@log_alias("HV")
@http_only
def alias_hv(options: Options) -> Format:
    """
    The version, such as C{HTTP/1.1}.
    """
    return _part(lambda method, target, version: b"HTTP/%d.%d" % divmod(version, 10), options)


def _braces(attribute: str, options: Options) -> Format:
    def shown(stream: Any) -> bytes:
        captures = getattr(stream, attribute)
        if not captures:
            return b""
        inner = b"|".join([escape_log_header(value or b"") for value in captures])
        return style(b"{" + inner + b"}", options)

    def spaced(stream: Any) -> bytes:
        found = shown(stream)
        return found + b" " if found else b""

    return _optional(attribute, shown, spaced)


def _optional(attribute: str, shown: Format, spaced: Format) -> Format:
    """
    Let a variable that is mostly empty be written without a call while it is.
    """
    names: dict[str, Any] = {f"{attribute}_{kind.__name__}": kind for kind in (shown, spaced)}
    for kind in (shown, spaced):
        call = f"{attribute}_{kind.__name__}(stream).decode('ascii')"
        source = f"{{{call} if stream.{attribute} else ''}}"
        inline(kind, source, **names)
    shown.__dict__["spaced"] = spaced
    return shown


def _list(attribute: str, options: Options) -> Format:
    def shown(stream: Any) -> bytes:
        captures = getattr(stream, attribute)
        return b" ".join([style(escape_log_header(value or b""), options) for value in captures])

    return shown


@log_alias("hr")
def alias_hr(options: Options) -> Format:
    """
    Captured request headers in braces; nothing when none are declared.
    """
    return _braces("request_captures", options)


@log_alias("hrl")
def alias_hrl(options: Options) -> Format:
    """
    Captured request headers, one by one.
    """
    return _list("request_captures", options)


@log_alias("hs")
def alias_hs(options: Options) -> Format:
    """
    Captured response headers in braces; nothing when none are declared.
    """
    return _braces("response_captures", options)


@log_alias("hsl")
def alias_hsl(options: Options) -> Format:
    """
    Captured response headers, one by one.
    """
    return _list("response_captures", options)


def _nothing(options: Options) -> Format:
    made = style(b"", options)
    return inline(lambda stream: made, made.decode().replace('"', '\\"'))


@log_alias("CC")
@http_only
def alias_cc(options: Options) -> Format:
    """
    The captured request cookie: none, since C{capture cookie} is not supported.
    """
    return _nothing(options)


@log_alias("CS")
@http_only
def alias_cs(options: Options) -> Format:
    """
    The captured response cookie: none, since C{capture cookie} is not supported.
    """
    return _nothing(options)
