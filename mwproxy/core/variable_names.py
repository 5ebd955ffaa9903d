"""
Names of the variables that a configuration mentions: an agent may set no others.

Whoever compiles a use of a variable notes its name here while a configuration is loaded. A process
loads one configuration at a time.
"""

from __future__ import annotations

_noted: set[str] | None = None


def begin_names() -> None:
    """
    Begin with a configuration.
    """
    global _noted
    _noted = set()


def note_name(name: str) -> None:
    """
    Note a full name; nothing is noted while no configuration is being loaded.
    """
    if _noted is not None:
        _noted.add(name)


def end_names() -> frozenset[str]:
    """
    End a configuration.

    @return: The names noted since it began.
    """
    global _noted
    found = frozenset(_noted or ())
    _noted = None
    return found
