"""
One look at a proxy: what its consoles say, read.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mwproxy.client.console import Answer, Console
from mwproxy.client.formats.info import read_info
from mwproxy.client.formats.proc import read_proc
from mwproxy.client.formats.stat import read_stat
from mwproxy.client.formats.words import Row, Unreadable

#: C{show stat}: frontends and backends, or servers too.
_PROXIES, _ALL = "show stat -1 3 -1", "show stat"


class Refused(Exception):
    """
    The console does not give what is to be shown; the text is its own.
    """


@dataclass(frozen=True, slots=True)
class Sample:
    """
    What was seen.

    @ivar at: When, in seconds of some clock.

    @ivar cost: How long it took, in seconds.

    @ivar info: C{show info} of the worker.   @ivar rows: Its C{show stat}.

    @ivar processes: C{show proc}, empty at a worker's own console.

    @ivar connections: Of each old worker, by pid, how many it still has.

    @ivar worker: The pid of the worker that was asked, 0 at its own console.

    @ivar generation: The number of what serves, 0 if it is not known.
    """

    at: float
    cost: float
    info: Row
    rows: list[Row]
    processes: list[Row] = field(default_factory=list)
    connections: dict[int, int] = field(default_factory=dict)
    worker: int = 0
    generation: int = 0


class Sampler:
    """
    Looks again and again, asking for no more than is shown.

    @ivar servers: Whether servers are shown.

    @ivar chosen: Which of several workers is, from 0.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        """
        @param console: Of a master or a worker.
        """
        self.servers = True
        self.chosen = 0
        self._console = console
        self._clock = clock
        self._known: object = None
        self._generation = 0

    def take(self) -> Sample:
        """
        Look.

        @return: What is there.

        @raise Refused: The level does not allow it, or no worker serves.

        @raise Unreadable: An answer makes no sense.

        @raise Unreachable<mwproxy.client.connection.Unreachable>: There is no answer.
        """
        begun = self._clock()
        processes: list[Row] = []
        connections: dict[int, int] = {}
        worker = 0
        before = ""
        if self._console.master:
            processes = read_proc(self._ask("show proc"))
            worker = self._worker(processes)
            before = f"@!{worker} "
            connections = self._draining(processes, worker)
            self._look_at_generations(processes)
        info = read_info(self._ask(f"{before}show info"))
        rows = read_stat(self._ask(f"{before}{_ALL if self.servers else _PROXIES}"))
        now = self._clock()
        return Sample(
            now, now - begun, info, rows, processes, connections, worker, self._generation
        )

    def change(self, server: str, state: str) -> str:
        """
        Change a server in all workers that accept clients.

        @param server: C{backend/server}.   @param state: C{drain}, C{maint} or C{ready}.

        @return: What was said, empty when it was done without a word.
        """
        before = [""]
        if self._console.master:
            processes = read_proc(self._ask("show proc"))
            before = [f"@!{pid} " for pid in _serving_pids(processes)]
        said = [self._console.ask(f"{each}set server {server} state {state}") for each in before]
        return " ".join(answer.text.strip() for answer in said if answer.text.strip())

    def _ask(self, command: str) -> str:
        answer: Answer = self._console.ask(command)
        if answer.refused:
            raise Refused(f"{command}: {answer.text.strip()}")
        return answer.text

    def _worker(self, processes: list[Row]) -> int:
        pids = _serving_pids(processes)
        if not pids:
            raise Refused("no worker serves")
        return pids[self.chosen % len(pids)]

    def _draining(self, processes: list[Row], serving: int) -> dict[int, int]:
        found = {}
        for row in processes:
            pid = row["pid"]
            if row["type"] == "worker" and row["old"] and isinstance(pid, int) and pid != serving:
                answer = self._console.ask(f"@!{pid} show info")
                try:
                    count = read_info(answer.text).get("CurrConns")
                except Unreadable:
                    # It has gone meanwhile.
                    continue
                found[pid] = count if isinstance(count, int) else 0
        return found

    def _look_at_generations(self, processes: list[Row]) -> None:
        known = [(row["pid"], row["reloads"], row["failed"]) for row in processes]
        if known == self._known:
            return
        self._known = known
        answer = self._console.ask("show generations json")
        self._generation = 0 if answer.refused else _serving(answer.text)


def _serving_pids(processes: list[Row]) -> list[int]:
    """
    List the workers that accept clients: the current ones, or after a reload that failed the one
    that is kept, which consoles list as an old one with the fewest reloads.
    """
    workers = [row for row in processes if row["type"] == "worker"]
    current = [row for row in workers if not row["old"]]
    if not current:
        current = sorted(workers, key=lambda row: int(row["reloads"] or 0))[:1]
    return [row["pid"] for row in current if isinstance(row["pid"], int)]


def _serving(text: str) -> int:
    import json

    try:
        rows: Any = json.loads(text)
        return next((int(row["generation"]) for row in rows if row.get("result") == "serving"), 0)
    except (ValueError, TypeError, AttributeError, KeyError):
        return 0
