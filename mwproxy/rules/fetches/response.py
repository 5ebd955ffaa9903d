"""
The status line of responses, and how a stream went.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mwproxy.core.families import sample_fetch
from mwproxy.rules.fetches.request import version_text

Getter = Callable[[Any], Any]


@sample_fetch("status", gives="sint", phases="response")
def fetch_status() -> Getter:
    """
    The status of the response.
    """

    def status(stream: Any) -> int | None:
        response = stream.response
        return None if response is None else response.status

    return status


@sample_fetch("txn.status", gives="sint", phases="response log")
def fetch_txn_status() -> Getter:
    """
    The status as the client gets it.
    """

    def status(stream: Any) -> int | None:
        if stream.status > 0:
            return int(stream.status)
        response = stream.response
        return None if response is None else response.status

    return status


@sample_fetch("res.ver", "resp_ver", gives="str", phases="response")
def fetch_res_ver() -> Getter:
    """
    The response's version of HTTP, such as C{1.1}.
    """

    def version(stream: Any) -> bytes | None:
        response = stream.response
        return None if response is None else version_text(response.version)

    return version


@sample_fetch("capture.res.ver", gives="str", phases="response log")
def fetch_capture_res_ver() -> Getter:
    """
    C{HTTP/1.0} or C{HTTP/1.1}, in logs too.
    """

    def version(stream: Any) -> bytes | None:
        response = stream.response
        return None if response is None else b"HTTP/" + version_text(response.version)

    return version


@sample_fetch("res.body_size", gives="sint", phases="response")
def fetch_res_body_size() -> Getter:
    """
    The announced length of the response's body; nothing when it has none.
    """

    def size(stream: Any) -> int | None:
        response = stream.response
        if response is None or response.block.chunked or response.block.length < 0:
            return None
        length: int = response.block.length
        return length

    return size


@sample_fetch("txn.conn_retries", gives="sint", phases="response log")
def fetch_txn_conn_retries() -> Getter:
    """
    Connection attempts after the first.
    """
    return lambda stream: stream.retries


@sample_fetch("txn.redispatched", gives="bool", phases="response log")
def fetch_txn_redispatched() -> Getter:
    """
    Whether a retry went to another server.
    """
    return lambda stream: stream.redispatched


@sample_fetch("txn.sess_term_state", gives="str", phases="internal")
def fetch_txn_sess_term_state() -> Getter:
    """
    The two letters of the termination state.
    """
    return lambda stream: (stream.cause + stream.phase).encode()


@sample_fetch("bc_reused", gives="bool", phases="response log")
def fetch_bc_reused() -> Getter:
    """
    Whether the server connection had served before.
    """
    return lambda stream: stream.reused
