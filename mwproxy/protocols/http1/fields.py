"""
Work on lists of header lines: find, split, change.

Names are given and kept in lower case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mwproxy.protocols.http1.messages import Field

#: One element of a comma list: quoted strings hold commas.
_ELEMENT = re.compile(rb'(?:[^",]++|"(?:[^"\\]|\\.)*+(?:"|\\?\Z))++', re.DOTALL)


def first(fields: Sequence[Field], name: bytes) -> bytes | None:
    """
    Find the first line of a name.

    @return: Its value, L{None} when there is none.
    """
    for known, value in fields:
        if known == name:
            return value
    return None


def split_list(value: bytes) -> list[bytes]:
    """
    Cut a value at its commas, those in quoted strings excepted.

    @param value: The value of one line.

    @return: The elements without surrounding blanks; empty ones are left out.
    """
    if b'"' not in value:
        parts = value.split(b",")
    else:
        parts = _ELEMENT.findall(value)
    return [part for part in map(_strip, parts) if part]


def elements(fields: Sequence[Field], name: bytes) -> list[bytes]:
    """
    Get the elements of all lines of a name, as if they were one list.

    @return: The elements in order.
    """
    return [part for known, value in fields if known == name for part in split_list(value)]


def cookies(fields: Sequence[Field], *, header: bytes = b"cookie") -> Iterator[tuple[bytes, bytes]]:
    """
    Go through the cookies of a message.

    @param header: C{cookie}; with C{set-cookie} only the pair at the start of each line is a
        cookie.

    @return: Names and values in order; surrounding blanks and quotes of values are
        left out.
    """
    for known, value in fields:
        if known != header:
            continue
        pairs = value.split(b";", 1)[:1] if header == b"set-cookie" else value.split(b";")
        for pair in pairs:
            name, equal, content = pair.partition(b"=")
            if equal and (name := _strip(name)):
                yield name, _unquote(_strip(content))


def cookie(fields: Sequence[Field], name: bytes, *, header: bytes = b"cookie") -> bytes | None:
    """
    Find a cookie by its name, whose letter case counts.

    @return: The value of the first one, L{None} when there is none.
    """
    for known, value in cookies(fields, header=header):
        if known == name:
            return value
    return None


def add(fields: list[Field], name: bytes, value: bytes) -> None:
    """
    Add a line at the end.
    """
    fields.append((name, value))


def put(fields: list[Field], name: bytes, value: bytes) -> None:
    """
    Set a header: all its lines go, the new one comes last, as HAProxy's C{set-header} does.
    """
    remove(fields, name)
    fields.append((name, value))


def remove(fields: list[Field], name: bytes) -> int:
    """
    Remove all lines of a name.

    @return: How many there were.
    """
    before = len(fields)
    fields[:] = [line for line in fields if line[0] != name]
    return before - len(fields)


def _strip(value: bytes) -> bytes:
    return value.strip(b" \t")


def _unquote(value: bytes) -> bytes:
    return value[1:-1] if len(value) > 1 and value[:1] == b'"' == value[-1:] else value
