"""
Taking over a port that is shared (SO_REUSEPORT) without losing a connection.

While two processes listen on a port the kernel gives each new connection to one of the two by a
hash. Those that an older process has not accepted when it closes its socket are reset, and so are
those whose handshake has only begun. So the younger process first has the kernel send everything
new to itself (C{SO_ATTACH_REUSEPORT_CBPF}: a program of one instruction that names a socket by its
place in the group), lets begun handshakes end, and only then tells the older process to leave.

The place of a socket is that of the latest to listen, since the kernel appends it: the number of
those that listen on the same address, less one. If that is not so, because another one closed this
moment, the kernel finds no socket at that place, and goes by its hash as before. When the older
process is gone the program is detached (L{unsteer}), as it would bind who comes next.

A process that leaves does the same for one that has come later and does not (HAProxy, or one that
was started without C{-sf}): L{Newcomers}.

Where the kernel cannot do it the port is taken over as HAProxy does.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
from collections.abc import Iterable

#: Seconds that handshakes get to end after the kernel was told.
LINGER = 0.25
#: Seconds after which the program is detached.
UNSTEER_AFTER = 5.0

_SO_ATTACH_REUSEPORT_CBPF = 51
_SO_DETACH_REUSEPORT_BPF = 68
_RETURN = 0x06
_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_REQUEST_DUMP = 0x301
_DONE, _ERROR = 3, 2
_LISTEN = 1 << 10
_HEADER = struct.Struct("=IHHII")
#: Family, state, two that do not matter, ports, addresses, interface, cookie, timers and queues,
#: user and inode: C{struct inet_diag_msg}.
_ROW = struct.Struct("=BBBB HH 16s16s I 8x 12x II")


def steer(sockets: Iterable[socket.socket]) -> list[socket.socket]:
    """
    Have new connections of shared ports come to these sockets, the latest that listen there.

    @return: Those for which it was done: others listen there too.
    """
    return [sock for sock in sockets if _steer(sock)]


def unsteer(sockets: Iterable[socket.socket]) -> None:
    """
    Let the kernel choose by its hash again.
    """
    for sock in sockets:
        if sock.fileno() >= 0:
            try:
                sock.setsockopt(socket.SOL_SOCKET, _SO_DETACH_REUSEPORT_BPF, 0)
            except OSError:
                continue


class Newcomers:
    """
    Who has come to our ports after us.
    """

    def __init__(self, sockets: Iterable[socket.socket]) -> None:
        """
        Remember who is there now.

        @param sockets: Ours.
        """
        self._before: dict[int, set[int]] = {}
        for sock in sockets:
            if _is_shared(sock):
                try:
                    group = _group(sock)
                except OSError:
                    continue
                self._before[os.fstat(sock.fileno()).st_ino] = group

    def steer(self, sockets: Iterable[socket.socket]) -> bool:
        """
        Have new connections go to the latest of those who came later, where there are such.

        @param sockets: Ours, or copies of them.

        @return: Whether that was done for any.
        """
        done = False
        for sock in sockets:
            try:
                before = self._before.get(os.fstat(sock.fileno()).st_ino)
                if before is not None:
                    group = _group(sock)
                    done = (bool(group - before) and _attach(sock, len(group) - 1)) or done
            except OSError:
                continue
        return done


def _steer(sock: socket.socket) -> bool:
    if not _is_shared(sock):
        return False
    try:
        place = count_listening(sock) - 1
    except OSError:
        return False
    return place > 0 and _attach(sock, place)


def _is_shared(sock: socket.socket) -> bool:
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return False
    return bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT))


def _attach(sock: socket.socket, place: int) -> bool:
    program = ctypes.create_string_buffer(struct.pack("HBBI", _RETURN, 0, 0, place))
    value = struct.pack("HP", 1, ctypes.addressof(program))
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_REUSEPORT_CBPF, value)
    except OSError:
        return False
    return True


def count_listening(sock: socket.socket) -> int:
    """
    Count the sockets that share a port: the same address, interface and user.

    @param sock: One of them.

    @raise OSError: The kernel does not tell.
    """
    return len(_group(sock))


def _group(sock: socket.socket) -> set[int]:
    """
    List the inodes of the sockets that share a port.
    """
    name = sock.getsockname()
    address = socket.inet_pton(sock.family, name[0].partition("%")[0]).ljust(16, b"\0")
    rows = [row for row in _listening(sock.family, name[1]) if row[0] == address]
    inode = os.fstat(sock.fileno()).st_ino
    for row in rows:
        if row[3] == inode:
            return {each[3] for each in rows if each[1:3] == row[1:3]}
    return set()


def _listening(family: int, port: int) -> list[tuple[bytes, int, int, int]]:
    """
    List what listens on a port.

    @return: Address, interface, user and inode of each.
    """
    # The request: family, TCP, no extensions, the state; then what to look for.
    wanted = struct.pack("=BBBBI HH 16s16s I 8s", family, socket.IPPROTO_TCP, 0, 0, _LISTEN,
                         socket.htons(port), 0, b"", b"", 0, b"\xff" * 8)  # fmt: skip
    size = _HEADER.size + len(wanted)
    header = _HEADER.pack(size, _SOCK_DIAG_BY_FAMILY, _REQUEST_DUMP, 1, 0)
    found: list[tuple[bytes, int, int, int]] = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as netlink:
        netlink.settimeout(1)
        netlink.sendto(header + wanted, (0, 0))
        while True:
            data = netlink.recv(65536)
            at = 0
            while at + _HEADER.size <= len(data):
                length, kind, _, _, _ = _HEADER.unpack_from(data, at)
                if kind == _DONE:
                    return found
                if kind == _ERROR or length < _HEADER.size:
                    raise OSError("the kernel does not tell what listens")
                if length >= _HEADER.size + _ROW.size:
                    row = _ROW.unpack_from(data, at + _HEADER.size)
                    if socket.ntohs(row[4]) == port:
                        found.append((row[6], row[8], row[9], row[10]))
                at += (length + 3) & ~3
