"""
Statistics as JSON: C{show stat json}, C{show info json}, C{show schema json}.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from mwproxy.observe.fields import NATURES, ORIGINS, SCOPES, Field, Reading
from mwproxy.observe.rows import MARK, Shape

if TYPE_CHECKING:
    from mwproxy.observe.stat import Row

_LARGEST = 2**53 - 1
_RANGES = {
    "s32": (-(2**31), 2**31 - 1),
    "s64": (-_LARGEST, _LARGEST),
    "u32": (0, 2**32 - 1),
    "u64": (0, _LARGEST),
}


def element(
    process: int, reading: Reading, *, explain: bool, head: dict[str, Any] | None = None
) -> dict[str, Any]:
    """
    Describe one value.

    @param process: Relative number of the process.

    @param reading: The value.

    @param explain: Also say what it is.

    @param head: Members to begin with, those that identify the object.

    @return: The JSON object.
    """
    field = reading.field
    result: dict[str, Any] = dict(head or {})
    result["field"] = {"pos": reading.position, "name": field.name}
    result["processNum"] = process
    result["tags"] = field.tag_words
    value = reading.value
    if isinstance(value, int):
        value = max(-_LARGEST, min(_LARGEST, value))
    result["value"] = {"type": field.kind, "value": value}
    if explain:
        result["desc"] = field.text
    return result


def shape(process: int, names: tuple[str, ...], *, explain: bool) -> Shape:
    """
    Write the array of an object of C{show stat}: its elements are those of L{element}.

    @param process: Relative number of the process.

    @param names: Names of the objects' kinds.

    @param explain: Also say what each value is.

    @return: The format.
    """

    def before(position: int, field: Field) -> str:
        members = {
            "field": {"pos": position, "name": field.name},
            "processNum": process,
            "tags": field.tag_words,
        }
        kind = text(field.kind)
        return f'{{{MARK}{text(members)[1:-1]},"value":{{"type":{kind},"value":'

    def after(field: Field) -> str:
        return f'}},"desc":{text(field.text)}}},' if explain else "}},"

    def mark(row: Row) -> str:
        head = {"objType": names[row.type], "proxyId": row.proxy.number, "id": row.number}
        return text(head)[1:-1] + ","

    return Shape(before, after, "", text, mark, "[", "]", 1)


def array(elements: Iterable[str]) -> Iterator[str]:
    """
    Write an array of values that are written already.

    @param elements: The values as text.

    @return: The pieces of the text, without line feed.
    """
    separator = "["
    for text in elements:
        yield separator + text
        separator = ","
    yield "[]" if separator == "[" else "]"


def text(value: object) -> str:
    """
    Write a value in the shortest form.

    @param value: Any JSON value.

    @return: Text without line feed.
    """
    return json.dumps(value, separators=(",", ":"))


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/definitions/{name}"}


def _value_type(kind: str) -> dict[str, Any]:
    value: dict[str, Any] = {"type": "string"}
    if kind in _RANGES:
        low, high = _RANGES[kind]
        value = {"type": "integer", "minimum": low, "maximum": high}
    return {
        "properties": {"type": {"type": "string", "enum": [kind]}, "value": value},
        "required": ["type", "value"],
    }


def schema() -> dict[str, Any]:
    """
    Describe the answers in JSON.

    @return: A JSON schema.
    """
    kinds = [*_RANGES, "str"]
    common = {
        "field": _reference("field"),
        "processNum": _reference("processNum"),
        "tags": _reference("tags"),
        "value": _reference("typedValue"),
    }
    number = {"type": "integer", "minimum": 0}
    identity = {
        "objType": {"enum": ["Frontend", "Backend", "Listener", "Server", "Unknown"]},
        "proxyId": number,
        "id": number,
    }

    def items(properties: dict[str, Any]) -> dict[str, Any]:
        return {
            "title": "InfoItem",
            "type": "object",
            "properties": properties,
            "required": list(properties),
        }

    def words(table: dict[str, str]) -> dict[str, Any]:
        return {"type": "string", "enum": [*table.values(), "Unknown"]}

    return {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "oneOf": [
            {"title": "Info", "type": "array", "items": items(common)},
            {
                "title": "Stat",
                "type": "array",
                "items": {"type": "array", "items": items({**identity, **common})},
            },
            {
                "title": "Error",
                "type": "object",
                "properties": {"errorStr": {"type": "string"}},
                "required": ["errorStr"],
            },
        ],
        "definitions": {
            "field": {
                "type": "object",
                "properties": {"pos": number, "name": {"type": "string"}},
                "required": ["pos", "name"],
            },
            "processNum": {"type": "integer", "minimum": 1},
            "tags": {
                "type": "object",
                "properties": {
                    "origin": words(ORIGINS),
                    "nature": words(NATURES),
                    "scope": words(SCOPES),
                },
                "required": ["origin", "nature", "scope"],
            },
            "typedValue": {
                "type": "object",
                "oneOf": [_reference(f"typedValue/definitions/{kind}Value") for kind in kinds],
                "definitions": {f"{kind}Value": _value_type(kind) for kind in kinds},
            },
        },
    }
