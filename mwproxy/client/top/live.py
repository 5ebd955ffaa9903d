"""
The loop of the live view: keys in, news in, screens out.
"""

from __future__ import annotations

import select
import sys
from collections.abc import Callable

from rich.console import Console as Rich
from rich.live import Live

from mwproxy.client.command import DONE, FAILED, complain
from mwproxy.client.console import Console
from mwproxy.client.formats.words import Unreadable
from mwproxy.client.top.figures import Line, lines
from mwproxy.client.top.keys import read_keys, unbuffered
from mwproxy.client.top.sample import Refused, Sample, Sampler
from mwproxy.client.top.screen import draw
from mwproxy.client.top.source import Outcome, Source
from mwproxy.client.top.view import View

#: Seconds after which the size of the terminal is looked at again.
_TICK = 1.0


class Picture:
    """
    What is known, and how it is shown.
    """

    def __init__(self, view: View, address: str) -> None:
        self.view = view
        self._address = address
        self._sample: Sample | None = None
        self._lines: list[Line] = []
        self._trouble = "connecting"

    def take(self, news: Sample | str) -> None:
        """
        Take what the source says.

        @param news: A look, what came of an order, or what went wrong.
        """
        if isinstance(news, Outcome):
            self.view.message = news
            return
        if isinstance(news, str):
            self._trouble = news
            return
        self._lines = lines(news, self._sample)
        self._sample = news
        self._trouble = ""

    def show(self, live: Live, height: int) -> None:
        """
        Draw it.
        """
        live.update(
            draw(self.view, self._address, self._sample, self._lines, self._trouble, height),
            refresh=True,
        )


def watch(connect: Callable[[], Console], address: str, interval: float) -> int:
    """
    Show the live view until somebody leaves it.

    @param connect: Gives a console.

    @param address: What to call it.

    @param interval: Seconds between looks.

    @return: The exit status.
    """
    view = View(interval=interval)
    picture = Picture(view, address)
    source = Source(connect, interval)
    rich = Rich(highlight=False)
    fd = sys.stdin.fileno()
    with unbuffered(fd), Live(console=rich, screen=True, auto_refresh=False) as live:
        source.start()
        try:
            while not view.over:
                picture.show(live, rich.size.height)
                ready = select.select([fd, source.wake], [], [], _TICK)[0]
                if source.wake in ready:
                    source.heard()
                    while source.news:
                        picture.take(source.news.popleft())
                if fd in ready:
                    for key in read_keys(fd):
                        view.press(key)
                while view.ordered:
                    source.order(*view.ordered.pop(0))
                source.want(view.interval, view.servers, view.paused, view.worker)
        finally:
            source.stop()
    return DONE


def once(connect: Callable[[], Console], address: str, interval: float) -> int:
    """
    Show one picture of two looks, without keys.

    @param connect: Gives a console.   @param address: What to call it.

    @param interval: Seconds between the looks.

    @return: The exit status.

    @raise Unreachable<mwproxy.client.connection.Unreachable>: The console cannot be asked.
    """
    view = View(interval=interval)
    try:
        with connect() as console:
            sampler = Sampler(console)
            before = sampler.take()
            select.select([], [], [], interval)
            now = sampler.take()
    except (Refused, Unreadable) as error:
        complain(str(error))
        return FAILED
    rows = lines(now, before)
    rich = Rich(highlight=False, width=None if sys.stdout.isatty() else 110)
    rich.print(draw(view, address, now, rows, "", 0))
    return DONE
