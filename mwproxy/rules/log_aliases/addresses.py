"""
Log variables of addresses and ports.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv4Address
from typing import Any

from mwproxy.core.families import log_alias
from mwproxy.rules.aliases import inline, plain, wire_name
from mwproxy.rules.casts import parse_host
from mwproxy.rules.log_format import Format, Options, style

Host = Callable[[Any], str]


@lru_cache(maxsize=4096)
def _hexadecimal(host: str) -> bytes:
    address = parse_host(host)
    if isinstance(address, IPv4Address):
        return address.packed.hex().upper().encode()
    return wire_name(host)


def _address(host: Host, options: Options, absent: bytes) -> Format:
    show = _hexadecimal if options.hexadecimal else wire_name
    if options.quote or options.escape:

        def styled(stream: Any) -> bytes:
            found = host(stream)
            return style(show(found) if found else absent, options)

        return styled
    nothing = absent or (b"-" if options.mandatory else b"")

    def shown(stream: Any) -> bytes:
        found = host(stream)
        return show(found) if found else nothing

    return shown


def _port(port: Callable[[Any], int], host: Host, options: Options, unix: bool) -> Format:
    nothing = b"-" if options.mandatory else b""
    pattern = b"%04X" if options.hexadecimal else b"%d"

    def shown(stream: Any) -> bytes:
        if host(stream):
            return pattern % port(stream)
        return pattern % (stream.session.bind.settings.id or 1) if unix else nothing

    return shown


def _client(stream: Any) -> str:
    host: str = stream.session.client_host
    return host


@log_alias("ci")
def alias_ci(options: Options) -> Format:
    """
    The client's address, C{unix} for UNIX sockets.
    """
    if options.quote or options.escape or options.hexadecimal:
        return _address(_client, options, b"unix")

    def client_ip(stream: Any) -> bytes:
        return wire_name(stream.session.client_host) or b"unix"

    return inline(client_ip, "{session.client_host or 'unix'}")


@log_alias("cp")
def alias_cp(options: Options) -> Format:
    """
    The client's port; for UNIX sockets the number of the listener.
    """
    made = _port(lambda stream: int(stream.session.client_port), _client, options, True)
    if not plain(options):
        return made
    return inline(
        made,
        "{session.client_port if session.client_host else session.bind.settings.id or 1}",
    )


def _own(stream: Any) -> str:
    host: str = stream.session.destination()[0]
    return host


@log_alias("fi")
def alias_fi(options: Options) -> Format:
    """
    The address that the client connected to.
    """
    return _address(_own, options, b"unix")


@log_alias("fp")
def alias_fp(options: Options) -> Format:
    """
    The port that the client connected to.
    """
    return _port(lambda stream: int(stream.session.destination()[1]), _own, options, True)


def _outgoing(stream: Any) -> str:
    host: str = stream.server_host
    return host


@log_alias("bi")
def alias_bi(options: Options) -> Format:
    """
    Our address towards the server.
    """
    return _address(_outgoing, options, b"")


@log_alias("bp")
def alias_bp(options: Options) -> Format:
    """
    Our port towards the server.
    """
    return _port(lambda stream: int(stream.server_port), _outgoing, options, False)


def _server_host(stream: Any) -> str:
    server = stream.server
    if server is None:
        return ""
    address = server.sockaddr
    if isinstance(address, tuple):
        return str(address[0])
    return "" if address is None else "unix"


def _server_port(stream: Any) -> int:
    address = stream.server.sockaddr
    port = int(address[1]) if isinstance(address, tuple) else 0
    if stream.server.port_follows:
        return int(stream.session.destination()[1]) + (port if stream.server.port_offset else 0)
    return port


@log_alias("si")
def alias_si(options: Options) -> Format:
    """
    The server's address.
    """
    return _address(_server_host, options, b"")


@log_alias("sp")
def alias_sp(options: Options) -> Format:
    """
    The server's port.
    """
    return _port(_server_port, _server_host, options, False)
