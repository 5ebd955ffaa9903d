"""
The lines of C{help}.
"""

from __future__ import annotations

from mwproxy.client.formats.words import Row, filled


def read_usage(text: str) -> list[Row]:
    """
    Read which commands there are.

    @param text: The answer of C{help}.

    @return: For each its C{usage} and what it does, C{text}. Titles are left out.
    """
    rows: list[Row] = []
    for line in filled(text):
        usage, colon, said = line.partition(" : ")
        if line.startswith("  ") and colon:
            rows.append({"usage": usage.strip(), "text": said.strip()})
    return rows
