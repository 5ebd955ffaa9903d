"""
Statistics as comma-separated values: C{show stat} as it is by default.

A last column named C{-} ends the columns that all objects share; those of single modules would
follow it. It has no position in the other formats.
"""

from __future__ import annotations

from mwproxy.observe.fields import Field, Reading


def quoted(value: int | str) -> str:
    """
    Write one value.

    @param value: The value.

    @return: Its text, in quotes if it contains a comma, a quote or a line break.
    """
    text = str(value)
    if any(character in text for character in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


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
    return "".join(f"{cell}," for cell in cells) + "-,\n"
