"""
What a terminal is given: nothing that it would obey, and colors only where they are wanted.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import IO

#: Control characters, of both sets, and those that turn the direction of text around.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_CODES = {"red": "31", "green": "32", "yellow": "33", "bold": "1", "dim": "2"}


def neutral(text: str) -> str:
    """
    Make text harmless for a terminal.

    @param text: From a console: whatever a client of the proxy could put into it.

    @return: It; control characters are shown like C{^[} and C{\\x9b}, line feeds and tabs kept.
    """
    return _OBEYED.sub(_shown, text)


def _shown(match: re.Match[str]) -> str:
    number = ord(match[0])
    if number < 0x20:
        return f"^{chr(number + 64)}"
    if number == 0x7F:
        return "^?"
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def wants_color(stream: IO[str], environment: Mapping[str, str] = os.environ) -> bool:
    """
    Tell whether to color.

    @param stream: Where to.

    @param environment: The variables; C{NO_COLOR} forbids it, as C{TERM=dumb} does.
    """
    if environment.get("NO_COLOR") or environment.get("TERM", "dumb") in ("dumb", ""):
        return False
    return stream.isatty()


def colored(text: str, color: str, wanted: bool) -> str:
    """
    Color text.

    @param color: C{red}, C{green}, C{yellow}, C{bold} or C{dim}.

    @param wanted: Whether to do it at all.
    """
    return f"\x1b[{_CODES[color]}m{text}\x1b[0m" if wanted else text
