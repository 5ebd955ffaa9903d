"""
Addresses as configuration lines write them: C{ipv4@ ipv6@ unix@ abns@ fd@ sockpair@}.

Configuration manual 11 "Address formats". Names are kept, not resolved: who
connects or binds resolves.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from mwproxy.core.values import BadValue

_PREFIX = re.compile(
    r"(ipv4|ipv6|ip|tcp4|tcp6|tcp|udp4|udp6|udp|unix|uxst|abns|abnsz|fd|sockpair)@"
)
#: A socket by the name that a service manager passes it with, and which of that name.
_PASSED = re.compile(r"((?![0-9]+(?::|\Z))[A-Za-z0-9_.@-]+)(?::([1-9][0-9]{0,4}))?", re.ASCII)
#: An IPv4 address in its canonical form and a port, as nearly all C{server} lines have them.
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_PLAIN = re.compile(rf"((?:{_OCTET}\.){{3}}{_OCTET}):(\d{{1,5}})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Address:
    """
    One address.

    @ivar family: C{"ipv4"}, C{"ipv6"}, C{"name"} (to be resolved), C{"unix"},
        C{"abns"}, C{"abnsz"}, C{"fd"}, C{"sockpair"}; for binding, C{"ipv4"}
        with host C{"0.0.0.0"} stands for C{*}.

    @ivar host: The IP address, name, path or abstract name; for C{fd} the name of a socket that a
        service manager passes, empty for a descriptor by number.

    @ivar port: The TCP or UDP port, 0 when absent; the descriptor for C{fd} and C{sockpair}, or
        which of several passed sockets with this name, from 1, 0 for the only one.

    @ivar port_offset: True when the port was written with a sign (C{+10}, C{-1}): it is
        added to the port that the client connected to.

    @ivar datagram: True for C{udp@}.
    """

    family: str
    host: str
    port: int = 0
    port_offset: bool = False
    datagram: bool = False

    @property
    def is_ip(self) -> bool:
        """
        Whether it has a port.
        """
        return self.family in ("ipv4", "ipv6", "name")

    def __str__(self) -> str:
        if self.family == "ipv6":
            return f"[{self.host}]:{self.port}"
        if self.is_ip:
            return f"{self.host}:{self.port}"
        if self.family == "fd" and self.host:
            return f"fd@{self.host}:{self.port}" if self.port else f"fd@{self.host}"
        if self.family in ("fd", "sockpair"):
            return f"{self.family}@{self.port}"
        return self.host if self.family == "unix" else f"{self.family}@{self.host}"


def parse_addresses(
    text: str, *, default_port: int | None = None, passed: bool = False
) -> list[Address]:
    """
    Read an address whose port may be a range, as C{bind} allows.

    @param text: One address without commas.

    @param default_port: The port when none is written; L{None} makes it an error.

    @param passed: Whether C{fd@name} may stand for a socket that a service manager passes.

    @return: One address per port.

    @raise BadValue: It cannot be read; the text says why.
    """
    if not text:
        raise BadValue("missing address")
    prefix = ""
    found = _PREFIX.match(text)
    rest = text
    if found is not None:
        prefix = found[1]
        rest = text[found.end() :]
    if prefix in ("unix", "uxst") or (not prefix and rest.startswith("/")):
        if not rest:
            raise BadValue(f"missing path in '{text}'")
        if len(rest.encode("utf-8", "surrogateescape")) > 107:
            raise BadValue(f"socket path '{rest}' too long (max 107)")
        return [Address("unix", rest)]
    if prefix in ("abns", "abnsz"):
        if not rest or len(rest.encode("utf-8", "surrogateescape")) > 107:
            raise BadValue(f"abstract name '{rest}' must have 1 to 107 bytes")
        return [Address(prefix, rest)]
    if prefix in ("fd", "sockpair"):
        name = _PASSED.fullmatch(rest) if passed and prefix == "fd" else None
        if name is not None:
            return [Address(prefix, name[1], int(name[2] or 0))]
        if not rest.isdecimal() or not rest.isascii():
            raise BadValue(f"file descriptor '{rest}' is not a valid integer in '{text}'")
        return [Address(prefix, "", int(rest))]
    return _parse_ip(text, prefix, rest, default_port)


def parse_address(text: str, *, default_port: int | None = None) -> Address:
    """
    Read one address.

    @param text: One address without commas.

    @param default_port: The port when none is written; L{None} makes it an error.

    @return: The address.

    @raise BadValue: It cannot be read, or names a range of ports.
    """
    plain = _PLAIN.fullmatch(text)
    if plain is not None and int(plain[2]) <= 65535:
        return Address("ipv4", plain[1], int(plain[2]))
    addresses = parse_addresses(text, default_port=default_port)
    if len(addresses) > 1:
        raise BadValue(f"port range not permitted here in '{text}'")
    return addresses[0]


def _parse_ip(text: str, prefix: str, rest: str, default_port: int | None) -> list[Address]:
    host, port_text = _split_port(rest)
    datagram = prefix.startswith("udp")
    family, host = _classify(text, prefix, host)
    if not port_text:
        if default_port is None:
            raise BadValue(f"missing port specification in '{text}'")
        return [Address(family, host, default_port, datagram=datagram)]
    if port_text[0] in "+-" and port_text[1:].isdecimal():
        return [Address(family, host, int(port_text), True, datagram)]
    ports = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", port_text, re.ASCII)
    if ports is None:
        odd = re.sub(r"^\d+(-\d+)?", "", port_text, flags=re.ASCII)[:1]
        if not odd:
            raise BadValue(f"invalid port '{port_text}'")
        raise BadValue(f"invalid character '{odd}' in port number '{port_text}' in '{text}'")
    low = int(ports[1])
    high = int(ports[2]) if ports[2] else low
    if high > 65535 or low > high:
        raise BadValue(f"invalid port{' range' if ports[2] else ''} '{port_text}'")
    return [Address(family, host, port, datagram=datagram) for port in range(low, high + 1)]


def _split_port(rest: str) -> tuple[str, str]:
    if rest.startswith("["):
        host, closed, port = rest[1:].partition("]")
        if closed and (not port or port.startswith(":")):
            return host, port[1:]
    host, colon, port = rest.rpartition(":")
    if not colon:
        return rest, ""
    return host, port


def _classify(text: str, prefix: str, host: str) -> tuple[str, str]:
    wants6 = prefix.endswith("6")
    wants4 = prefix.endswith("4")
    if host in ("", "*"):
        return ("ipv6", "::") if wants6 else ("ipv4", "0.0.0.0")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if re.fullmatch(r"[A-Za-z0-9._-]+", host) is None:
            hint = f"; a relative path is written 'unix@{host}'" if "/" in host else ""
            raise BadValue(f"invalid address: '{host}' in '{text}'{hint}") from None
        return "name", host
    if (address.version == 6 and wants4) or (address.version == 4 and wants6):
        raise BadValue(f"invalid address: '{host}' in '{text}'")
    return f"ipv{address.version}", str(address)
