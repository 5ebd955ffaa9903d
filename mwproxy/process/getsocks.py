"""
Taking over the listening sockets of an older process (C{-x}): the C{_getsocks} exchange, as the
one who asks. C{exposure.py} is the one who answers.

The older process, HAProxy or mwproxy, answers on a C{stats socket} with C{expose-fd listeners}: the
number of descriptors as a native integer, then messages of up to 252 of them, each acknowledged
with an integer. Beside each descriptor stand the names of its network namespace and interface, each
behind a byte with its length, and four bytes of options. What identifies a socket is asked of the
kernel instead, which knows better.

Whoever answers may be anything: nothing is waited for longer than L{TIMEOUT}, and what does not
make sense ends the exchange with everything closed that came.
"""

from __future__ import annotations

import array
import contextlib
import os
import socket
import struct
from collections.abc import Iterator

from mwproxy.process.sockets import ListenerSpec

#: The request.
REQUEST = b"_getsocks\n"
MOST_PER_MESSAGE = 252
#: More than any process has; a number above it is no number of descriptors.
MOST = 1 << 20
INTEGER = struct.Struct("=i")
#: Seconds that each step may take.
TIMEOUT = 1.0
#: Longest data beside the descriptors of one message.
_LONGEST = MOST_PER_MESSAGE * (2 * 256 + 4)

Key = tuple[str, str, int, str]


class NoTransfer(Exception):
    """
    The sockets cannot be had; the text names the cause.
    """


def fetch_listeners(path: str) -> dict[Key, socket.socket]:
    """
    Fetch all listening sockets. Blocks, for at most a second per message.

    @param path: The older process's C{stats socket}, with or without C{unix@}; or C{abns@name},
        C{abnsz@name}; or C{sockpair@N}, an inherited descriptor that leads to its console.

    @return: The sockets by L{ListenerSpec.key<mwproxy.process.sockets.ListenerSpec>}.

    @raise NoTransfer: That failed.
    """
    path = path.removeprefix("unix@")
    try:
        connection = _connect(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise NoTransfer(
            f"Failed to connect to the old process socket '{path}': {reason or error}"
        ) from None
    with connection as sock:
        found: list[socket.socket] = []
        try:
            sock.sendall(REQUEST)
            for each in _receive(sock):
                found.append(each)
        except OSError as error:
            _close_all(found)
            reason = "it does not answer" if isinstance(error, TimeoutError) else error.strerror
            raise NoTransfer(
                f"Failed to receive the sockets of the old process through '{path}': {reason}"
            ) from None
        except NoTransfer:
            _close_all(found)
            raise
    return _by_key(found)


def _connect(path: str) -> socket.socket:
    """
    Reach the older process.

    @raise OSError: Nobody is there.

    @raise ValueError: It is no address.
    """
    prefix, at, name = path.partition("@")
    if at and prefix == "sockpair":
        ours, theirs = socket.socketpair()
        ours.settimeout(TIMEOUT)
        with theirs, socket.socket(fileno=os.dup(int(name))) as pair:
            try:
                # Connections arrive as descriptors there.
                socket.send_fds(pair, [bytes(2)], [theirs.fileno()])
            except OSError:
                ours.close()
                raise
        return ours
    if at and prefix in ("abns", "abnsz"):
        path = f"\0{name}"
        path = path.ljust(108, "\0") if prefix == "abns" else path
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(TIMEOUT)
    try:
        sock.connect(path)
    except (OSError, ValueError):
        sock.close()
        raise
    return sock


def _receive(sock: socket.socket) -> Iterator[socket.socket]:
    head = b""
    while len(head) < INTEGER.size:
        piece = sock.recv(INTEGER.size - len(head))
        if not piece:
            raise NoTransfer("Failed to get the number of sockets to be transferred !")
        head += piece
    (count,) = INTEGER.unpack(head)
    if not 0 <= count <= MOST:
        raise NoTransfer("The old process did not answer with its sockets: is it a 'stats socket'?")
    left = count
    while left > 0:
        fds = _receive_message(sock)
        left -= len(fds)
        yield from _sockets(fds)
        # HAProxy hangs up behind the last message.
        with contextlib.suppress(ConnectionError):
            sock.sendall(INTEGER.pack(0))


def _receive_message(sock: socket.socket) -> list[int]:
    space = socket.CMSG_SPACE(MOST_PER_MESSAGE * INTEGER.size)
    data, ancillary, flags, _ = sock.recvmsg(_LONGEST, space, socket.MSG_CMSG_CLOEXEC)
    fds = array.array("i")
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(payload[: len(payload) - len(payload) % fds.itemsize])
    problem = ""
    if not data:
        problem = "The old process hung up while its sockets were transferred"
    elif flags & socket.MSG_CTRUNC:
        problem = "There is no room for the sockets of the old process (see 'ulimit -n')"
    elif not fds:
        problem = "The old process sent fewer sockets than it announced"
    if problem:
        for fd in fds:
            os.close(fd)
        raise NoTransfer(problem)
    return list(fds)


def _sockets(fds: list[int]) -> Iterator[socket.socket]:
    """
    Make sockets of descriptors; what is no stream socket is closed.
    """
    for fd in fds:
        try:
            sock = socket.socket(fileno=fd)
        except OSError:
            os.close(fd)
            continue
        if sock.type != socket.SOCK_STREAM:
            sock.close()
            continue
        yield sock


def _by_key(sockets: list[socket.socket]) -> dict[Key, socket.socket]:
    found: dict[Key, socket.socket] = {}
    for sock in sockets:
        try:
            key = key_of(sock)
        except OSError:
            sock.close()
            continue
        # Of several with one address (HAProxy's shards) one serves; one that nobody accepts from
        # must not stay open.
        if found.setdefault(key, sock) is not sock:
            sock.close()
    return found


def _close_all(sockets: list[socket.socket]) -> None:
    for sock in sockets:
        sock.close()


def key_of(sock: socket.socket) -> Key:
    """
    Tell what identifies a listening socket.

    @return: As L{ListenerSpec.key<mwproxy.process.sockets.ListenerSpec>}.

    @raise OSError: It is of a family that is not had here.
    """
    name = sock.getsockname()
    if sock.family == socket.AF_UNIX:
        return _unix_key(name)
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        raise OSError(f"family {sock.family}")
    family = "ipv6" if sock.family == socket.AF_INET6 else "ipv4"
    interface = sock.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16)
    return ListenerSpec(
        family, name[0], name[1], interface=interface.rstrip(b"\0").decode("ascii", "replace")
    ).key


def _unix_key(name: str | bytes) -> Key:
    if isinstance(name, bytes):
        padded = len(name) >= 107 or name.endswith(b"\0")
        host = name.strip(b"\0").decode("utf-8", "replace")
        return ListenerSpec("abns" if padded else "abnsz", host).key
    # The kernel goes on to tell the temporary name under which it was bound.
    stem, dot, temporary = name.rpartition(".tmp")
    if dot and not temporary:
        front, point, digits = stem.rpartition(".")
        if point and digits.isdecimal():
            return ListenerSpec("unix", front).key
    return ListenerSpec("unix", name).key
