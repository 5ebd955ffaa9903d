"""
The clock, chance, and the process.
"""

from __future__ import annotations

import os
import random
import socket
import time
import uuid
from collections.abc import Callable
from typing import Any

from mwproxy.core.families import sample_fetch
from mwproxy.rules.texts import to_text, to_wire

Getter = Callable[[Any], Any]


def worker_of(stream: Any) -> Any:
    """
    Find the live state of the whole worker.

    @return: The L{WorkerState<mwproxy.live.proxies.WorkerState>}.
    """
    return stream.session.frontend.worker


@sample_fetch("date", gives="sint", args=("sint?", "str?"), phases="internal")
def fetch_date(offset: int | None = None, unit: bytes = b"s") -> Getter:
    """
    The time since the epoch, in seconds unless C{ms} or C{us} is asked for.
    """
    factors = {b"": 10**9, b"s": 10**9, b"ms": 10**6, b"us": 10**3}
    if unit not in factors:
        raise ValueError(f"expects 's', 'ms' or 'us', got '{to_text(unit)}'")
    factor, added = factors[unit], offset or 0
    return lambda stream: time.time_ns() // factor + added


@sample_fetch("date_us", gives="sint", phases="internal")
def fetch_date_us() -> Getter:
    """
    The microseconds of the time.
    """
    return lambda stream: time.time_ns() // 1000 % 1_000_000


@sample_fetch("accept_date", gives="sint", args=("str?",), phases="connection")
def fetch_accept_date(unit: bytes = b"s") -> Getter:
    """
    When the connection was accepted, in seconds since the epoch unless C{ms} or C{us}.
    """
    factors = {b"": 1, b"s": 1, b"ms": 1000, b"us": 1_000_000}
    if unit not in factors:
        raise ValueError(f"expects 's', 'ms' or 'us', got '{to_text(unit)}'")
    factor = factors[unit]
    return lambda stream: int(stream.session.accepted_wall * factor)


@sample_fetch("rand", gives="sint", args=("sint?",), phases="internal")
def fetch_rand(limit: int | None = None) -> Getter:
    """
    A random number from 0 to below the limit.
    """
    wanted = 2**32 if limit is None else limit
    if wanted < 1:
        raise ValueError("expects a positive range")
    return lambda stream: int(random.random() * wanted)


@sample_fetch("pid", gives="sint", phases="internal")
def fetch_pid() -> Getter:
    """
    The number of the process.
    """
    return lambda stream: os.getpid()


@sample_fetch("nbproc", gives="sint", phases="internal")
def fetch_nbproc() -> Getter:
    """
    How many workers share the listeners.
    """
    return lambda stream: worker_of(stream).configuration.global_.nbproc


@sample_fetch("proc", gives="sint", phases="internal")
def fetch_proc() -> Getter:
    """
    The relative number of this worker, from 1.
    """
    return lambda stream: worker_of(stream).process


@sample_fetch("thread", gives="sint", phases="internal")
def fetch_thread() -> Getter:
    """
    The number of the thread: 0, since a worker has one.
    """
    return lambda stream: 0


@sample_fetch("uptime", gives="sint", phases="internal")
def fetch_uptime() -> Getter:
    """
    For how many seconds this worker has run.
    """

    def uptime(stream: Any) -> int:
        worker = worker_of(stream)
        return int(worker.now - worker.started)

    return uptime


@sample_fetch("act_conn", gives="sint", phases="internal")
def fetch_act_conn() -> Getter:
    """
    Client connections of this worker.
    """
    return lambda stream: len(worker_of(stream).sessions)


@sample_fetch("uuid", gives="str", args=("sint?",), phases="internal")
def fetch_uuid(version: int | None = None) -> Getter:
    """
    A random UUID.
    """
    if version not in (None, 0, 4):
        raise ValueError("Unsupported UUID version")
    return lambda stream: str(uuid.uuid4()).encode()


@sample_fetch("hostname", gives="str", phases="internal")
def fetch_hostname() -> Getter:
    """
    The name of the machine.
    """
    name = to_wire(socket.gethostname())
    return lambda stream: name


@sample_fetch("stopping", gives="bool", phases="internal")
def fetch_stopping() -> Getter:
    """
    Whether a soft stop was asked for; true during C{grace} already.
    """
    return lambda stream: worker_of(stream).leaving
