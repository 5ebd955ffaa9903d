"""
What the consoles of master and workers share: their addresses in words, their TLS, and how their
sockets accept.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mwproxy.config.console_settings import console_settings
from mwproxy.config.model import Bind
from mwproxy.console.audit import refused_handshake
from mwproxy.console.gate import ConsolePort, Gate
from mwproxy.console.line_session import LineSession
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.levels import Peer

if TYPE_CHECKING:
    from mwproxy.console.tls_context import ConsoleTls


def address_text(line: Bind) -> str:
    """
    Write an address as C{show cli sockets} and the audit do.

    @return: Such as C{unix@/run/m.sock} or C{ipv4@127.0.0.1:9999}.
    """
    address = line.address
    if address.family == "unix":
        return f"unix@{address.host}"
    return f"{address.family}@{address}" if address.is_ip else str(address)


def tls_problem(line: Bind) -> str:
    """
    Read the TLS files of an address, for a check of the configuration.

    @return: What is wrong with them, empty if nothing is. A certificate out of its time is nothing
        wrong: a worker serves with it.
    """
    try:
        tls_of(line, lambda text: None, lenient=True)
    except ConfigError as error:
        return str(error)
    return ""


def tls_of(line: Bind, warn: Callable[[str], None], *, lenient: bool) -> ConsoleTls | None:
    """
    Read the TLS files of an address.

    @param warn: Told of what is bad but no reason to refuse.

    @param lenient: A certificate that is out of its time is such a thing.

    @return: L{None} for plain text.

    @raise ConfigError: A file or word will not do.
    """
    settings = console_settings(line).tls
    if settings is None:
        return None
    # Only who wants TLS waits for its modules.
    from mwproxy.console.tls_context import ConsoleTls

    name = address_text(line)
    try:
        return ConsoleTls(settings, lambda text: warn(f"'{name}' : {text}"), lenient=lenient)
    except ConfigError as error:
        raise ConfigError(f"'{name}' : {error}") from None


def make_port(
    reactor: Any,
    sock: socket.socket,
    gate: Gate,
    make: Callable[[Peer], LineSession],
    tls: ConsoleTls | None,
    *,
    name: str,
    say: Callable[[str], None],
    reserved: int = 0,
    most: int | None = None,
) -> ConsolePort:
    """
    Make a listening socket accept sessions.

    @param sock: It, non-blocking.

    @param gate: Limits the connections of several sockets together.

    @param make: Makes the session of a client.

    @param tls: Its TLS, L{None} for plain text.

    @param name: Its address, for the audit.

    @param say: Writes a line of the audit.

    @param reserved: How many places it leaves to others.

    @param most: Most connections of this socket, L{None} for no limit of its own.

    @return: It, not yet watched.
    """
    if tls is None:
        return ConsolePort(reactor, sock, gate, make, reserved, most)
    from mwproxy.console.tls_port import TlsPort

    def failed(peer: Peer, problem: str) -> None:
        say(refused_handshake(peer.text, name, problem))

    return TlsPort(reactor, sock, gate, make, lambda: tls.context, reserved, failed, most)
