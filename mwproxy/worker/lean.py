"""
To be imported before anything else by what is started as a process of its own: Twisted comes
without what no worker uses (L{mwproxy.process.lean}). In a process that is none of ours, such as
one that runs tests, nothing happens.
"""

from __future__ import annotations

import gc
import signal
import sys

from mwproxy.process.lean import CHANNEL, REACTOR, import_lean, postpone_cookies


def begin() -> None:
    """
    Prepare this process, if it is a worker or the nursery.
    """
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    if spec is None or not spec.name.startswith(f"{__package__}."):
        return
    # The terminal sends it to all of us; it is the master's to end us, or its end that does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What is imported stays: looking for cycles in it is in vain.
    gc.disable()
    postpone_cookies()
    import_lean(REACTOR, CHANNEL)


begin()
