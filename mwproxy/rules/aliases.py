"""
What log variables are made with: styles by flags, and names remembered as bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from mwproxy.rules.log_format import Format, Options, style
from mwproxy.rules.texts import to_wire

Function = TypeVar("Function", bound=Callable[..., Any])

wire_name = lru_cache(maxsize=4096)(to_wire)


def http_only(function: Function) -> Function:
    """
    Mark a variable that exists in HTTP mode alone.

    @return: The same function.
    """
    function.__dict__["http_only"] = True
    return function


def inline(function: Function, source: str, **names: Any) -> Function:
    """
    Give a variable the source of the f-string that writes it, so that a format that uses it
    needs no call.

    @param source: May use C{stream} and the names of L{mwproxy.rules.templates.LOCALS}.

    @param names: What else it uses.

    @return: The same function.
    """
    function.__dict__["inline"] = (source, names)
    return function


def plain(options: Options) -> bool:
    """
    Tell whether a variable is written as it is.

    @return: True without flags.
    """
    return not (options.quote or options.escape or options.hexadecimal)


def text(value: Callable[[Any], bytes], options: Options) -> Format:
    """
    Make a variable of a string.

    @param value: Gives the string, empty when there is none.

    @return: The function that applies the flags.
    """
    if options.quote or options.escape:
        return lambda stream: style(value(stream), options)
    if options.mandatory:
        return lambda stream: value(stream) or b"-"
    return value


def name(value: Callable[[Any], bytes], options: Options) -> Format:
    """
    The same for strings that are never empty.

    @return: The function that applies the flags.
    """
    if options.quote or options.escape:
        return lambda stream: style(value(stream), options)
    return value


def number(value: Callable[[Any], int], options: Options, digits: int = 0) -> Format:
    """
    Make a variable of a number.

    @param digits: Least number of hexadecimal digits with C{+X}; 0 when that flag has no effect.

    @return: The function.
    """
    if digits and options.hexadecimal:
        return lambda stream: b"%0*X" % (digits, value(stream))
    return lambda stream: b"%d" % value(stream)
