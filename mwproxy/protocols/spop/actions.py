"""
Actions (SPOE.txt 3.4): what an agent has the engine do.
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from mwproxy.protocols.spop.data import Value, decode_text, decode_value, encode_text, encode_value
from mwproxy.protocols.spop.errors import BadFrame

_SET_VAR, _UNSET_VAR = 1, 2


class Scope(IntEnum):
    """
    How long a variable lives, in the words of the configuration.
    """

    proc = 0
    sess = 1
    txn = 2
    req = 3
    res = 4


_SCOPES = tuple(Scope)


class SetVar(NamedTuple):
    """
    Give a variable a value.

    @ivar name: Without scope and without the engine's prefix.
    """

    scope: Scope
    name: str
    value: Value


class UnsetVar(NamedTuple):
    """
    Forget a variable.

    @ivar name: Without scope and without the engine's prefix.
    """

    scope: Scope
    name: str


Action = SetVar | UnsetVar


# The same few variables come again and again.
@lru_cache(1024)
def _head(kind: int, count: int, scope: int, name: str) -> bytes:
    return bytes((kind, count, scope)) + encode_text(name.encode("utf-8", "surrogateescape"))


def encode_action(action: Action) -> bytes:
    """
    Write an action.

    @return: A part of an ACK's payload.

    @raise TypeError: The value has no SPOP type.

    @raise ValueError: The value cannot be written.
    """
    if type(action) is SetVar:
        return _head(_SET_VAR, 3, action.scope, action.name) + encode_value(action.value)
    return _head(_UNSET_VAR, 2, action.scope, action.name)


def decode_actions(data: bytes, at: int) -> list[Action]:
    """
    Read the actions that fill the rest of a frame; unknown ones are skipped.

    @param data: The frame.

    @param at: Where they begin.

    @return: The actions in order.

    @raise BadFrame: It is no list of actions.
    """
    actions: list[Action] = []
    end = len(data)
    try:
        while at < end:
            kind, count = data[at], data[at + 1]
            at += 2
            if kind == _SET_VAR:
                _check(count == 3, "set-var")
                scope = _SCOPES[data[at]]
                name, at = decode_text(data, at + 1)
                value, at = decode_value(data, at)
                actions.append(SetVar(scope, name, value))
            elif kind == _UNSET_VAR:
                _check(count == 2, "unset-var")
                scope = _SCOPES[data[at]]
                name, at = decode_text(data, at + 1)
                actions.append(UnsetVar(scope, name))
            else:
                for _ in range(count):
                    _, at = decode_value(data, at)
    except (IndexError, ValueError):
        raise BadFrame(detail="action ends too early or has no such scope") from None
    if at != end:
        raise BadFrame(detail="action ends too early")
    return actions


def _check(fits: bool, name: str) -> None:
    if not fits:
        raise BadFrame(detail=f"wrong number of arguments of {name}")
