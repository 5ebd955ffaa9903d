"""
What the master tells of itself while a console has C{mcli-debug-mode}.
"""

from __future__ import annotations

import resource
from pathlib import Path

from mwproxy import PRODUCT, RELEASE_DATE, __version__
from mwproxy.console.generations_view import GenerationRow
from mwproxy.master.instance import Instance


def figures(
    instance: Instance, generations: list[GenerationRow], consoles: int, tasks: int
) -> list[tuple[str, object]]:
    """
    List the figures in the order and with the names of C{show info}; then our own.

    @param generations: All that are remembered.

    @param consoles: Connections to the consoles.

    @param tasks: Calls that wait for their time.
    """
    kept = [row for row in generations if row.kept]
    return [
        ("Name", PRODUCT),
        ("Version", __version__),
        ("Release_date", RELEASE_DATE),
        ("Nbthread", 1),
        ("Nbproc", instance.global_.nbproc),
        ("Process_num", 0),
        ("Pid", instance.system.pid),
        ("Uptime", ""),
        ("Ulimit-n", resource.getrlimit(resource.RLIMIT_NOFILE)[0]),
        ("CurrConns", consoles),
        ("Tasks", tasks),
        ("Stopping", int(bool(instance.stopping))),
        ("Resident_bytes", _resident()),
        ("Generation", instance.serving),
        ("Reloads", instance.reloads),
        ("Failed_reloads", instance.failed),
        ("Kept_generations", len(kept)),
        ("Kept_bytes", sum(size or 0 for row in kept for _, size in row.files)),
    ]


def descriptors() -> list[tuple[int, str]]:
    """
    List the descriptors of this process and what the system calls them.
    """
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found.append((int(entry.name), str(entry.readlink())))
        except OSError:
            # The one that the directory was read with.
            continue
    return sorted(found)


def _resident() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * resource.getpagesize()
