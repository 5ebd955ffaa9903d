"""
The end of a stream: what is counted, what is logged.
"""

from __future__ import annotations

from mwproxy.live.counters import Counters
from mwproxy.live.sessions import Stream

#: Syslog severities of log lines.
LOG_ERROR = 3
LOG_INFO = 6


def account_http(stream: Stream, now: float) -> None:
    """
    Count a finished HTTP stream and log it.

    @param stream: The stream; its status and termination state are final.

    @param now: The monotonic clock.
    """
    stream.ended_at = now
    session = stream.session
    frontend = session.frontend
    counters = frontend.counters
    incoming = stream.bytes_in
    outgoing = stream.bytes_out
    counters.bin += incoming
    counters.bout += outgoing
    status = stream.status
    group = status // 100 if 100 <= status < 600 else 0
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
            _average_times(stream, counters, now)
            counters = server.counters
            counters.bin += incoming
            counters.bout += outgoing
            counters.responses[group] += 1
            counters.lastsess = now
            _average_times(stream, counters, now)
    log = frontend.log
    if log is not None and frontend.description.log_format is not None:
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
    if stream.backend is not None:
        stream.backend.counters.lastsess = now
        _average_times(stream, stream.backend.counters, now)
        if stream.server is not None:
            stream.server.counters.lastsess = now
            _average_times(stream, stream.server.counters, now)
    if frontend.log is not None and frontend.description.log_format is not None:
        write_log(stream)


def write_log(stream: Stream) -> None:
    """
    Log a stream, unless its frontend does not want such ones.
    """
    frontend = stream.session.frontend
    description = frontend.description
    options = description.options
    log = frontend.log
    render = description.log_format
    if log is None or render is None:
        return
    failed = stream.cause != "-" or stream.retries or (stream.status >= 500)
    if options:
        if "dontlog-normal" in options and not failed:
            return
        if "dontlognull" in options and not stream.bytes_in and stream.request is None:
            return
    level = LOG_INFO
    if failed and "log-separate-errors" in options:
        level = LOG_ERROR
    if stream.log_level >= 0:
        level = stream.log_level
    log(level, render(stream))


def _average_times(stream: Stream, counters: Counters, now: float) -> None:
    """
    Keep averages over about the last 1024 streams: each sum loses 1/1024 and gains the new
    time, so that sum / 1024 is the average in milliseconds.
    """
    begun = stream.request_at or stream.begun
    assigned = stream.assigned_at or begun
    connected = stream.connected_at or assigned
    answered = stream.response_at or connected
    waited = int((assigned - begun) * 1000)
    if waited or counters.qtime_sum:
        counters.qtime_sum += waited - (counters.qtime_sum >> 10)
        if waited > counters.qtime_max:
            counters.qtime_max = waited
    took = int((connected - assigned) * 1000)
    if took or counters.ctime_sum:
        counters.ctime_sum += took - (counters.ctime_sum >> 10)
        if took > counters.ctime_max:
            counters.ctime_max = took
    took = int((answered - connected) * 1000)
    if took or counters.rtime_sum:
        counters.rtime_sum += took - (counters.rtime_sum >> 10)
        if took > counters.rtime_max:
            counters.rtime_max = took
    took = int((now - begun) * 1000)
    if took or counters.ttime_sum:
        counters.ttime_sum += took - (counters.ttime_sum >> 10)
        if took > counters.ttime_max:
            counters.ttime_max = took
