"""
Taking over the listening sockets of an older process (C{-x}): the C{_getsocks} exchange.

The older process, HAProxy or mwproxy, answers on a C{stats socket} with C{expose-fd listeners}: the
number of descriptors, then messages of up to 252 of them, each acknowledged with four bytes.
"""

from __future__ import annotations

import array
import os
import socket
import struct

from mwproxy.process.sockets import ListenerSpec

MOST_PER_MESSAGE = 252
TIMEOUT = 1.0

Key = tuple[str, str, int, str]


class NoTransfer(Exception):
    """
    The sockets cannot be had; the text names the cause.
    """


def fetch_listeners(path: str) -> dict[Key, socket.socket]:
    """
    Fetch all listening sockets. Blocks, for at most a second per message.

    @param path: The older process's C{stats socket}, with or without C{unix@}.

    @return: The sockets by L{ListenerSpec.key<mwproxy.process.sockets.ListenerSpec>}.

    @raise NoTransfer: That failed.
    """
    path = path.removeprefix("unix@")
    address = "\0" + path[5:] if path.startswith("abns@") else path
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(TIMEOUT)
            sock.connect(address)
            sock.sendall(b"_getsocks\n")
            return {key_of(each): each for each in _receive(sock)}
    except OSError as error:
        raise NoTransfer(
            f"Failed to connect to the old process socket '{path}': {error.strerror or error}"
        ) from None


def _receive(sock: socket.socket) -> list[socket.socket]:
    head = sock.recv(4)
    if len(head) < 4:
        raise NoTransfer("Failed to get the number of sockets to be transferred !")
    (count,) = struct.unpack("=i", head)
    found: list[socket.socket] = []
    while len(found) < count:
        space = socket.CMSG_SPACE(MOST_PER_MESSAGE * 4)
        data, ancillary, _, _ = sock.recvmsg(65536, space)
        if not data:
            raise NoTransfer("The old process hung up while its sockets were transferred")
        for level, kind, payload in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds = array.array("i")
                fds.frombytes(payload[: len(payload) - len(payload) % fds.itemsize])
                for fd in fds:
                    os.set_inheritable(fd, False)
                    found.append(socket.socket(fileno=fd))
        sock.sendall(struct.pack("=i", 0))
    return found


def key_of(sock: socket.socket) -> Key:
    """
    Tell what identifies a listening socket.

    @return: As L{ListenerSpec.key<mwproxy.process.sockets.ListenerSpec>}.
    """
    name = sock.getsockname()
    if sock.family == socket.AF_UNIX:
        if isinstance(name, bytes):
            return ListenerSpec("abns", name.strip(b"\0").decode("utf-8", "replace")).key
        stem, dot, temporary = str(name).rpartition(".tmp")
        if dot and not temporary:
            stem = stem.rpartition(".")[0]
        return ListenerSpec("unix", stem or str(name)).key
    family = "ipv6" if sock.family == socket.AF_INET6 else "ipv4"
    interface = sock.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16)
    return ListenerSpec(
        family, name[0], name[1], interface=interface.strip(b"\0").decode("ascii", "replace")
    ).key
