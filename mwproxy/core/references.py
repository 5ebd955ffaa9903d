"""
Which files a configuration refers to: error pages, patterns, maps, certificates.

Whoever reads one notes it here, so that a master can tell later whether it is still the file that
was read. A process loads one configuration at a time.
"""

from __future__ import annotations

from pathlib import Path

#: Most files that are noted, and most bytes of their names: a note travels in one message.
MOST_FILES = 500
MOST_BYTES = 24_000

#: Time of the last change in ns and size, by absolute name.
Marks = dict[str, tuple[int, int]]

_noted: Marks = {}


def forget_references() -> None:
    """
    Begin with a configuration.
    """
    _noted.clear()


def note_reference(name: str | Path) -> None:
    """
    Note that a file was read; one that cannot be looked at is left out.

    @param name: The file, relative to the working directory or not.
    """
    mark = mark_of(str(Path(name).absolute()))
    if mark is not None:
        _noted[str(Path(name).absolute())] = mark


def noted_references() -> Marks:
    """
    List what was noted since the configuration began, as far as it fits into a message.
    """
    found: Marks = {}
    room = MOST_BYTES
    for name, mark in _noted.items():
        # In JSON a character may become an escape of six.
        room -= sum(1 if " " <= each <= "~" else 6 for each in name) + 48
        if room < 0 or len(found) == MOST_FILES:
            break
        found[name] = mark
    return found


def read_marks(value: object) -> Marks:
    """
    Read what came over a channel; what makes no sense is left out.
    """
    if not isinstance(value, dict):
        return {}
    return {
        str(name): (mark[0], mark[1])
        for name, mark in value.items()
        if isinstance(mark, list | tuple)
        and len(mark) == 2
        and all(isinstance(each, int) for each in mark)
    }


def mark_of(name: str) -> tuple[int, int] | None:
    """
    Look at a file.

    @return: Time of its last change in ns and size in bytes, L{None} if it cannot be looked at.
    """
    try:
        found = Path(name).stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size
