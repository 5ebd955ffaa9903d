"""
The list of C{show sess}.
"""

from __future__ import annotations

import re
from typing import Any

from mwproxy.client.formats.words import Unreadable, filled, value

_PAIR = re.compile(r'([\w.-]+)=(\[[^\]]*\]|"(?:[^"\\]|\\.)*"|\S*)|([\w.-]+)(\[[^\]]*\])', re.ASCII)
_NUMBERS = frozenset({"calls", "rate", "cpu", "lat", "rc"})


def read_sess(text: str) -> list[dict[str, Any]]:
    """
    Read sessions.

    @param text: The answer of C{show sess}.

    @return: For each its C{id} and what else the line names: C{src}, C{fe}, C{be}, C{srv},
        C{age} and so on, as text but for C{calls}, C{rate}, C{cpu}, C{lat} and C{rc}; of the long
        form, whose text is free, its lines as C{details}.

    @raise Unreadable: A line is no session.
    """
    rows: list[dict[str, Any]] = []
    for line in filled(text):
        name, colon, rest = line.partition(": ")
        if line.startswith("  ") and rows:
            rows[-1].setdefault("details", []).append(line.removeprefix("  "))
            continue
        if not colon or not name.startswith("0x"):
            raise Unreadable(f"'{line[:60]}' is no session")
        row: dict[str, Any] = {"id": name}
        for key, found, group, inside in _PAIR.findall(rest):
            text = found or inside
            if text[:1] in '["':
                text = text[1:-1]
            label = key or group
            row[label] = value(text) if label in _NUMBERS else text or None
        rows.append(row)
    return rows
