"""
Where a console is, as C{-s} and the environment write it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from mwproxy.core.addresses import Address, parse_address
from mwproxy.core.values import BadValue

#: Name the console when C{-s} does not, the first one first.
VARIABLE = "MWPROXY_SOCKET"
MASTER_VARIABLE = "HAPROXY_MASTER_CLI"
#: Where the units of C{systemd/} have it.
DEFAULT = "/run/mwproxy/master.sock"


@dataclass(frozen=True, slots=True)
class Place:
    """
    One console.

    @ivar text: As it was written, without options.

    @ivar tls: Whether TLS is spoken there.
    """

    text: str
    address: Address
    tls: bool = False


def parse_place(text: str) -> Place:
    """
    Read where a console is.

    @param text: An address as of C{-S} (a path, C{unix@}, C{abns@}, address or name with port;
        options behind a comma do not count), or one that begins with C{tcp://}, C{tls://} or
        C{unix://}.

    @return: It.

    @raise BadValue: It is none; the text says why.
    """
    text = text.split(",", 1)[0]
    scheme, there, rest = text.partition("://")
    if not there:
        scheme, rest = "", text
    elif scheme not in ("tcp", "tls", "unix"):
        raise BadValue(f"unknown '{scheme}://' in '{text}': expects tcp://, tls:// or unix://")
    elif scheme == "unix":
        rest = f"unix@{rest}"
    rest = rest.removesuffix("/") if scheme in ("tcp", "tls") else rest
    address = parse_address(rest)
    if scheme in ("tcp", "tls") and not address.is_ip:
        raise BadValue(f"'{text}' has no port: it is written {scheme}://host:port")
    if not address.is_ip and address.family not in ("unix", "abns", "abnsz"):
        raise BadValue(f"cannot connect to '{text}': give a path or an address")
    return Place(text, address, scheme == "tls")


def default_place(environment: Mapping[str, str] = os.environ) -> str:
    """
    Tell where the console is unless somebody says so.

    @param environment: The variables. C{HAPROXY_MASTER_CLI} may list several consoles; a UNIX one
        comes before others.

    @return: The address, not checked.
    """
    if named := environment.get(VARIABLE):
        return named
    listed = [each for each in environment.get(MASTER_VARIABLE, "").split(";") if each]
    local = [each for each in listed if each.startswith(("unix@", "abns@", "/"))]
    return (local or listed or [DEFAULT])[0]
