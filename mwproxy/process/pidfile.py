"""
The pid file: written when serving, by rename, so that nobody ever reads half of it.
"""

from __future__ import annotations

import os
from pathlib import Path


def write_pidfile(path: str, pid: int) -> None:
    """
    Write a pid file.

    @param path: Its path; what was there is replaced.

    @param pid: The process to name.

    @raise OSError: It cannot be written.
    """
    target = Path(path)
    temporary = target.with_name(f"{target.name}.{pid}.tmp")
    temporary.unlink(missing_ok=True)
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        os.write(fd, f"{pid}\n".encode())
        os.fchmod(fd, 0o644)
    finally:
        os.close(fd)
    try:
        temporary.rename(target)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def remove_pidfile(path: str, pid: int) -> None:
    """
    Remove a pid file if it still names this process.
    """
    target = Path(path)
    try:
        if target.read_text(encoding="ascii", errors="replace").strip() == str(pid):
            target.unlink()
    except OSError:
        return
