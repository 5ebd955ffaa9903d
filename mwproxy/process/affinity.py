"""
Which processors a process runs on.
"""

from __future__ import annotations

import os
from collections.abc import Iterable


def bind_to_cpus(cpus: Iterable[int]) -> str:
    """
    Have this process run on some processors only.

    @param cpus: Their numbers; those that the machine does not have do not count.

    @return: Why that cannot be, empty when it is done.
    """
    try:
        os.sched_setaffinity(0, cpus)
    except OSError as error:
        return error.strerror or str(error)
    return ""
