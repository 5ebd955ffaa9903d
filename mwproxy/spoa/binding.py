"""
Calls a function with the arguments of a message, by name.

Its parameters are looked at once, when it is registered. A name of the wire that is no name of
Python is written with underscores (C{user-agent} is C{user_agent}, C{class} is C{class_}). What the
annotation of a parameter does not allow is refused before the function sees it, with one exception:
a NULL for a parameter with a default counts as not sent.
"""

from __future__ import annotations

import inspect
import keyword
import re
import types
import typing
from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from mwproxy.protocols.spop.data import Value
from mwproxy.protocols.spop.notify import Message

#: Classes that arguments have, with HAProxy's words for them.
TYPES: dict[type, str] = {
    type(None): "NULL",
    bool: "bool",
    int: "int",
    IPv4Address: "ipv4",
    IPv6Address: "ipv6",
    str: "string",
    bytes: "binary",
}
_KINDS = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class BadSignature(Exception):
    """
    A function cannot be called for messages; the text says why.
    """


class BadArguments(Exception):
    """
    A message does not have what its function wants; the text says what.
    """


class Request:
    """
    A message with all around it, for functions that have a parameter of this class.

    @ivar name: The name of the message.

    @ivar arguments: Names and values in order, those without a name included.

    @ivar stream_id: The engine's number of the stream.

    @ivar frame_id: The engine's number of the frame in this stream.

    @ivar engine_id: Tells engines apart; empty when the engine does not say.

    @ivar peer: Where the engine connects from, such as C{127.0.0.1:4711}.
    """

    __slots__ = ("arguments", "engine_id", "frame_id", "name", "peer", "stream_id")

    def __init__(
        self, message: Message, stream_id: int, frame_id: int, engine_id: str, peer: str
    ) -> None:
        self.name, self.arguments = message
        self.stream_id = stream_id
        self.frame_id = frame_id
        self.engine_id = engine_id
        self.peer = peer


@lru_cache(1024)
def python_name(name: str) -> str:
    """
    Make a name of Python of a name of the wire.

    @param name: Such as C{user-agent}.

    @return: Such as C{user_agent}.
    """
    name = re.sub(r"\W", "_", name)
    return f"{name}_" if keyword.iskeyword(name) else name


class Binding:
    """
    A function with what is known of its parameters.

    @ivar function: The function.

    @ivar wants_request: Whether C{call} needs a L{Request}.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        """
        @raise BadSignature: It has parameters that no message can fill.
        """
        self.function = function
        self.wants_request = False
        self._request = ""
        self._others = False
        self._allowed: dict[str, frozenset[type] | None] = {}
        self._optional: dict[str, bool] = {}
        hints = _hints(function)
        for parameter in inspect.signature(function).parameters.values():
            self._add(parameter, hints.get(parameter.name, Any))
        self._required = [name for name, optional in self._optional.items() if not optional]

    def _add(self, parameter: inspect.Parameter, hint: Any) -> None:
        name = parameter.name
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            self._others = True
        elif parameter.kind not in _KINDS:
            raise BadSignature(
                f"parameter '{parameter}' of {_name(self.function)} can have no name; arguments "
                "without one are in Request.arguments"
            )
        elif hint is Request:
            self.wants_request = True
            self._request = name
        else:
            self._allowed[name] = _classes(hint, name, self.function)
            self._optional[name] = parameter.default is not inspect.Parameter.empty

    def call(self, arguments: list[tuple[str, Value]], request: Request | None) -> Any:
        """
        Call the function.

        @param arguments: Names and values. Of a name that comes twice the last value counts.

        @param request: For a function that wants it.

        @return: What the function returns.

        @raise BadArguments: The arguments do not fit its parameters.

        @raise Exception: The function raises.
        """
        given: dict[str, Any] = {}
        for key, value in arguments:
            name = key
            if name not in self._allowed:
                name = python_name(key)
                if name not in self._allowed:
                    if self._others and name and name != self._request:
                        given[name] = value
                    continue
            allowed = self._allowed[name]
            if allowed is not None and type(value) not in allowed:
                if value is None and self._optional[name]:
                    continue
                raise BadArguments(
                    f"argument '{key}' is {TYPES[type(value)]}, {_words(allowed)} expected"
                )
            given[name] = value
        for name in self._required:
            if name not in given:
                raise BadArguments(f"argument '{name}' is missing")
        if self.wants_request:
            given[self._request] = request
        return self.function(**given)


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", repr(function))


def _words(allowed: frozenset[type]) -> str:
    return " or ".join(word for kind, word in TYPES.items() if kind in allowed)


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function)
    except TypeError:
        return typing.get_type_hints(type(function).__call__)
    except NameError as error:
        raise BadSignature(
            f"annotations of {_name(function)} cannot be understood: {error}"
        ) from None


def _classes(hint: Any, name: str, function: Callable[..., Any]) -> frozenset[type] | None:
    if hint is Any or hint is object:
        return None
    union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    found = frozenset(typing.get_args(hint)) if union else frozenset((hint,))
    if not found <= TYPES.keys():
        raise BadSignature(
            f"parameter '{name}' of {_name(function)} is annotated with "
            f"{getattr(hint, '__name__', hint)}; arguments are "
            + ", ".join("None" if kind is type(None) else kind.__name__ for kind in TYPES)
        )
    return found
