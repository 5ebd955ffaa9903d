"""
Statistics as comma-separated values: C{show stat} as it is by default.

A last column named C{-} ends the columns that all objects share; those of single modules would
follow it. It has no position in the other formats.
"""

from __future__ import annotations

import re

from mwproxy.observe.fields import Field, Reading

_SPECIAL = re.compile(r'[,"\r\n]')


def quoted(value: int | str) -> str:
    """
    Write one value.

    @param value: The value.

    @return: Its text, in quotes if it contains a comma, a quote or a line break.
    """
    if isinstance(value, int):
        return str(value)
    if _SPECIAL.search(value):
        return '"' + value.replace('"', '""') + '"'
    return value


def header(fields: list[Field]) -> str:
    """
    Write the line that names the columns.

    @param fields: The columns.

    @return: A line with line feed.
    """
    return "# " + "".join(f"{each.name}," for each in fields) + "-,\n"


def row(width: int, values: list[Reading]) -> str:
    """
    Write one object's line; columns without value stay empty.

    @param width: How many columns there are.

    @param values: The object's values.

    @return: A line with line feed.
    """
    cells = [""] * width
    for reading in values:
        cells[reading.position] = quoted(reading.value)
    return ",".join(cells) + ",-,\n"
