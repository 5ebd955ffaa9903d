"""
The end of a stream: what is counted, what is logged.
"""

from __future__ import annotations

from mwproxy.live.counters import Counters
from mwproxy.live.sessions import Stream
from mwproxy.live.tally import Tally

#: Syslog severities of log lines.
LOG_ERROR = 3
LOG_INFO = 6
#: C{Stream.log_level} of what is not logged at all.
SILENT = -2


def account_http(stream: Stream, now: float) -> None:
    """
    Count a finished HTTP stream and log it.

    @param stream: The stream; its status and termination state are final.

    @param now: The monotonic clock.
    """
    stream.ended_at = now
    frontend = stream.session.frontend
    status = stream.status
    group = status // 100 if 100 <= status < 600 else 0
    tally = stream.tally
    if tally is not None:
        if not tally.waits:
            tally.wait()
        tally.bin += stream.bytes_in
        tally.bout += stream.bytes_out
        tally.responses[group] += 1
        tally.lastsess = now
        if now - stream.begun >= 0.001:
            _note_times(stream, tally, now)
    else:
        _count(frontend.counters, stream, group)
        backend = stream.backend
        if backend is not None:
            _count(backend.counters, stream, group)
            backend.counters.lastsess = now
    if frontend.log is not None:
        write_log(stream)


def _count(counters: Counters, stream: Stream, group: int) -> None:
    counters.bin += stream.bytes_in
    counters.bout += stream.bytes_out
    counters.responses[group] += 1


def account_tcp(stream: Stream, now: float) -> None:
    """
    Count a finished TCP stream and log it.

    @param stream: The stream; its termination state is final.

    @param now: The monotonic clock.
    """
    stream.ended_at = now
    frontend = stream.session.frontend
    tally = stream.tally
    if tally is not None:
        if not tally.waits:
            tally.wait()
        tally.bin += stream.bytes_in
        tally.bout += stream.bytes_out
        tally.lastsess = now
        _note_times(stream, tally, now)
    else:
        for part in (frontend, stream.backend):
            if part is not None:
                part.counters.bin += stream.bytes_in
                part.counters.bout += stream.bytes_out
                part.counters.lastsess = now
    if frontend.log is not None:
        write_log(stream)


def write_log(stream: Stream) -> None:
    """
    Log a stream, unless its frontend does not want such ones.
    """
    frontend = stream.session.frontend
    log = frontend.log
    render = frontend.render
    if log is None or render is None:
        return
    level = LOG_INFO
    if not frontend.logs_all:
        options = frontend.description.options
        failed = stream.cause != "-" or stream.retries or (stream.status >= 500)
        if "dontlog-normal" in options and not failed:
            return
        if "dontlognull" in options and not stream.bytes_in and stream.request is None:
            return
        if failed and "log-separate-errors" in options:
            level = LOG_ERROR
    if stream.log_level != -1:
        if stream.log_level == SILENT:
            return
        level = stream.log_level
    log(level, render(stream))


def _note_times(stream: Stream, tally: Tally, now: float) -> None:
    """
    Add a stream's times, in milliseconds, to those of its backend and server. The sums lose what is
    old once a second (L{Counters.tick<mwproxy.live.counters.Counters.tick>}), so a stream of less
    than a millisecond has nothing to add.
    """
    tally.timed = True
    begun = stream.request_at or stream.begun
    took = int((now - begun) * 1000)
    tally.ttime_sum += took
    if took > tally.ttime_max:
        tally.ttime_max = took
    assigned = stream.assigned_at or begun
    connected = stream.connected_at or assigned
    answered = stream.response_at or connected
    if answered - connected >= 0.001:
        took = int((answered - connected) * 1000)
        tally.rtime_sum += took
        if took > tally.rtime_max:
            tally.rtime_max = took
    if connected - begun < 0.001:
        return
    took = int((connected - assigned) * 1000)
    tally.ctime_sum += took
    if took > tally.ctime_max:
        tally.ctime_max = took
    if assigned - begun >= 0.001:
        took = int((assigned - begun) * 1000)
        tally.qtime_sum += took
        if took > tally.qtime_max:
            tally.qtime_max = took
