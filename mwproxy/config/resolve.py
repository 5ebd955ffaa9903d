"""
Host names of addresses that must be known when the configuration is read.

C{bind}, C{log}, C{source} and C{addr} take names, which HAProxy looks up once while it
parses. Servers keep theirs, to be looked up when traffic starts.
"""

from __future__ import annotations

import dataclasses
import socket

from mwproxy.core.addresses import Address
from mwproxy.core.values import BadValue


def resolved(address: Address, text: str) -> Address:
    """
    Replace a host name by its first IP address, as the system's resolver orders them.

    @param address: Any address; one without host name is returned as it is.

    @param text: How it was written, for the message.

    @return: The address.

    @raise BadValue: The name is not known.
    """
    if address.family != "name":
        return address
    try:
        found = socket.getaddrinfo(address.host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise BadValue(f"invalid address: '{address.host}' in '{text}'") from None
    for family, _, _, _, sockaddr in found:
        if family in (socket.AF_INET, socket.AF_INET6):
            kind = "ipv4" if family == socket.AF_INET else "ipv6"
            return dataclasses.replace(address, family=kind, host=str(sockaddr[0]))
    raise BadValue(f"invalid address: '{address.host}' in '{text}'")
