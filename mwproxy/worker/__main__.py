"""
A worker process: C{python -P -m mwproxy.worker}, started by a master with its control channel as
descriptor 3.
"""

from __future__ import annotations

import gc
import sys
from importlib import import_module

import mwproxy.worker.lean  # noqa: F401  # before anything of Twisted

# isort: split
from mwproxy.worker.run import install_reactor, unblock_signals

#: What a worker imports only when it needs it; by then it may be in a hurry, or in a chroot.
LATER = (
    "mwproxy.console.stats_port",
    "mwproxy.net.checks.schedule",
    "encodings.idna",
    "twisted.internet.task",
)


def import_later() -> None:
    """
    Import everything that a worker may need, now.
    """
    import mwproxy.worker.controlled  # noqa: F401  # with it comes the data plane
    from mwproxy.worker.startup import import_everything

    import_everything()
    for name in LATER:
        import_module(name)


def main() -> int:
    """
    Get everything ready, then wait for an order.

    @return: The exit status.
    """
    unblock_signals()
    reactor = install_reactor()
    import_later()
    from mwproxy.worker.controlled import run_controlled

    # What exists now lives as long as the process: collections need not look at it.
    gc.collect()
    gc.freeze()
    return run_controlled(reactor)


if __name__ == "__main__":
    sys.exit(main())
