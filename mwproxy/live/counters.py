"""
Counters of proxies, servers and listeners: plain slots that the data plane adds to.

Names are those of the columns of C{show stat} (management manual, 9.1), so that
C{observe/fields.py} reads them as they are. Rates are not counted per event: the worker calls
L{Rate.tick} once a second with the cumulated figure.
"""

from __future__ import annotations


class Rate:
    """
    How fast a cumulated figure grows.

    @ivar current: Growth during the last full second.

    @ivar maximum: The largest L{current} so far.
    """

    __slots__ = ("current", "maximum", "_last")

    def __init__(self) -> None:
        self.current = 0
        self.maximum = 0
        self._last = 0

    def tick(self, total: int) -> None:
        """
        Note the figure at the turn of a second.

        @param total: The cumulated figure now.
        """
        current = total - self._last
        self._last = total
        self.current = current
        if current > self.maximum:
            self.maximum = current


#: The rate of all that has never been counted; it stays as it is.
_STILL = Rate()


def _moved(rate: Rate, total: int) -> Rate:
    if rate is _STILL:
        if not total:
            return rate
        rate = Rate()
    rate.tick(total)
    return rate


class Counters:
    """
    What is counted for a frontend, backend, server or listener; each uses the
    part that concerns it.

    @ivar scur: Sessions (frontend, listener) or streams (backend, server) now.

    @ivar smax: The most of them at one time.

    @ivar stot: All of them so far.

    @ivar bin: Bytes from clients.

    @ivar bout: Bytes to clients.

    @ivar dreq: Requests denied.   @ivar dresp: Responses denied.

    @ivar ereq: Request errors.   @ivar eresp: Response errors.   @ivar econ: Connection errors.

    @ivar wretr: Retried connections.   @ivar wredis: Redispatched streams.

    @ivar lbtot: Times chosen by load balancing.

    @ivar responses: Responses by class: C{[other, 1xx, 2xx, 3xx, 4xx, 5xx]}.

    @ivar cli_abrt: Transfers the client aborted.   @ivar srv_abrt: Transfers the server aborted.

    @ivar conn_tot: Connections received.   @ivar req_tot: HTTP requests received.

    @ivar connect: Connections made.   @ivar reuse: Connections reused.

    @ivar qtime_sum: Milliseconds spent in queues by about the last 1024 streams: divided by 1024 it
        is the average. C{ctime} connecting, C{rtime} waiting for the response, C{ttime} all told.

    @ivar timed: C{stot} when the sums were last aged.

    @ivar lastsess: Monotonic time of the last stream, 0.0 for none.
    """

    __slots__ = (
        "scur", "smax", "stot", "bin", "bout", "dreq", "dresp", "ereq", "econ", "eresp",
        "wretr", "wredis", "lbtot", "responses", "cli_abrt", "srv_abrt", "conn_tot", "req_tot",
        "connect", "reuse", "lastsess", "qmax", "intercepted", "dcon", "dses", "wrew", "eint",
        "chkfail", "chkdown", "hanafail", "session_rate", "request_rate", "connection_rate",
        "qtime_max", "ctime_max", "rtime_max", "ttime_max",
        "qtime_sum", "ctime_sum", "rtime_sum", "ttime_sum", "h1sess", "h1req", "timed",
    )  # fmt: skip

    scur: int
    smax: int
    stot: int
    bin: int
    bout: int
    dreq: int
    dresp: int
    ereq: int
    econ: int
    eresp: int
    wretr: int
    wredis: int
    lbtot: int
    responses: list[int]
    cli_abrt: int
    srv_abrt: int
    conn_tot: int
    req_tot: int
    connect: int
    reuse: int
    lastsess: float
    qmax: int
    intercepted: int
    dcon: int
    dses: int
    wrew: int
    eint: int
    chkfail: int
    chkdown: int
    hanafail: int
    session_rate: Rate
    request_rate: Rate
    connection_rate: Rate
    qtime_max: int
    ctime_max: int
    rtime_max: int
    ttime_max: int
    qtime_sum: int
    ctime_sum: int
    rtime_sum: int
    ttime_sum: int
    h1sess: int
    h1req: int
    timed: int

    def __init__(self) -> None:
        # There are as many of these as there are servers: no loop over names.
        # fmt: off
        self.scur = self.smax = self.stot = self.bin = self.bout = self.dreq = self.dresp = \
            self.ereq = self.econ = self.eresp = self.wretr = self.wredis = self.lbtot = \
            self.cli_abrt = self.srv_abrt = self.conn_tot = self.req_tot = self.connect = \
            self.reuse = self.qmax = self.intercepted = self.dcon = self.dses = self.wrew = \
            self.eint = self.chkfail = self.chkdown = self.hanafail = self.qtime_max = \
            self.ctime_max = self.rtime_max = self.ttime_max = self.qtime_sum = \
            self.ctime_sum = self.rtime_sum = self.ttime_sum = self.h1sess = self.h1req = \
            self.timed = 0
        # fmt: on
        self.responses = [0, 0, 0, 0, 0, 0]
        self.lastsess = 0.0
        self.session_rate = self.request_rate = self.connection_rate = _STILL

    def tick(self) -> None:
        """
        Move the rates on, and let the sums of times lose what is old; to be called once a second.
        """
        if self.ttime_sum:
            # Each stream weighs 1/1024 of the average, and those since the last tick have
            # added theirs.
            kept = (1023 / 1024) ** (self.stot - self.timed)
            self.qtime_sum = int(self.qtime_sum * kept)
            self.ctime_sum = int(self.ctime_sum * kept)
            self.rtime_sum = int(self.rtime_sum * kept)
            self.ttime_sum = int(self.ttime_sum * kept)
        self.timed = self.stot
        self.session_rate = _moved(self.session_rate, self.stot)
        self.request_rate = _moved(self.request_rate, self.req_tot)
        self.connection_rate = _moved(self.connection_rate, self.conn_tot)

    def clear(self, everything: bool) -> None:
        """
        Start counting anew (C{clear counters}, C{clear counters all}).

        @param everything: Also clear cumulated figures, not only maxima; figures of
            the present such as L{scur} stay.
        """
        self.smax = self.scur
        for name in ("qmax", "qtime_max", "ctime_max", "rtime_max", "ttime_max"):
            setattr(self, name, 0)
        for rate in (self.session_rate, self.request_rate, self.connection_rate):
            rate.maximum = rate.current
        if everything:
            present = self.scur
            self.__init__()  # type: ignore[misc]  # all slots anew is just what is wanted
            self.scur = self.smax = present
