"""
Log variables of names: proxies, servers, the machine, the process.
"""

from __future__ import annotations

import os
import socket
from typing import Any

from mwproxy.core.families import log_alias
from mwproxy.rules.aliases import inline, name, number, plain, text, wire_name
from mwproxy.rules.log_format import Format, Options
from mwproxy.rules.texts import to_wire


def frontend_name(stream: Any) -> bytes:
    """
    Get the frontend's name.

    @return: The name.
    """
    return wire_name(stream.session.frontend.name)


def backend_name(stream: Any) -> bytes:
    """
    Get the backend's name, or the frontend's while there is no backend.

    @return: The name.
    """
    backend = stream.backend
    return wire_name(stream.session.frontend.name if backend is None else backend.name)


def server_name(stream: Any) -> bytes:
    """
    Get the server's name, C{<NOSRV>} without a server, C{<STATS>} and its like for services.

    @return: The name.
    """
    server = stream.server
    if server is not None:
        return wire_name(server.name)
    return wire_name(_service(stream))


def _service(stream: Any) -> str:
    service = stream.service
    return f"<{service.strip('<>')}>" if service else "<NOSRV>"


@log_alias("f")
def alias_f(options: Options) -> Format:
    """
    The frontend's name.
    """
    made = name(frontend_name, options)
    return inline(made, "{frontend.name}") if plain(options) else made


@log_alias("ft")
def alias_ft(options: Options) -> Format:
    """
    The frontend's name; C{~} would follow it for connections over TLS.
    """
    made = name(frontend_name, options)
    return inline(made, "{frontend.name}") if plain(options) else made


@log_alias("b")
def alias_b(options: Options) -> Format:
    """
    The backend's name.
    """
    made = name(backend_name, options)
    if not plain(options):
        return made
    return inline(made, "{frontend.name if backend is None else backend.name}")


@log_alias("s")
def alias_s(options: Options) -> Format:
    """
    The server's name.
    """
    made = name(server_name, options)
    if not plain(options):
        return made
    return inline(
        made, "{service_name(stream) if server is None else server.name}", service_name=_service
    )


@log_alias("H")
def alias_h(options: Options) -> Format:
    """
    The name of the machine.
    """
    host = to_wire(socket.gethostname())
    return name(lambda stream: host, options)


@log_alias("ID")
def alias_id(options: Options) -> Format:
    """
    The unique ID: none, since C{unique-id-format} is not supported.
    """
    return text(lambda stream: b"", options)


@log_alias("pid")
def alias_pid(options: Options) -> Format:
    """
    The number of the process.
    """
    return number(lambda stream: os.getpid(), options, 4)


@log_alias("sslc")
def alias_sslc(options: Options) -> Format:
    """
    The cipher: none, since connections are not encrypted.
    """
    return text(lambda stream: b"", options)


@log_alias("sslv")
def alias_sslv(options: Options) -> Format:
    """
    The version of TLS: none, since connections are not encrypted.
    """
    return text(lambda stream: b"", options)


@log_alias("ts")
def alias_ts(options: Options) -> Format:
    """
    The termination state, two letters.
    """
    return inline(
        lambda stream: (stream.cause + stream.phase).encode(), "{stream.cause}{stream.phase}"
    )


@log_alias("tsc")
def alias_tsc(options: Options) -> Format:
    """
    The termination state with the cookies', four letters.
    """
    return inline(
        lambda stream: (stream.cause + stream.phase + stream.cookies).encode(),
        "{stream.cause}{stream.phase}{stream.cookies}",
    )


alias_tsc.__dict__["http_only"] = True
