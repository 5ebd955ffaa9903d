"""
Who is at the other end of a console connection: what the system says of a UNIX peer, and what a
verified certificate says.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import struct
from typing import Any

from mwproxy.core.levels import SUBJECT_WORDS, Peer

_CREDENTIALS = struct.Struct("3i")
#: Supplementary groups of the peer; the socket module has no name for it.
_SO_PEERGROUPS = 59
_MOST_GROUPS = 1024
_OIDS = {
    "2.5.4.6": "C",
    "2.5.4.8": "ST",
    "2.5.4.7": "L",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.3": "CN",
    "0.9.2342.19200300.100.1.1": "UID",
    "1.2.840.113549.1.9.1": "emailAddress",
    "2.5.4.5": "serialNumber",
}
assert set(_OIDS.values()) == set(SUBJECT_WORDS)


def peer_of(sock: socket.socket, certificate: Any = None) -> Peer:
    """
    Find out who the peer is.

    @param sock: A connected socket.

    @param certificate: The client's, verified; C{cryptography}'s object. L{None} if it showed none.

    @return: What is known.
    """
    subject, names = ((), ()) if certificate is None else names_of(certificate)
    if sock.family == socket.AF_UNIX:
        return _unix_peer(sock)
    address = ""
    with contextlib.suppress(OSError):
        host, port = sock.getpeername()[:2]
        mapped = ipaddress.ip_address(host.partition("%")[0])
        if isinstance(mapped, ipaddress.IPv6Address) and mapped.ipv4_mapped is not None:
            mapped = mapped.ipv4_mapped
        address = f"[{mapped}]:{port}" if mapped.version == 6 else f"{mapped}:{port}"
    return Peer(address, subject=subject, names=names)


def _unix_peer(sock: socket.socket) -> Peer:
    try:
        data = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        pid, uid, gid = _CREDENTIALS.unpack(data)
    except (OSError, struct.error):
        return Peer()
    groups = {gid & 0xFFFFFFFF}
    with contextlib.suppress(OSError):
        data = sock.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, 4 * _MOST_GROUPS)
        groups.update(struct.unpack(f"{len(data) // 4}I", data[: len(data) // 4 * 4]))
    return Peer(uid=uid & 0xFFFFFFFF, pid=pid, gids=frozenset(groups))


def names_of(
    certificate: Any,
) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """
    Read the names in a certificate.

    @param certificate: C{cryptography}'s object.

    @return: Those of the subject, and the alternative ones; of kinds that rules know.
    """
    from cryptography import x509

    subject = tuple(
        (_OIDS[each.oid.dotted_string], str(each.value))
        for each in certificate.subject
        if each.oid.dotted_string in _OIDS
    )
    kinds = (
        ("DNS", x509.DNSName),
        ("EMAIL", x509.RFC822Name),
        ("URI", x509.UniformResourceIdentifier),
        ("IP", x509.IPAddress),
    )
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        # An extension that cannot be read gives no names, and so no level.
        return subject, ()
    names = tuple(
        (word, str(value))
        for word, kind in kinds
        for value in extension.value.get_values_for_type(kind)
    )
    return subject, names
