"""
What the readers of listings share.
"""

from __future__ import annotations

import re

Value = str | int | None
Row = dict[str, Value]
_WHOLE = re.compile(r"-?[0-9]{1,19}", re.ASCII)


class Unreadable(Exception):
    """
    A text is not the listing that it should be; the message says what is wrong.
    """


def value(text: str) -> Value:
    """
    Read a field.

    @param text: As listed.

    @return: A whole number where it is one, else the text; L{None} for nothing.
    """
    if _WHOLE.fullmatch(text):
        return int(text)
    return text or None


def filled(text: str) -> list[str]:
    """
    Split into lines.

    @param text: A listing.

    @return: Those that are not blank.
    """
    return [line for line in text.splitlines() if line.strip()]
