"""
How a worker is started: the command, and what it may find in its environment.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import mwproxy

#: Directory that the package is imported from.
ROOT = str(Path(mwproxy.__file__).resolve().parent.parent)
WORKER_MODULE = "mwproxy.worker"
NURSERY_MODULE = "mwproxy.worker.nursery"


def worker_command(module: str = WORKER_MODULE) -> list[str]:
    """
    Make the command line of a worker. C{-P} keeps the current directory, which operators choose,
    from being searched for modules.
    """
    return [sys.executable, "-P", "-m", module]


def worker_environment(initial: Mapping[str, str]) -> dict[str, str]:
    """
    Make the environment of a worker process.

    @param initial: The copy that children start from.

    @return: The same, and where to find this package if only our own start-up knew that.
    """
    environment = dict(initial)
    if ROOT not in sys.path[1:]:
        paths = [ROOT, environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = ":".join(path for path in paths if path)
    return environment
