"""
Timers of a stream, in milliseconds: what C{%Ti} and its siblings log.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mwproxy.core.families import sample_fetch
from mwproxy.rules import timers

Getter = Callable[[Any], Any]


@sample_fetch("fc.timer.handshake", gives="sint", phases="connection")
def fetch_fc_timer_handshake() -> Getter:
    """
    Time to accept the connection (C{%Th}).
    """
    return timers.handshake


@sample_fetch("req.timer.idle", gives="sint", phases="request response log")
def fetch_req_timer_idle() -> Getter:
    """
    Time until the first byte of the request (C{%Ti}).
    """
    return timers.idle


@sample_fetch("req.timer.hdr", gives="sint", phases="request response log")
def fetch_req_timer_hdr() -> Getter:
    """
    Time to receive the request head (C{%TR}).
    """
    return timers.receive


@sample_fetch("req.timer.tq", gives="sint", phases="request response log")
def fetch_req_timer_tq() -> Getter:
    """
    Time until the request head was received (C{%Tq}).
    """
    return timers.until_request


@sample_fetch("req.timer.queue", gives="sint", phases="request response log")
def fetch_req_timer_queue() -> Getter:
    """
    Time in queues (C{%Tw}).
    """
    return timers.waiting


@sample_fetch("bc.timer.connect", gives="sint", phases="response log")
def fetch_bc_timer_connect() -> Getter:
    """
    Time to connect to the server (C{%Tc}).
    """
    return timers.connect


@sample_fetch("res.timer.hdr", gives="sint", phases="response log")
def fetch_res_timer_hdr() -> Getter:
    """
    Time until the response head (C{%Tr}).
    """
    return timers.response


@sample_fetch("res.timer.data", gives="sint", phases="log")
def fetch_res_timer_data() -> Getter:
    """
    Time to send the response (C{%Td}).
    """
    return timers.data


@sample_fetch("txn.timer.total", gives="sint", phases="log")
def fetch_txn_timer_total() -> Getter:
    """
    Time from the first byte of the request to the last of the response (C{%Ta}).
    """
    return timers.active


@sample_fetch("txn.timer.user", gives="sint", phases="log")
def fetch_txn_timer_user() -> Getter:
    """
    Total time without idle time (C{%Tu}).
    """
    return timers.user


@sample_fetch("fc.timer.total", gives="sint", phases="log")
def fetch_fc_timer_total() -> Getter:
    """
    Total time of the session or request (C{%Tt}).
    """
    return timers.total
