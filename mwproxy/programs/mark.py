"""
What makes a program another one: its section, its environment, the file that it runs.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mwproxy.config.model import Program

#: Variables that tell of the master, and say nothing about the program.
_MASTERS = "HAPROXY_"


def mark_of(section: Program, environment: Mapping[str, str]) -> str:
    """
    Sum up a program. What only says how it is looked after does not count: C{start-on-reload} and
    C{keep-unchanged}.

    @param environment: What all programs get.

    @return: The same text for the same program.
    """
    settings = replace(section.settings, keep_unchanged=False)
    same = replace(section, start_on_reload=True, settings=settings)
    variables = sorted(each for each in environment.items() if not each[0].startswith(_MASTERS))
    text = repr((same, variables, _file(section, environment)))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _file(section: Program, environment: Mapping[str, str]) -> tuple[int, ...]:
    found = shutil.which(section.command[0], path=environment.get("PATH"))
    try:
        about = Path(found or section.command[0]).stat()
    except OSError:
        return ()
    return (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns)
