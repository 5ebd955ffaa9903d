"""
Listening sockets: what identifies one. How one is made is in C{bind.py}, who keeps them in
C{listeners.py}.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any

#: The family of descriptors for logs.
LOG = "log"


class CannotBind(Exception):
    """
    A listening socket cannot be had; the text is the operator's message, such as
    C{cannot bind socket (Address already in use) for [127.0.0.1:80]}.
    """


@dataclass(frozen=True, slots=True)
class ListenerSpec:
    """
    All that is needed to make a listening socket. What identifies it across generations is
    L{key}; the rest applies when it is made.

    @ivar family: C{ipv4 ipv6 unix abns abnsz fd}; L{LOG} for no socket at all, but a descriptor
        that lines are to be logged to.

    @ivar host: Address, path or name; for C{fd} empty, or the name of a passed socket.

    @ivar port: Port; the descriptor for C{fd}, or which of that name, 0 for the only one.

    @ivar backlog: Argument of C{listen}.

    @ivar v6only: L{None} for the system's default.

    @ivar mode: Permissions of a UNIX socket, L{None} for what umask leaves; C{uid}, C{gid}
        likewise.

    @ivar keep_path: The path of a UNIX socket stays when the socket is closed, as another process
        may have got it.
    """

    family: str
    host: str
    port: int = 0
    interface: str = ""
    backlog: int = 1024
    v6only: bool | None = None
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None
    reuseport: bool = True
    keep_path: bool = False

    @property
    def key(self) -> tuple[str, str, int, str]:
        """
        What identifies the socket.
        """
        return (self.family, self.host, self.port, self.interface)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> ListenerSpec:
        """
        Read a specification that crossed the control channel; unknown names are left out.
        """
        return cls(**{name: value[name] for name in cls.__slots__ if name in value})


def inherited_socket(fd: int) -> socket.socket | None:
    """
    Take a socket that a predecessor of this process left.

    @param fd: Its descriptor, owned from now on.

    @return: It, non-blocking and not for children; L{None} when there is no such socket.
    """
    try:
        sock = socket.socket(fileno=fd)
    except (OSError, ValueError):
        return None
    sock.set_inheritable(False)
    sock.setblocking(False)
    return sock
