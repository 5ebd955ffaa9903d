"""
Console command C{show info}.
"""

from __future__ import annotations

import os
import resource
import socket
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from mwproxy.console.dispatch import Invocation
from mwproxy.core.families import command
from mwproxy.live.proxies import WorkerState
from mwproxy.observe import info, json, typed
from mwproxy.observe.fields import readings


class Gauge:
    """
    Rates between two looks at cumulated figures.
    """

    def __init__(self) -> None:
        self._at = 0.0
        self._busy = 0.0
        self._out = 0
        self.idle = 100
        self.out_rate = 0

    def look(self, now: float, busy: float, out: int) -> None:
        """
        Take the figures of now; looks within one second of each other count as one.

        @param now: The monotonic clock.

        @param busy: Seconds of processor time so far.

        @param out: Bytes sent so far.
        """
        passed = now - self._at
        if self._at and passed < 1:
            return
        if self._at:
            used = (busy - self._busy) / passed
            self.idle = max(0, min(100, round(100 - 100 * used)))
            self.out_rate = max(0, int((out - self._out) / passed))
        self._at, self._busy, self._out = now, busy, out


_gauge = Gauge()
_fields = cache(info.fields)


def _resident() -> int:
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * resource.getpagesize()
    except (OSError, IndexError, ValueError):
        return 0


def look_at_process(state: WorkerState) -> info.Process:
    """
    Ask the system about this process.

    @param state: The worker's state.

    @return: The figures.
    """
    out = sum(each.counters.bout for each in state.frontends.values())
    _gauge.look(state.now, time.process_time(), out)
    memory = resource.getrlimit(resource.RLIMIT_AS)[0]
    return info.Process(
        state,
        os.getpid(),
        resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        _resident(),
        0 if memory == resource.RLIM_INFINITY else memory,
        _gauge.idle,
        _gauge.out_rate,
        socket.gethostname(),
    )


@command("show info", on="worker", changes=False, usage="show info [desc|json|typed|float]*",
         text="show the figures of this process")  # fmt: skip
def cmd_show_info(invocation: Invocation) -> Iterator[str]:
    """
    Show figures as lines, typed lines or JSON.

    @param invocation: The command.

    @return: The pieces of the answer.
    """
    state: WorkerState = invocation.subject
    words = invocation.args
    explain = "desc" in words
    process = look_at_process(state)
    if not words:
        # What is asked most, by many at one time, in the shortest way.
        asked = [(each.name, each.read(process)) for each in _fields()]
        yield "".join([f"{name}: {value}\n" for name, value in asked if value is not None])
        return
    values = readings(_fields(), process)
    if "float" in words:
        values = info.with_fractions(values, process)
    if "json" in words:
        elements = [json.element(state.process, each, explain=explain) for each in values]
        yield json.text(elements) + "\n"
        return
    # In one piece: each piece is a turn of its own to the transport.
    if "typed" in words:
        yield "".join(typed.line("", state.process, each, explain=explain) for each in values)
    else:
        yield "".join(
            f"{each.field.name}: {each.value}" + (f':"{each.field.text}"\n' if explain else "\n")
            for each in values
        )
