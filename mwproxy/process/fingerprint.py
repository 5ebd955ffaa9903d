"""
Which code is installed: a worker that was started before an upgrade must not be used after it.

The fingerprint is a tuple of cheap facts: the interpreter, the names of the installed
distributions (they contain versions) and name, size and time of our own source files. Reading file
contents would tell no more.
"""

from __future__ import annotations

import errno
import os
import sys
from functools import cache
from pathlib import Path

import mwproxy
import twisted

Fingerprint = tuple[object, ...]
_SHORTAGES = (errno.EMFILE, errno.ENFILE)
_last: Fingerprint = ()


def fingerprint() -> Fingerprint:
    """
    Take the fingerprint of what a worker started now would run. Where the system has no descriptor
    left to look with, nothing is known to have changed: it is the one that was taken last.
    """
    global _last
    try:
        _last = _take()
    except OSError as error:
        if error.errno not in _SHORTAGES:
            raise
    return _last


def _take() -> Fingerprint:
    facts: list[object] = [_stat(sys.executable)]
    for directory in _distribution_directories():
        try:
            facts.append(sorted(e.name for e in os.scandir(directory) if "-info" in e.name))
        except OSError as error:
            if error.errno in _SHORTAGES:
                raise
            facts.append(None)
    stack = [str(Path(mwproxy.__file__).parent)]
    while stack:
        try:
            entries = list(os.scandir(stack.pop()))
        except OSError as error:
            if error.errno in _SHORTAGES:
                raise
            continue
        for entry in entries:
            name = entry.name
            if name.endswith(".py"):
                found = entry.stat()
                facts.append((entry.path, found.st_size, found.st_mtime_ns))
            elif "." not in name and name != "__pycache__" and entry.is_dir():
                stack.append(entry.path)
    return tuple(facts)


def _stat(path: str) -> object:
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns)


@cache
def _distribution_directories() -> tuple[str, ...]:
    modules = (mwproxy.__file__, twisted.__file__)
    return tuple(sorted({str(Path(file).parent.parent) for file in modules}))
