"""
What the system lets a process have: descriptors and address space.

Only soft limits are changed, so that who starts a program can give it what this process was
started with, and so that a limit of memory binds each process for itself.
"""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterator
from pathlib import Path

#: The soft limit of descriptors that this process was started with: read before anything
#: changes it, as everything that does is imported behind this module.
DESCRIPTORS_AT_START = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
#: As many descriptors a master tries to have: a listening socket is one, a worker three.
MASTER_DESCRIPTORS = 65536
#: With fewer it cannot start a worker and its successors.
LEAST_DESCRIPTORS = 32
#: What a process wants to be left with behind a limit of its memory, in bytes.
LEAST_ROOM = 4 << 20


class TooLittle(Exception):
    """
    A limit leaves no room to work; the text says how much is needed.
    """


def limit_memory(megabytes: int) -> None:
    """
    Limit the address space of this process (C{-m}).

    @param megabytes: The limit, 0 for none.

    @raise TooLittle: The process has as much already.
    """
    if not megabytes:
        return
    size = megabytes << 20
    taken = address_space()
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if size < taken + LEAST_ROOM:
        raise TooLittle(
            f"Cannot fix MEM limit to {megabytes} megs: this process has {-(-taken >> 20)} already,"
            f" {-(-(taken + LEAST_ROOM) >> 20)} are the least it needs."
        )
    if hard != resource.RLIM_INFINITY:
        size = min(size, hard)
    resource.setrlimit(resource.RLIMIT_AS, (size, hard))


def address_space() -> int:
    """
    Tell how much address space this process has taken.

    @return: Bytes; 0 where the system does not say.
    """
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGESIZE")


@contextlib.contextmanager
def memory_for_children() -> Iterator[None]:
    """
    Lift this process's own limit of memory while it starts another one.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if soft == hard:
        yield
        return
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def raise_master_descriptors() -> None:
    """
    Allow this process as many descriptors as a master may need.

    @raise TooLittle: The system allows too few to do anything.
    """
    got = raise_descriptors(MASTER_DESCRIPTORS)
    if got < LEAST_DESCRIPTORS:
        raise TooLittle(
            f"Cannot raise FD limit to {LEAST_DESCRIPTORS}, limit is {got}: a master needs that "
            "many, and one more for each listener ('ulimit -n')."
        )


def raise_descriptors(count: int, *, beyond: bool = False) -> int:
    """
    Allow this process so many descriptors, or as many as the system lets it; never fewer than
    it may have already.

    @param count: How many.

    @param beyond: Try to get more than the hard limit, which takes a privilege.

    @return: How many it may have now.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    infinite = resource.RLIM_INFINITY
    if soft == infinite or count <= soft:
        return count if soft == infinite else soft
    wanted = count if hard == infinite else min(count, hard)
    if beyond and wanted < count:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))
            return count
    if wanted > soft:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return wanted
    return soft
