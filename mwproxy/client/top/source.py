"""
Who looks at the proxy while the keys are read: a thread that owns the connection.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable

from mwproxy.client.connection import Unreachable
from mwproxy.client.console import Console
from mwproxy.client.formats.words import Unreadable
from mwproxy.client.top.sample import Refused, Sample, Sampler

#: A look that took some time is followed by a pause of this many times that.
RELATION = 4.0


def rest(interval: float, cost: float) -> float:
    """
    Tell how long to leave the proxy alone, in seconds.

    @param interval: Wanted between looks.   @param cost: How long the last look took.
    """
    return max(interval, RELATION * cost)


class Outcome(str):
    """
    What came of an order: shown until a key is pressed.
    """

    __slots__ = ()


class Source:
    """
    Looks, and does what is ordered.

    @ivar wake: Becomes readable when there is something in C{news}.

    @ivar news: Looks, what came of orders, and what went wrong.
    """

    def __init__(self, connect: Callable[[], Console], interval: float) -> None:
        """
        @param connect: Gives a console; called again when it was lost.

        @param interval: Seconds between looks.
        """
        self.news: deque[Sample | str] = deque(maxlen=20)
        self.wake, self._waker = os.pipe()
        os.set_blocking(self.wake, False)
        os.set_blocking(self._waker, False)
        self._connect = connect
        self._interval = interval
        self._servers = True
        self._paused = False
        self._chosen = 0
        self._orders: deque[tuple[str, str]] = deque()
        self._call = threading.Event()
        self._over = False
        self._console: Console | None = None
        self._thread = threading.Thread(target=self._run, name="source", daemon=True)

    def start(self) -> None:
        """
        Begin.
        """
        self._thread.start()

    def want(self, interval: float, servers: bool, paused: bool, chosen: int) -> None:
        """
        Say what is shown.

        @param interval: Seconds between looks.   @param servers: Whether servers are shown.

        @param paused: Whether nothing new is.   @param chosen: Which worker is, from 0.
        """
        wanted = (interval, servers, paused, chosen)
        if wanted != (self._interval, self._servers, self._paused, self._chosen):
            self._interval, self._servers, self._paused, self._chosen = wanted
            self._call.set()

    def order(self, server: str, state: str) -> None:
        """
        Have a server changed.
        """
        self._orders.append((server, state))
        self._call.set()

    def stop(self) -> None:
        """
        End, without waiting for an answer under way.
        """
        self._over = True
        self._call.set()
        console = self._console
        if console is not None:
            with contextlib.suppress(OSError):
                console.connection.abort()
        self._thread.join(5)

    def heard(self) -> None:
        """
        Take notice of the wake-up calls.
        """
        with contextlib.suppress(BlockingIOError):
            os.read(self.wake, 4096)

    def _run(self) -> None:
        sampler: Sampler | None = None
        while not self._over:
            pause = self._interval
            try:
                if sampler is None:
                    self._console = self._connect()
                    sampler = Sampler(self._console)
                while self._orders:
                    server, state = self._orders.popleft()
                    self._tell(Outcome(sampler.change(server, state) or f"{server}: {state}"))
                if not self._paused:
                    sampler.servers, sampler.chosen = self._servers, self._chosen
                    sample = sampler.take()
                    pause = rest(self._interval, sample.cost)
                    self._tell(sample)
            except Unreachable as error:
                sampler = None
                self._drop()
                self._tell(str(error))
            except (Refused, Unreadable) as error:
                self._tell(str(error))
            self._call.wait(pause)
            self._call.clear()
        self._drop()

    def _drop(self) -> None:
        if self._console is not None:
            self._console.close()
            self._console = None

    def _tell(self, what: Sample | str) -> None:
        if self._over:
            return
        self.news.append(what)
        with contextlib.suppress(BlockingIOError):
            os.write(self._waker, b"!")
