"""
Facts as JSON and back, between versions of this program that may differ.

A family of dataclasses is written as nested objects, bytes as base64. Reading takes what it knows:
names that it does not know are left out, names that are missing have their default, so that either
side may be the newer one. A value of the wrong kind is refused: nothing here is guessed.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import types
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

Facts = TypeVar("Facts")


class BadFacts(Exception):
    """
    What was read is not what it should be; the text says where.
    """


def encode(facts: Any) -> bytes:
    """
    Write facts.

    @param facts: A dataclass whose fields are numbers, texts, bytes, lists, dictionaries that JSON
        can write, or further such dataclasses.

    @return: JSON in ASCII. Texts may contain bytes that are no UTF-8 (C{surrogateescape}).
    """
    return json.dumps(_plain(facts), separators=(",", ":"), allow_nan=False).encode("ascii")


def decode(kind: type[Facts], data: bytes) -> Facts:
    """
    Read facts.

    @param kind: The dataclass.

    @raise BadFacts: They are none of that kind.
    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise BadFacts("no JSON") from None
    result: Facts = _build(kind, value, kind.__name__)
    return result


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return value


@cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    return get_type_hints(kind)


def _build(kind: Any, value: Any, where: str) -> Any:
    if kind is Any:
        return value
    if is_dataclass(kind):
        return _build_facts(kind, value, where)
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        return _build(args[0], value, where)
    if origin in (list, tuple):
        _expect(isinstance(value, list), where)
        found = [_build(args[0], each, f"{where}[{index}]") for index, each in enumerate(value)]
        return found if origin is list else tuple(found)
    if origin is dict:
        _expect(isinstance(value, dict), where)
        return {name: _build(args[1], each, f"{where}.{name}") for name, each in value.items()}
    return _build_plain(kind, value, where)


def _build_plain(kind: Any, value: Any, where: str) -> Any:
    if kind is bytes:
        _expect(isinstance(value, str), where)
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise BadFacts(f"{where} is not what it should be") from None
    if kind is float:
        _expect(isinstance(value, int | float) and not isinstance(value, bool), where)
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        _expect(math.isfinite(number), where)
        return number
    _expect(type(value) is kind, where)
    return value


def _build_facts(kind: Any, value: Any, where: str) -> Any:
    _expect(isinstance(value, dict), where)
    hints = _hints(kind)
    known = {}
    for each in fields(kind):
        if each.name in value:
            name = f"{where}.{each.name}"
            known[each.name] = _build(hints[each.name], value[each.name], name)
        else:
            optional = each.default is not MISSING or each.default_factory is not MISSING
            _expect(optional, f"{where}.{each.name}")
    return kind(**known)


def _expect(fact: bool, where: str) -> None:
    if not fact:
        raise BadFacts(f"{where} is not what it should be")
