"""
The pid file: written when serving, by rename, so that nobody ever reads half of it.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path


def write_pidfile(path: str, *pids: int) -> None:
    """
    Write a pid file, one number a line.

    @param path: Its path; what was there is replaced, links included. Devices and pipes, such as
        C{/dev/null}, are written to instead.

    @param pids: The processes to name.

    @raise OSError: It cannot be written.
    """
    target = Path(path)
    text = "".join(f"{pid}\n" for pid in pids).encode()
    if _is_device(target):
        # A device that somebody put there is not waited for.
        fd = os.open(target, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            os.write(fd, text)
        finally:
            os.close(fd)
        return
    temporary = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        try:
            os.write(fd, text)
            os.fchmod(fd, 0o644)
        finally:
            os.close(fd)
        temporary.rename(target)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _is_device(path: Path) -> bool:
    try:
        mode = path.lstat().st_mode
    except OSError:
        return False
    return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)


def read_pidfile(path: str) -> list[int]:
    """
    Read a pid file, to write it again later.

    @return: The numbers, none if it is not there or is no pid file.
    """
    try:
        words = Path(path).read_bytes().split() if Path(path).is_file() else []
    except OSError:
        return []
    return [int(word) for word in words] if all(word.isdigit() for word in words) else []


def restore_pidfile(path: str, former: list[int], written: list[int]) -> None:
    """
    Take back what was written, as far as that is still possible.

    @param former: Whom the file named before, none if it was not there.

    @param written: Whom it was made to name.
    """
    try:
        if former:
            write_pidfile(path, *former)
        elif written and read_pidfile(path) == written:
            Path(path).unlink()
    except OSError:
        return


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
