"""
Levels of a console session.
"""

from __future__ import annotations

import enum


class Level(enum.IntEnum):
    """
    What a console session may do; a higher level may do all that a lower one may.
    """

    USER = 0
    OPERATOR = 1
    ADMIN = 2

    @property
    def word(self) -> str:
        """
        The level as configuration and consoles spell it.
        """
        return self.name.lower()


def parse_level(text: str) -> Level:
    """
    Read a level.

    @param text: C{user}, C{operator} or C{admin}.

    @return: The level.

    @raise ValueError: It is none of these.
    """
    try:
        return Level[text.upper()] if text.islower() else Level[text + "?"]
    except KeyError:
        raise ValueError(
            f"'level' only supports 'user', 'operator', and 'admin' (got '{text}')"
        ) from None
