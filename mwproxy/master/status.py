"""
What the service manager hears while nothing happens: live figures, and that the master is alive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mwproxy.master.instance import Instance
from mwproxy.observe.notify import Figures
from mwproxy.process.child import Phase
from mwproxy.process.system import System

#: Seconds for which changes are collected: figures come in bunches.
COLLECT = 1.0
#: How many times in the time that a watchdog allows the master says that it is alive.
SIGNS = 3


class StatusLine:
    """
    The live figures of an instance, told a second after they changed, and so never more often.
    """

    def __init__(
        self,
        instance: Instance,
        busy: Callable[[], bool],
        degraded: Callable[[], list[str]] = list,
    ) -> None:
        """
        @param busy: Whether a configuration is being loaded: then nothing is told.

        @param degraded: Names the programs that have failed while the proxy serves on.
        """
        self._degraded = degraded
        self._instance = instance
        self._busy = busy
        self._timer: Any = None

    def changed(self) -> None:
        """
        Note that a figure may have changed.
        """
        if self._timer is None:
            self._timer = self._instance.system.call_later(COLLECT, self._tell)

    def close(self) -> None:
        """
        Tell nothing any more.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def figures(self) -> Figures:
        """
        Count.
        """
        instance = self._instance
        old = [each for each in instance.workers if each.generation != instance.serving]
        loading = instance.in_phase(Phase.STARTING)
        return Figures(
            sum(each not in old and each not in loading for each in instance.workers),
            len(old),
            instance.connections(),
            sum(int(each.figures.get("connections", 0)) for each in old),
            instance.reloads,
            tuple(self._degraded()),
        )

    def _tell(self) -> None:
        self._timer = None
        instance = self._instance
        if not instance.stopping and not self._busy():
            instance.manager.figures(self.figures())


def watchdog_interval(environment: Mapping[str, str], pid: int) -> float:
    """
    Tell how often the service manager wants to hear that we are alive.

    @param environment: C{WATCHDOG_USEC} and C{WATCHDOG_PID} count.

    @param pid: This process.

    @return: Seconds, 0 for never.
    """
    if environment.get("WATCHDOG_PID", str(pid)) != str(pid):
        return 0.0
    text = environment.get("WATCHDOG_USEC", "")
    if not (text.isascii() and text.isdecimal() and len(text) < 18):
        return 0.0
    return int(text) / 1_000_000 / SIGNS


class Watchdog:
    """
    Says again and again that the reactor turns. A master that hangs does not.
    """

    def __init__(self, system: System, interval: float, sign: Callable[[], None]) -> None:
        """
        @param interval: Seconds between two signs, 0 for none.

        @param sign: Gives one.
        """
        self._system = system
        self._interval = interval
        self._sign = sign
        self._timer: Any = None

    def start(self) -> None:
        """
        Begin.
        """
        if self._interval > 0:
            self._sign()
            self._timer = self._system.call_later(self._interval, self.start)

    def stop(self) -> None:
        """
        Be silent.
        """
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
