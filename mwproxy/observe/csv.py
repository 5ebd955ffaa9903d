"""
Statistics as comma-separated values: C{show stat} as it is by default.

A last column named C{-} ends the columns that all objects share; those of single modules would
follow it. It has no position in the other formats.
"""

from __future__ import annotations

import re

from mwproxy.observe.fields import Field
from mwproxy.observe.rows import Shape

_special = re.compile(r'[,"\r\n]').search


def quoted(value: str) -> str:
    """
    Write one value.

    @param value: The value.

    @return: Its text, in quotes if it contains a comma, a quote or a line break.
    """
    if _special(value) is None:
        return value
    return '"' + value.replace('"', '""') + '"'


def header(fields: list[Field]) -> str:
    """
    Write the line that names the columns.

    @param fields: The columns.

    @return: A line with line feed.
    """
    return "# " + "".join(f"{each.name}," for each in fields) + "-,\n"


#: One object's line; columns without value stay empty.
SHAPE = Shape(
    before=lambda _position, _field: "",
    after=lambda _field: ",",
    absent=",",
    text=quoted,
    last="-,\n",
)
