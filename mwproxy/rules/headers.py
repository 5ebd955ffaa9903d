"""
Reading header values: whole lines, and the comma-separated values in them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Getter = Callable[[Any], Any]


def split_values(value: bytes) -> list[bytes]:
    """
    Cut a header line at its commas, those in quotes apart.

    @param value: The line's value.

    @return: The values without surrounding blanks; a value that is empty counts.
    """
    if b"," not in value:
        return [value.strip(b" \t")]
    if b'"' not in value:
        return [part.strip(b" \t") for part in value.split(b",")]
    values: list[bytes] = []
    start = 0
    quoted = False
    position = 0
    while position < len(value):
        byte = value[position]
        if byte == 0x5C and quoted:
            position += 1
        elif byte == 0x22:
            quoted = not quoted
        elif byte == 0x2C and not quoted:
            values.append(value[start:position].strip(b" \t"))
            start = position + 1
        position += 1
    values.append(value[start:].strip(b" \t"))
    return values


def header_lines(message: Any, name: bytes) -> list[bytes]:
    """
    Find whole lines.

    @param message: A request or response, or L{None}.

    @param name: In lower case; empty for all.

    @return: Their values in order.
    """
    if message is None:
        return []
    if not name:
        return [value for _known, value in message.fields()]
    return [value for known, value in message.fields() if known == name]


def header_values(message: Any, name: bytes) -> list[bytes]:
    """
    Find comma-separated values.

    @param message: A request or response, or L{None}.

    @param name: In lower case; empty for all.

    @return: All values in order.
    """
    if message is None:
        return []
    values: list[bytes] = []
    for known, value in message.fields():
        if known == name or not name:
            if b"," in value:
                values += split_values(value)
            else:
                values.append(value)
    return values


def pick(values: list[bytes], occurrence: int) -> bytes | None:
    """
    Choose one of several values.

    @param occurrence: From 1 on, or from -1 counting back; 0 is the last one.

    @return: L{None} when there is none.
    """
    if not values:
        return None
    if occurrence == 0:
        return values[-1]
    index = occurrence - 1 if occurrence > 0 else len(values) + occurrence
    return values[index] if 0 <= index < len(values) else None


def parse_cookies(lines: list[bytes]) -> list[tuple[bytes, bytes]]:
    """
    Read C{cookie} lines.

    @return: Names and values in order; what has no equal sign is no cookie.
    """
    found = []
    for line in lines:
        for part in line.split(b";"):
            name, equal, value = part.partition(b"=")
            if equal:
                found.append((name.strip(b" \t"), value.strip(b" \t")))
    return found


def parse_set_cookies(lines: list[bytes]) -> list[tuple[bytes, bytes]]:
    """
    Read C{set-cookie} lines.

    @return: Name and value of each; attributes are left out.
    """
    return parse_cookies([line.partition(b";")[0] for line in lines])


def parse_parameters(query: bytes) -> list[tuple[bytes, bytes]]:
    """
    Read a query string; C{&} and C{;} separate.

    @return: Names and values in order, as they are.
    """
    found = []
    for part in query.replace(b";", b"&").split(b"&"):
        if part:
            name, equal, value = part.partition(b"=")
            if equal:
                found.append((name, value))
    return found
