"""
The pid file: written when serving, by rename, so that nobody ever reads half of it.

Its permissions are those of C{pidfile-mode} in C{global}, whatever the umask is; unless that is
there only its owner, whoever started us, may read it.
"""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

#: Permissions of a pid file unless C{pidfile-mode} says otherwise.
OWNER_ONLY = 0o600


@dataclass(frozen=True, slots=True)
class Pidfile:
    """
    A pid file as it was found.

    @ivar pids: Whom it names, none if it is not there or is no pid file.

    @ivar mode: Its permissions.
    """

    pids: tuple[int, ...] = ()
    mode: int = OWNER_ONLY


def write_pidfile(path: str, *pids: int, mode: int = OWNER_ONLY) -> None:
    """
    Write a pid file, one number a line.

    @param path: Its path; what was there is replaced, links included. Devices and pipes, such as
        C{/dev/null}, are written to instead, and keep their permissions.

    @param pids: The processes to name.

    @param mode: Its permissions.

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
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY)
    try:
        try:
            os.write(fd, text)
            os.fchmod(fd, mode)
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


def read_pidfile(path: str) -> Pidfile:
    """
    Read a pid file, to write it again later.

    @return: One that names nobody if it is not there or is no pid file.
    """
    target = Path(path)
    try:
        found = target.stat()
        words = target.read_bytes().split() if stat.S_ISREG(found.st_mode) else []
    except OSError:
        words = []
    if not words or not all(word.isdigit() for word in words):
        return Pidfile()
    return Pidfile(tuple(map(int, words)), stat.S_IMODE(found.st_mode))


def restore_pidfile(path: str, former: Pidfile, written: list[int]) -> None:
    """
    Take back what was written, as far as that is still possible.

    @param former: The file as it was before.

    @param written: Whom it was made to name.
    """
    try:
        if former.pids:
            write_pidfile(path, *former.pids, mode=former.mode)
        elif written and read_pidfile(path).pids == tuple(written):
            Path(path).unlink()
    except OSError:
        return


def prepare_pidfile(path: str) -> None:
    """
    Make room for a pid file that twistd writes, which follows links and takes the permissions that
    the umask leaves: an empty file that only its owner may read.

    @param path: Its path; a link is replaced, another file stays.
    """
    target = Path(path)
    # Where anything of this is impossible its writer says so.
    with contextlib.suppress(OSError):
        if target.is_symlink():
            target.unlink()
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY))


def discard_prepared(path: str) -> None:
    """
    Remove what L{prepare_pidfile} made for somebody who was killed before it wrote: twistd refuses
    to start while it is there.
    """
    target = Path(path)
    with contextlib.suppress(OSError):
        found = target.lstat()
        if stat.S_ISREG(found.st_mode) and not found.st_size:
            target.unlink()


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
