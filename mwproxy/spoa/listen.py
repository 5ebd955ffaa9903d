"""
Addresses to listen on, and their sockets.

A TCP port is shared with whoever listens on it already (SO_REUSEPORT), and a UNIX socket takes the
place of an older one by rename: so a new agent can start while the one before it leaves.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

#: Where HAProxy's manual has its agents.
DEFAULT_ADDRESS = "127.0.0.1:12345"
_BACKLOG = 1024
#: The first descriptor of C{LISTEN_FDS}.
_FIRST_FD = 3
_LONGEST_PATH = 107


class BadAddress(Exception):
    """
    An address cannot be listened on; the text says why.
    """


@dataclass(frozen=True, slots=True)
class Listening:
    """
    A socket that listens.

    @ivar path: The file of a UNIX socket that we made, empty for any other.

    @ivar inode: Of this file, so that the file of a successor is not removed.
    """

    socket: socket.socket
    name: str
    path: str = ""
    inode: int = 0

    def remove(self) -> None:
        """
        Remove the file, if it is still ours.
        """
        if self.path:
            with contextlib.suppress(OSError):
                if Path(self.path).stat().st_ino == self.inode:
                    Path(self.path).unlink()


def open_listening(text: str) -> Listening:
    """
    Listen on an address.

    @param text: C{host:port}, C{ipv4@host:port}, C{ipv6@host:port}, C{unix@path}, C{/path},
        C{abns@name} or C{fd@number}. No host, or C{*}, is any IPv4 address.

    @return: The socket.

    @raise BadAddress: It is no address, or nobody can listen there.
    """
    kind, at, rest = text.partition("@")
    if not at:
        kind, rest = ("unix", text) if text.startswith("/") else ("", text)
    try:
        if kind == "unix":
            return _unix(text, rest)
        if kind == "abns":
            return _bound(text, socket.AF_UNIX, "\0" + rest)
        if kind == "fd":
            return _inherited(text, rest)
        if kind in ("", "ipv4", "ipv6"):
            return _tcp(text, kind, rest)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadAddress(f"cannot listen on '{text}': {reason}") from None
    raise BadAddress(f"'{text}' is no address; try 127.0.0.1:12345, unix@/path/to/socket or fd@3")


def inherited_listening(environment: Mapping[str, str], pid: int) -> list[Listening]:
    """
    Take the sockets that a service manager gave us (sd_listen_fds(3)).

    @param environment: Has C{LISTEN_FDS} and C{LISTEN_PID}.

    @param pid: Ours: those of another process are not for us.

    @return: The sockets, none when there are none.

    @raise BadAddress: One is no listening socket.
    """
    if environment.get("LISTEN_PID") != str(pid):
        return []
    count = environment.get("LISTEN_FDS", "")
    if not re.fullmatch(r"[0-9]{1,4}", count):
        raise BadAddress(f"LISTEN_FDS is '{count}', a number expected")
    found = []
    for number in range(_FIRST_FD, _FIRST_FD + int(count)):
        found.append(open_listening(f"fd@{number}"))
    return found


def _tcp(text: str, kind: str, rest: str) -> Listening:
    host, colon, port = rest.rpartition(":")
    if not colon or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        raise BadAddress(f"'{text}' lacks a port, as in 127.0.0.1:12345")
    host = host.strip("[]") if host.startswith("[") else host
    family = socket.AF_INET6 if kind == "ipv6" or ":" in host else socket.AF_INET
    if host in ("", "*"):
        host = "::" if family == socket.AF_INET6 else "0.0.0.0"
    return _bound(text, family, (host, int(port)))


def _bound(text: str, family: int, address: tuple[str, int] | str) -> Listening:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if family != socket.AF_UNIX:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(address)
        return _listening(sock, text)
    except OSError:
        sock.close()
        raise


def _unix(text: str, path: str) -> Listening:
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(Path(path).stat().st_mode):
            raise BadAddress(f"cannot listen on '{text}': there is a file that is no socket")
    # Made beside it and renamed: at each moment one of the two answers.
    made = f"{path}.{os.getpid()}.tmp"
    if len(os.fsencode(made)) > _LONGEST_PATH:
        raise BadAddress(f"cannot listen on '{text}': the path is too long for a UNIX socket")
    with contextlib.suppress(FileNotFoundError):
        Path(made).unlink()
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(made)
        sock.setblocking(False)
        sock.listen(_BACKLOG)
        Path(made).rename(path)
    except OSError:
        sock.close()
        with contextlib.suppress(OSError):
            Path(made).unlink()
        raise
    return Listening(sock, text, path, Path(path).stat().st_ino)


def _inherited(text: str, number: str) -> Listening:
    if not re.fullmatch(r"[0-9]{1,6}", number):
        raise BadAddress(f"'{text}' is no address; try fd@3")
    os.fstat(int(number))
    sock = socket.socket(fileno=int(number))
    if sock.type != socket.SOCK_STREAM or not sock.getsockopt(
        socket.SOL_SOCKET, socket.SO_ACCEPTCONN
    ):
        sock.detach()
        raise BadAddress(f"descriptor {number} is no listening socket")
    return _listening(sock, text)


def _listening(sock: socket.socket, text: str) -> Listening:
    sock.setblocking(False)
    if not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        sock.listen(_BACKLOG)
    name = sock.getsockname()
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        host = f"[{name[0]}]" if sock.family == socket.AF_INET6 else name[0]
        return Listening(sock, f"{host}:{name[1]}")
    return Listening(sock, text)
