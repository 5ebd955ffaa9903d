"""
Servers that move: the console gives them another address, port, or place of checks (management
manual 9.3, C{set server}).

Rules. A server of another family than IP stays where it is. A port with a sign is added to the one
that the client connected to, which leaves health checks without a port unless they have their own.
Connections to the former address serve what they serve, and are not reused. Refusals and answers
are those of HAProxy 3.2; unlike there, a port beyond 65535 is refused rather than cut to 16 bits.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any

from mwproxy.live import states
from mwproxy.live.servers import Admin, Server

_PORTS = 65535


class CannotMove(ValueError):
    """
    An address or a port cannot be taken; the text says why, in HAProxy's words.
    """


@dataclass(frozen=True, slots=True)
class Port:
    """
    A port as C{set server … port} takes it.

    @ivar number: The port, or what is added to that of the client's connection.

    @ivar follows: Whether it is added.
    """

    number: int
    follows: bool

    def __str__(self) -> str:
        return f"{self.number:+d}" if self.follows else str(self.number)


def parse_ip(text: str) -> str | None:
    """
    Read an IP address.

    @param text: With square brackets or not, without port.

    @return: Its usual form, L{None} when it is none.
    """
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
        if ":" not in text:
            return None
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    try:
        return socket.inet_ntop(family, socket.inet_pton(family, text))
    except (OSError, ValueError):
        return None


def place(host: str, port: int) -> tuple[Any, int]:
    """
    Make what C{connect} takes.

    @param host: An IP address.

    @param port: A port.

    @return: It, and the C{AF_} constant.
    """
    if ":" in host:
        return (host, port, 0, 0), socket.AF_INET6
    return (host, port), socket.AF_INET


def parse_port(text: str) -> int:
    """
    Read the port of a check.

    @param text: A number.

    @return: 0 to 65535.

    @raise CannotMove: It is none.
    """
    if not (text.isdecimal() and text.isascii()):
        raise CannotMove("provided port is not an integer")
    if len(text) > 9 or int(text) > _PORTS:
        raise CannotMove("provided port is invalid")
    return int(text)


def move(
    server: Server, host: str, port: str | None, now: float
) -> tuple[str, list[states.Message]]:
    """
    Give a server another address.

    @param server: The server.

    @param host: The address as it was entered.

    @param port: The port as it was entered, L{None} to keep it.

    @param now: The monotonic clock.

    @return: What changed, in words, empty for nothing; and messages for
        L{announce<mwproxy.live.states.announce>}.

    @raise CannotMove: It cannot be; nothing has changed.
    """
    ip = parse_ip(host)
    if ip is None:
        raise CannotMove(f"Invalid addr '{host}'")
    if not server.description.address.is_ip:
        raise CannotMove(
            "Update for the current server address family is only supported through "
            "configuration file"
        )
    old_host, old_port = present_place(server)
    new_port = _parse_server_port(server, port) if port is not None else old_port
    changes = []
    if ip != old_host:
        changes.append(f"IP changed from '{old_host}' to '{ip}'")
    if new_port != old_port:
        changes.append(f"port changed from '{old_port}' to '{new_port}'")
    if not changes:
        return "", []
    server.sockaddr, server.family = place(ip, new_port.number)
    server.port_follows = new_port.follows or not new_port.number
    server.port_offset = new_port.follows
    server.moved = server.pool_limited = True
    worker = server.backend.worker
    for hook in worker.on_server_moved:
        hook(server)
    messages: list[states.Message] = []
    if server.admin & Admin.RESOLUTION_MAINT:
        messages = states.set_resolved(server, now)
    return ", ".join(changes), messages


def present_place(server: Server) -> tuple[str, Port]:
    """
    Tell where a server is.

    @param server: The server.

    @return: Its address, empty while it is not known; and its port.
    """
    where = server.sockaddr
    if isinstance(where, tuple):
        return str(where[0]), Port(int(where[1]), server.port_offset)
    return "", Port(server.description.address.port, server.port_offset)


def _parse_server_port(server: Server, text: str) -> Port:
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isdecimal() and digits.isascii()):
        raise CannotMove(f"problem converting port '{text}' to an int")
    if len(digits) > 9 or int(digits) > _PORTS:
        raise CannotMove(f"Invalid port '{text}', it is not within 0 and 65535")
    if digits == text:
        return Port(int(digits), False)
    if not server.check_port:
        raise CannotMove(
            "can't change <port> to port map because it is incompatible with current health "
            "check port configuration (use 'port' statement from the 'server' directive."
        )
    return Port(int(text), True)
