"""
The end of a stream: what is counted, what is logged.
"""

from __future__ import annotations

from mwproxy.live.sessions import Stream

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
    incoming = stream.bytes_in
    outgoing = stream.bytes_out
    status = stream.status
    group = status // 100 if 100 <= status < 600 else 0
    counters = frontend.counters
    counters.bin += incoming
    counters.bout += outgoing
    counters.responses[group] += 1
    backend = stream.backend
    if backend is not None:
        counters = backend.counters
        counters.bin += incoming
        counters.bout += outgoing
        counters.responses[group] += 1
        counters.lastsess = now
        server = stream.server
        if server is not None:
            counters = server.counters
            counters.bin += incoming
            counters.bout += outgoing
            counters.responses[group] += 1
            counters.lastsess = now
            if now - stream.begun >= 0.001:
                _note_times(stream, now)
    if frontend.log is not None:
        write_log(stream)


def account_tcp(stream: Stream, now: float) -> None:
    """
    Count a finished TCP stream and log it.

    @param stream: The stream; its termination state is final.

    @param now: The monotonic clock.
    """
    stream.ended_at = now
    frontend = stream.session.frontend
    for part in (frontend, stream.backend, stream.server):
        if part is not None:
            part.counters.bin += stream.bytes_in
            part.counters.bout += stream.bytes_out
            part.counters.lastsess = now
    if stream.server is not None:
        _note_times(stream, now)
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


def _note_times(stream: Stream, now: float) -> None:
    """
    Add a stream's times, in milliseconds, to those of its backend and server. The sums lose what is
    old once a second (L{Counters.tick<mwproxy.live.counters.Counters.tick>}), so a stream of less
    than a millisecond has nothing to add.
    """
    server = stream.server
    backend = stream.backend
    if server is None or backend is None:
        return
    begun = stream.request_at or stream.begun
    assigned = stream.assigned_at or begun
    connected = stream.connected_at or assigned
    answered = stream.response_at or connected
    own = server.counters
    all_ = backend.counters
    took = int((now - begun) * 1000)
    own.ttime_sum += took
    all_.ttime_sum += took
    if took > own.ttime_max:
        own.ttime_max = took
        all_.ttime_max = max(took, all_.ttime_max)
    if answered - connected >= 0.001:
        took = int((answered - connected) * 1000)
        own.rtime_sum += took
        all_.rtime_sum += took
        if took > own.rtime_max:
            own.rtime_max = took
            all_.rtime_max = max(took, all_.rtime_max)
    if connected - begun < 0.001:
        return
    took = int((assigned - begun) * 1000)
    own.qtime_sum += took
    all_.qtime_sum += took
    own.qtime_max = max(took, own.qtime_max)
    all_.qtime_max = max(took, all_.qtime_max)
    took = int((connected - assigned) * 1000)
    own.ctime_sum += took
    all_.ctime_sum += took
    own.ctime_max = max(took, own.ctime_max)
    all_.ctime_max = max(took, all_.ctime_max)
