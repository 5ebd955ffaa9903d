"""
Log variables of counts: bytes, connections, queues, retries.
"""

from __future__ import annotations

from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

from mwproxy.core.families import log_alias
from mwproxy.rules.aliases import inline, number
from mwproxy.rules.log_format import Format, Options


@log_alias("B")
def alias_bytes(options: Options) -> Format:
    """
    Bytes to the client.
    """
    return inline(lambda stream: b"%d" % stream.bytes_out, "{stream.bytes_out}")


@log_alias("U")
def alias_uploaded(options: Options) -> Format:
    """
    Bytes from the client.
    """
    return inline(lambda stream: b"%d" % stream.bytes_in, "{stream.bytes_in}")


@log_alias("ST")
def alias_st(options: Options) -> Format:
    """
    The status; 0 in TCP mode, -1 when a request got none.
    """

    def status(stream: Any) -> bytes:
        shown = stream.status
        if shown < 0 and stream.session.frontend.description.mode != "http":
            shown = 0
        return b"%d" % shown

    return inline(
        status,
        "{stream.status if stream.status >= 0 or frontend.description.mode == 'http' else 0}",
    )


@log_alias("ac")
def alias_ac(options: Options) -> Format:
    """
    Client connections of the process.
    """
    return inline(
        lambda stream: b"%d" % len(stream.session.frontend.worker.sessions),
        "{len(frontend.worker.sessions)}",
    )


@log_alias("fc")
def alias_fc(options: Options) -> Format:
    """
    Client connections of the frontend.
    """
    return inline(
        lambda stream: b"%d" % stream.session.frontend.counters.scur,
        "{frontend.counters.scur}",
    )


def _backend_streams(stream: Any) -> int:
    backend = stream.backend
    return 0 if backend is None else int(backend.counters.scur)


def _server_streams(stream: Any) -> int:
    server = stream.server
    return 0 if server is None else int(server.current)


@log_alias("bc")
def alias_bc(options: Options) -> Format:
    """
    Streams of the backend.
    """
    return inline(
        number(_backend_streams, options),
        "{0 if backend is None else backend.counters.scur}",
    )


@log_alias("sc")
def alias_sc(options: Options) -> Format:
    """
    Streams of the server.
    """
    return inline(number(_server_streams, options), "{0 if server is None else server.current}")


@log_alias("rc")
def alias_rc(options: Options) -> Format:
    """
    Retries; with C{+} before it when one went to another server.
    """

    def retries(stream: Any) -> bytes:
        shown = b"%d" % stream.retries
        return b"+" + shown if stream.redispatched else shown

    return inline(retries, "{'+' if stream.redispatched else ''}{stream.retries or '0'}")


@log_alias("sq")
def alias_sq(options: Options) -> Format:
    """
    Streams before it in the server's queue.
    """
    return inline(lambda stream: b"%d" % stream.server_queue, "{stream.server_queue or '0'}")


@log_alias("bq")
def alias_bq(options: Options) -> Format:
    """
    Streams before it in the backend's queue.
    """
    return inline(lambda stream: b"%d" % stream.backend_queue, "{stream.backend_queue or '0'}")


_lines: WeakKeyDictionary[Any, count[int]] = WeakKeyDictionary()


@log_alias("lc")
def alias_lc(options: Options) -> Format:
    """
    How many lines the frontend has logged before.
    """

    def line(stream: Any) -> int:
        return next(_lines.setdefault(stream.session.frontend, count()))

    return number(line, options, 4)


@log_alias("rt")
def alias_rt(options: Options) -> Format:
    """
    How many requests (sessions in TCP mode) the process has logged before.
    """
    numbers = _requests
    return number(lambda stream: next(numbers), options, 4)


_requests = count()
