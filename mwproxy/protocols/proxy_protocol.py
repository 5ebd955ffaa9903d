"""
The PROXY protocol, versions 1 and 2: who the client really is.

Version 1 is a line of at most 107 bytes, version 2 a binary header. Headers without addresses of
a TCP client (C{UNKNOWN}, C{LOCAL}, other families) are valid and change nothing.
"""

from __future__ import annotations

import ipaddress
import re
import struct
from dataclasses import dataclass

MAX_V1 = 107
#: Longest version 2 header, type-length-values included (C{tune.bufsize}).
MAX_V2 = 16384

SIGNATURE_V2 = b"\r\n\r\n\x00\r\nQUIT\n"
_PREFIX_V1 = b"PROXY "
_LINE = re.compile(rb"PROXY TCP([46]) ([0-9A-Fa-f:.]+) ([0-9A-Fa-f:.]+) ([0-9]+) ([0-9]+)\r\n")
_UNKNOWN = re.compile(rb"PROXY UNKNOWN(?: [^\r\n]*)?\r\n")
_HEAD_V2 = struct.Struct("!12sBBH")
_PORTS = struct.Struct("!HH")
_LOCAL, _PROXY = 0x20, 0x21
_TCP4, _TCP6 = 0x11, 0x21


class BadHeader(Exception):
    """
    The connection does not begin with a valid PROXY header.
    """


@dataclass(frozen=True, slots=True)
class Header:
    """
    The addresses of a TCP connection.

    @ivar client_host: IP address of the client.

    @ivar own_host: IP address that the client connected to.
    """

    client_host: str
    client_port: int
    own_host: str
    own_port: int


def parse(data: bytes) -> tuple[Header | None, int] | None:
    """
    Read a header at the beginning of a connection.

    @param data: All that came.

    @return: L{None} while it is not complete; else the addresses (L{None} when the header
        has none) and its length.

    @raise BadHeader: It is none, or wrong.
    """
    if data.startswith(_PREFIX_V1):
        return _parse_v1(data)
    if data.startswith(SIGNATURE_V2):
        return _parse_v2(data)
    if _PREFIX_V1.startswith(data) or SIGNATURE_V2.startswith(data):
        return None
    raise BadHeader("no PROXY header")


def _parse_v1(data: bytes) -> tuple[Header | None, int] | None:
    end = data.find(b"\n", 0, MAX_V1) + 1
    if end == 0:
        if len(data) >= MAX_V1:
            raise BadHeader("PROXY line too long")
        if b"\r" in data[:-1]:
            raise BadHeader("bare CR in PROXY line")
        return None
    line = data[:end]
    if _UNKNOWN.fullmatch(line) is not None:
        return None, end
    found = _LINE.fullmatch(line)
    if found is None:
        raise BadHeader("bad PROXY line")
    version = int(found[1])
    header = Header(
        _address(found[2], version), _port(found[4]), _address(found[3], version), _port(found[5])
    )
    return header, end


def _address(text: bytes, version: int) -> str:
    try:
        address = ipaddress.ip_address(text.decode("ascii"))
    except ValueError:
        raise BadHeader("bad address in PROXY line") from None
    if address.version != version:
        raise BadHeader("address of another family in PROXY line")
    return str(address)


def _port(text: bytes) -> int:
    if len(text) > 5 or int(text) > 65535 or (len(text) > 1 and text[:1] == b"0"):
        raise BadHeader("bad port in PROXY line")
    return int(text)


def _parse_v2(data: bytes) -> tuple[Header | None, int] | None:
    if len(data) > 12 and data[12] not in (_LOCAL, _PROXY):
        raise BadHeader("bad version or command in PROXY header")
    if len(data) < _HEAD_V2.size:
        return None
    _signature, command, family, length = _HEAD_V2.unpack_from(data)
    end = _HEAD_V2.size + length
    if end > MAX_V2:
        raise BadHeader("PROXY header too long")
    size = {_TCP4: 4, _TCP6: 16}.get(family, 0) if command == _PROXY else 0
    if size and length < 2 * size + 4:
        raise BadHeader("PROXY header too short for its addresses")
    if len(data) < end:
        return None
    if not size:
        return None, end
    at = _HEAD_V2.size
    client = str(ipaddress.ip_address(data[at : at + size]))
    own = str(ipaddress.ip_address(data[at + size : at + 2 * size]))
    client_port, own_port = _PORTS.unpack_from(data, at + 2 * size)
    return Header(client, client_port, own, own_port), end


def encode_v1(header: Header | None) -> bytes:
    """
    Write a version 1 header.

    @param header: The addresses, L{None} when they are not those of a TCP connection.

    @return: The line.
    """
    if header is None:
        return b"PROXY UNKNOWN\r\n"
    client, own = _pair(header)
    text = f"PROXY TCP{client.version} {client} {own} {header.client_port} {header.own_port}\r\n"
    return text.encode("ascii")


def encode_v2(header: Header | None) -> bytes:
    """
    Write a version 2 header without type-length-values.

    @param header: The addresses, L{None} for a connection that the proxy made for itself.

    @return: The header.
    """
    if header is None:
        return _HEAD_V2.pack(SIGNATURE_V2, _LOCAL, 0, 0)
    client, own = _pair(header)
    body = client.packed + own.packed + _PORTS.pack(header.client_port, header.own_port)
    family = _TCP4 if client.version == 4 else _TCP6
    return _HEAD_V2.pack(SIGNATURE_V2, _PROXY, family, len(body)) + body


_IP = ipaddress.IPv4Address | ipaddress.IPv6Address


def _pair(header: Header) -> tuple[_IP, _IP]:
    client = ipaddress.ip_address(header.client_host.partition("%")[0])
    own = ipaddress.ip_address(header.own_host.partition("%")[0])
    if client.version != own.version:
        return _mapped(client), _mapped(own)
    return client, own


def _mapped(address: _IP) -> _IP:
    if isinstance(address, ipaddress.IPv6Address):
        return address
    return ipaddress.IPv6Address(b"\0" * 10 + b"\xff\xff" + address.packed)
