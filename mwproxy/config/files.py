"""
Which files make the configuration: C{-f} with files and directories (management manual 3).
"""

from __future__ import annotations

import os
from pathlib import Path

from mwproxy.core.diagnostics import ConfigError


def expand_files(arguments: list[str]) -> list[str]:
    """
    Replace directories by the files in them: regular ones, not hidden, whose name ends at its
    first C{.cfg}, in the order of their bytes.

    @param arguments: Files and directories, in order.

    @return: Files, in order; empty when there are none.

    @raise ConfigError: One cannot be opened. The text is complete, without file and line.
    """
    files: list[str] = []
    for each in arguments:
        try:
            if Path(each).is_dir():
                files += _inside(each)
            else:
                Path(each).stat()
                files.append(each)
        except (OSError, ValueError) as error:
            raise ConfigError(cannot_open(each, error)) from None
    return files


def cannot_open(name: str, error: Exception) -> str:
    """
    Write the message for a file that cannot be read.

    @param name: The file, as given.

    @param error: What the system said.

    @return: The whole message.
    """
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"config : Cannot open configuration file/directory {name} : {reason}"


def _inside(directory: str) -> list[str]:
    names = [entry.name for entry in os.scandir(directory) if entry.is_file()]
    chosen = [name for name in names if not name.startswith(".") and _is_cfg(name)]
    return [str(Path(directory) / name) for name in sorted(chosen, key=os.fsencode)]


def _is_cfg(name: str) -> bool:
    return name.find(".cfg") == len(name) - len(".cfg") and len(name) > len(".cfg")
