"""
What streams add to counters, kept back until a turn of the reactor ends.

Theory. A stream that ends counts for its frontend, its backend and its server. In one turn many
end that went the same way, so each way has a tally, to which a stream adds once; when the turn is
over L{WorkerState.settle<mwproxy.live.proxies.WorkerState.settle>} brings the sums to the three.
Consoles, rates and everybody else look between turns and find the counters complete.
"""

from __future__ import annotations

from mwproxy.live.counters import Counters


class Tally:
    """
    Sums of one turn for one way: a frontend, a backend and a server.

    @ivar waits: True while it stands in the list of those to be settled.

    @ivar begun: Streams that got the server by load balancing, at once.

    @ivar reused: Those of them that found an idle connection.

    @ivar bin: Bytes from clients.   @ivar bout: Bytes to clients.

    @ivar responses: Responses by class: C{[other, 1xx, 2xx, 3xx, 4xx, 5xx]}.

    @ivar lastsess: Monotonic time of the last stream.

    @ivar timed: Whether there are times.

    @ivar qtime_sum: Milliseconds spent in queues; C{ctime} connecting, C{rtime} waiting for the
        response, C{ttime} all told; the longest of each beside them.
    """

    __slots__ = (
        "_frontend", "_backend", "_server", "_unsettled",
        "waits", "begun", "reused", "bin", "bout", "responses", "lastsess", "timed",
        "qtime_sum", "ctime_sum", "rtime_sum", "ttime_sum",
        "qtime_max", "ctime_max", "rtime_max", "ttime_max",
    )  # fmt: skip

    def __init__(
        self, frontend: Counters, backend: Counters, server: Counters, unsettled: list[Tally]
    ) -> None:
        """
        @param unsettled: Where it puts itself when there is something to settle.
        """
        self._frontend = frontend
        self._backend = backend
        self._server = server
        self._unsettled = unsettled
        self.waits = False
        self.begun = self.reused = self.bin = self.bout = 0
        self.responses = [0, 0, 0, 0, 0, 0]
        self.lastsess = 0.0
        self.timed = False
        self.qtime_sum = self.ctime_sum = self.rtime_sum = self.ttime_sum = 0
        self.qtime_max = self.ctime_max = self.rtime_max = self.ttime_max = 0

    def wait(self) -> None:
        """
        Have it settled when the turn ends. To be called when L{waits} is not set.
        """
        self.waits = True
        self._unsettled.append(self)

    def settle(self) -> None:
        """
        Add everything to the counters, and begin anew.
        """
        self.waits = False
        frontend = self._frontend
        frontend.bin += self.bin
        frontend.bout += self.bout
        backend = self._backend
        server = self._server
        for counters in (backend, server):
            counters.stot += self.begun
            counters.lbtot += self.begun
            counters.bin += self.bin
            counters.bout += self.bout
            if self.lastsess > counters.lastsess:
                counters.lastsess = self.lastsess
        server.reuse += self.reused
        self.begun = self.reused = self.bin = self.bout = 0
        responses = self.responses
        for group, count in enumerate(responses):
            if count:
                responses[group] = 0
                frontend.responses[group] += count
                backend.responses[group] += count
                server.responses[group] += count
        if self.timed:
            self._settle_times(backend)
            self._settle_times(server)
            self.timed = False
            self.qtime_sum = self.ctime_sum = self.rtime_sum = self.ttime_sum = 0
            self.qtime_max = self.ctime_max = self.rtime_max = self.ttime_max = 0

    def _settle_times(self, counters: Counters) -> None:
        counters.qtime_sum += self.qtime_sum
        counters.ctime_sum += self.ctime_sum
        counters.rtime_sum += self.rtime_sum
        counters.ttime_sum += self.ttime_sum
        counters.qtime_max = max(counters.qtime_max, self.qtime_max)
        counters.ctime_max = max(counters.ctime_max, self.ctime_max)
        counters.rtime_max = max(counters.rtime_max, self.rtime_max)
        counters.ttime_max = max(counters.ttime_max, self.ttime_max)
