"""
The list of C{show sess}.
"""

from __future__ import annotations

import re

from mwproxy.client.formats.words import Row, Unreadable, filled, value

_PAIR = re.compile(r'([\w.-]+)=(\[[^\]]*\]|"(?:[^"\\]|\\.)*"|\S*)|([\w.-]+)(\[[^\]]*\])', re.ASCII)
_NUMBERS = frozenset({"calls", "rate", "cpu", "lat", "rc"})


def read_sess(text: str) -> list[Row]:
    """
    Read sessions.

    @param text: The answer of C{show sess}, in its short form.

    @return: For each its C{id} and what else the line names: C{src}, C{fe}, C{be}, C{srv},
        C{age} and so on, as text but for C{calls}, C{rate}, C{cpu}, C{lat} and C{rc}.

    @raise Unreadable: A line is no session.
    """
    rows = []
    for line in filled(text):
        name, colon, rest = line.partition(": ")
        if not colon or not name.startswith("0x"):
            raise Unreadable(f"'{line[:60]}' is no session (the long form has no JSON)")
        row: Row = {"id": name}
        for key, found, group, inside in _PAIR.findall(rest):
            text = found or inside
            if text[:1] in '["':
                text = text[1:-1]
            label = key or group
            row[label] = value(text) if label in _NUMBERS else text or None
        rows.append(row)
    return rows
