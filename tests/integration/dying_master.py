"""
A master that kills itself (SIGKILL) at one step of its first reload:
C{python -m tests.integration.dying_master <step> <mwproxy's arguments>}.

The steps are functions of the master; nothing else of it is touched.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
from typing import Any

from mwproxy.main import main
from mwproxy.master.ready import Announcer
from mwproxy.master.reload import Reloads
from mwproxy.master.supervisor import Supervisor
from mwproxy.process.channel import MasterChannel
from mwproxy.process.worker import WorkerProcess

#: By name: where it is, and when: before the function, after it, or when what it did has left the
#: process as well. In the order in which a reload comes by. Between two of them nothing leaves the
#: process, and so nobody could tell the difference.
STEPS: dict[str, tuple[Any, str, str]] = {
    "asked": (Reloads, "_begin", "before"),
    "read": (Reloads, "_change_programs", "before"),
    "programs": (Reloads, "_change_programs", "after"),
    "order-sent": (MasterChannel, "load", "later"),
    "begun": (WorkerProcess, "_note_beginning", "before"),
    "listener-bound": (Supervisor, "worker_needs", "after"),
    "listener-given": (Supervisor, "worker_needs", "later"),
    "ready": (Supervisor, "worker_ready", "before"),
    "way-given": (MasterChannel, "hand_over", "later"),
    "parted": (Reloads, "_announce", "before"),
    "announced": (Announcer, "ready", "after"),
    "answered": (Reloads, "_announce", "after"),
    "next-standby": (Reloads, "_fill", "later"),
}


def die() -> None:
    """
    End as C{kill -9} does it.
    """
    os.kill(os.getpid(), signal.SIGKILL)


def arm(name: str) -> None:
    """
    Have a step end the process, once a reload was asked for.
    """
    owner, attribute, when = STEPS[name]
    armed: list[bool] = []
    reload = Supervisor.reload
    function = getattr(owner, attribute)

    @functools.wraps(reload)
    def asked(self: Supervisor, **arguments: Any) -> Any:
        armed.append(True)
        return reload(self, **arguments)

    @functools.wraps(function)
    def step(*arguments: Any, **more: Any) -> Any:
        if armed and when == "before":
            die()
        result = function(*arguments, **more)
        if armed and when == "after":
            die()
        if armed:
            from twisted.internet import reactor

            # Two turns: what was written in this one leaves in the next.
            reactor.callLater(0, reactor.callLater, 0, die)
        return result

    Supervisor.reload = asked  # type: ignore[method-assign]
    setattr(owner, attribute, step)


if __name__ == "__main__":
    arm(sys.argv.pop(1))
    sys.exit(main())
