"""
The client's connection: addresses, ports, and the frontend that accepted it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from mwproxy.core.families import sample_fetch
from mwproxy.rules.casts import parse_host
from mwproxy.rules.texts import to_wire

Getter = Callable[[Any], Any]
_text = lru_cache(maxsize=1024)(to_wire)


def client_address(stream: Any) -> IPv4Address | IPv6Address | None:
    """
    Get the client's address.

    @return: L{None} for UNIX sockets.
    """
    return parse_host(stream.session.client_host)


@sample_fetch("src", "fc_src", gives="addr", phases="connection")
def fetch_src() -> Getter:
    """
    The client's address.
    """
    return client_address


@sample_fetch("src_port", "fc_src_port", gives="sint", phases="connection")
def fetch_src_port() -> Getter:
    """
    The client's port.
    """

    def src_port(stream: Any) -> int | None:
        session = stream.session
        return session.client_port if session.client_host else None

    return src_port


@sample_fetch("dst", "fc_dst", gives="addr", phases="connection")
def fetch_dst() -> Getter:
    """
    The address that the client connected to.
    """
    return lambda stream: parse_host(stream.session.destination()[0])


@sample_fetch("dst_port", "fc_dst_port", gives="sint", phases="connection")
def fetch_dst_port() -> Getter:
    """
    The port that the client connected to.
    """

    def dst_port(stream: Any) -> int | None:
        host, port = stream.session.destination()
        return port if host else None

    return dst_port


@sample_fetch("fe_name", gives="str", phases="connection")
def fetch_fe_name() -> Getter:
    """
    The frontend's name.
    """
    return lambda stream: _text(stream.session.frontend.name)


@sample_fetch("fe_id", gives="sint", phases="connection")
def fetch_fe_id() -> Getter:
    """
    The frontend's number.
    """
    return lambda stream: stream.session.frontend.number


@sample_fetch("fe_defbe", gives="str", phases="connection")
def fetch_fe_defbe() -> Getter:
    """
    The name of the frontend's default backend.
    """

    def fe_defbe(stream: Any) -> bytes | None:
        backend = stream.session.frontend.default_backend
        return None if backend is None else _text(backend.name)

    return fe_defbe


@sample_fetch("fe_client_timeout", gives="sint", phases="connection")
def fetch_fe_client_timeout() -> Getter:
    """
    The frontend's C{timeout client} in milliseconds.
    """
    return lambda stream: stream.session.frontend.description.timeouts.client


def _bind_id(stream: Any) -> int:
    frontend = stream.session.frontend
    bind = stream.session.bind
    settings = getattr(bind, "settings", None)
    if settings is not None and settings.id:
        return int(settings.id)
    for position, known in enumerate(frontend.description.binds, 1):
        if known is bind:
            return position
    return 1


@sample_fetch("so_id", gives="sint", phases="connection")
def fetch_so_id() -> Getter:
    """
    The number of the listener.
    """
    return _bind_id


@sample_fetch("so_name", gives="str", phases="connection")
def fetch_so_name() -> Getter:
    """
    The name of the listener, nothing when it has none.
    """

    def so_name(stream: Any) -> bytes | None:
        settings = getattr(stream.session.bind, "settings", None)
        return _text(settings.name) if settings is not None and settings.name else None

    return so_name


@sample_fetch("ssl_fc", gives="bool", phases="connection")
def fetch_ssl_fc() -> Getter:
    """
    Whether the client's connection came in over TLS, which no listener of mwproxy speaks: false.
    """
    return lambda stream: False


@sample_fetch("bytes_in", gives="sint", phases="internal")
def fetch_bytes_in() -> Getter:
    """
    Bytes from the client so far.
    """
    return lambda stream: stream.bytes_in


@sample_fetch("bytes_out", gives="sint", phases="internal")
def fetch_bytes_out() -> Getter:
    """
    Bytes to the client so far.
    """
    return lambda stream: stream.bytes_out
