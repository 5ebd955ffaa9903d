"""
The master's end of the watch over programs (C{watch.py}): started with the first program, started
again if it dies, told of every program that comes and goes.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from mwproxy.process.inheritance import GuardFacts
from mwproxy.process.system import System

SCRIPT = str(Path(__file__).with_name("watch.py"))
#: Seconds before a watch that died is replaced.
AGAIN = 1.0


class Guard:
    """
    Keeps a watch over process groups.
    """

    def __init__(self, system: System) -> None:
        self._system = system
        self._groups: set[int] = set()
        self._pipe = -1
        self._pid = 0
        self._stopped = False

    def facts(self) -> GuardFacts:
        """
        Note what another image of this process needs to go on with the watch.
        """
        return GuardFacts(self._pid, self._pipe) if self._pipe >= 0 else GuardFacts()

    def inherit(self, facts: GuardFacts, groups: Iterable[int]) -> None:
        """
        Go on with the watch of a former image.

        @param groups: What it watches.
        """
        self._groups.update(groups)
        try:
            os.set_inheritable(facts.fd, False)
        except (OSError, OverflowError):
            if self._groups:
                self._start()
            return
        self._pipe, self._pid = facts.fd, facts.pid
        self._system.expect_exit(facts.pid, self.ended)

    def add(self, group: int) -> None:
        """
        Have a group ended if we die.
        """
        self._groups.add(group)
        if self._pipe < 0:
            self._start()
        else:
            self._tell(f"+{group}\n")

    def remove(self, group: int) -> None:
        """
        Forget a group that is gone.
        """
        self._groups.discard(group)
        self._tell(f"-{group}\n")

    def stop(self) -> None:
        """
        Let the watch go; groups that are still known are ended by it.
        """
        self._stopped = True
        self._close()

    def ended(self, status: int = 0) -> None:
        """
        Replace a watch that died.
        """
        self._close()
        if not self._stopped and self._groups:
            self._system.call_later(AGAIN, self._start)

    def _start(self) -> None:
        if self._stopped or self._pipe >= 0:
            return
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        try:
            words = [sys.executable, "-I", "-S", SCRIPT, str(self._system.pid)]
            self._pid = self._system.spawn(_Ended(self), words, {}, {0: reading, 1: 1, 2: 2})
        except OSError:
            os.close(writing)
            self._system.call_later(AGAIN, self._start)
            return
        finally:
            os.close(reading)
        self._pipe = writing
        self._tell("".join(f"+{group}\n" for group in sorted(self._groups)))

    def _tell(self, text: str) -> None:
        if self._pipe >= 0 and text:
            with contextlib.suppress(OSError):
                os.write(self._pipe, text.encode())

    def _close(self) -> None:
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1


class _Ended(ProcessProtocol):
    """
    Tells the guard that its watch ended.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def processExited(self, reason: Failure) -> None:
        """
        Pass it on.
        """
        self._guard.ended()
