"""
Making one listening socket, as HAProxy does (management manual, "Stopping and restarting").

A UNIX socket is bound under a temporary name and renamed over its path, so that its path never
refuses; what was there before is kept under C{.bak} until L{Bound.commit}, and comes back with
L{Bound.undo}.
"""

from __future__ import annotations

import contextlib
import os
import socket
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mwproxy.core.addresses import Address
from mwproxy.process.activation import find_passed, passed_sockets
from mwproxy.process.sockets import CannotBind, ListenerSpec, inherited_socket

if TYPE_CHECKING:
    from mwproxy.process.inheritance import BoundFacts

#: Longest path of a UNIX socket, which leaves room for the temporary name.
LONGEST_PATH = 97
SOL_IPV6 = 41
IPV6_V6ONLY = 26


class Bound:
    """
    A listening socket and, for a UNIX path, the names it has in the file system.

    @ivar sock: The socket, non-blocking and listening.

    @ivar spec: What it was made for.
    """

    def __init__(
        self,
        sock: socket.socket,
        spec: ListenerSpec,
        inode: tuple[int, int] | None = None,
        backup: str = "",
    ) -> None:
        """
        @param inode: Device and number of our name in the file system, L{None} if we made none.

        @param backup: Where the former socket of that path waits, empty for nowhere.
        """
        self.sock = sock
        self.spec = spec
        self._inode = inode
        self._backup = backup
        self._given = False
        self._origin = -1

    def facts(self) -> BoundFacts:
        """
        Note what another image of this process needs to go on with it.
        """
        # A master has that already; nobody else needs it.
        from mwproxy.process.inheritance import BoundFacts

        inode = [] if self._inode is None else list(self._inode)
        fd = self.sock.fileno()
        return BoundFacts(asdict(self.spec), fd, self._origin, inode, self._backup)

    @classmethod
    def inherited(cls, facts: BoundFacts) -> Bound | None:
        """
        Go on with a socket of a former image.

        @return: L{None} when it is not there.
        """
        try:
            spec = ListenerSpec.from_json(facts.spec)
        except TypeError:
            return None
        sock = inherited_socket(facts.fd)
        if sock is None:
            return None
        inode = (facts.inode[0], facts.inode[1]) if len(facts.inode) == 2 else None
        bound = cls(sock, spec, inode, facts.backup)
        bound.came_from(facts.origin)
        return bound

    def commit(self) -> None:
        """
        Give up what was there before.
        """
        self._given = False
        if self._backup:
            _remove(Path(self._backup))
            self._backup = ""

    def was_given(self) -> None:
        """
        Note that an older process has it too, and its path until L{commit}.
        """
        self._given = True

    def undo(self) -> None:
        """
        Close the socket, and put back what was there before.
        """
        if self._given:
            # The older process goes on with it.
            self._inode = None
        # Nobody got it from a process that does not start.
        self.spec = replace(self.spec, keep_path=False)
        if self._backup and self.is_in_place():
            with contextlib.suppress(OSError):
                Path(self._backup).replace(self.spec.host)
                self._backup = ""
                self._inode = None
        self.close()

    def close(self) -> None:
        """
        Close the socket, and remove its path if that is still ours.
        """
        self.commit()
        if self.is_in_place() and not self.spec.keep_path:
            _remove(Path(self.spec.host))
        self._inode = None
        self.sock.close()

    def let_go(self) -> None:
        """
        Close our descriptor alone: others have the socket, the path stays ours.
        """
        self.sock.close()
        self._close_origin()

    def disown(self) -> None:
        """
        Close our descriptor, and forget the path: both belong to others now.
        """
        self._inode = None
        self.let_go()

    def came_from(self, fd: int) -> None:
        """
        Note the inherited descriptor that the socket was duplicated from.
        """
        self._origin = fd

    def _close_origin(self) -> None:
        # Standard input and its like are never closed. Another bind may have had the same one.
        if self._origin > 2:
            with contextlib.suppress(OSError):
                os.close(self._origin)
        self._origin = -1

    def is_in_place(self) -> bool:
        """
        Whether our UNIX socket still has its path.
        """
        return self._inode is not None and _inode(self.spec.host) == self._inode

    def is_gone(self) -> bool:
        """
        Whether somebody removed the path of our UNIX socket, so that nobody can connect.
        """
        return self._inode is not None and _inode(self.spec.host) is None

    def listens(self) -> bool:
        """
        Whether clients can connect: not while it is paused.
        """
        return bool(self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))

    def adjust(self, spec: ListenerSpec) -> None:
        """
        Apply what another generation wants of the same socket: backlog and permissions.
        """
        if spec.backlog != self.spec.backlog and self.listens():
            self.sock.listen(spec.backlog)
        if self.is_in_place():
            _set_permissions(spec.host, spec)
        self.spec = spec


def bind(spec: ListenerSpec, *, paused: bool = False) -> Bound:
    """
    Make a listening socket.

    @param paused: Clients shall be refused for now: a port is bound, but not listened on before
        SIGTTIN. One that the system chooses is, as others are told it.

    @raise CannotBind: With the operator's message.
    """
    if spec.family in ("ipv4", "ipv6"):
        return _bind_tcp(spec, listen=not (paused and spec.port))
    if spec.family == "unix":
        return _bind_path(spec)
    if spec.family in ("abns", "abnsz"):
        return _bind_abstract(spec)
    if spec.family == "fd":
        return _inherit(spec)
    raise CannotBind(f"cannot listen on a '{spec.family}' address for [{spec.host}]")


def lend_descriptor(number: int) -> int:
    """
    Find a descriptor that an operator has passed to this process, to log to.

    @param number: As the operator calls it.

    @return: The same.

    @raise CannotBind: It is none, or one of our own: those are not inheritable.
    """
    try:
        if os.get_inheritable(number):
            return number
    except OSError:
        pass
    raise CannotBind(f"descriptor {number} was not passed to this process")


def adopt(sock: socket.socket, spec: ListenerSpec) -> Bound:
    """
    Take over a listening socket of an older process, with its path if it has one.
    """
    sock.setblocking(False)
    bound = Bound(sock, spec, _inode(spec.host) if spec.family == "unix" else None)
    bound.was_given()
    bound.sock.listen(spec.backlog)
    return bound


def _bind_tcp(spec: ListenerSpec, *, listen: bool) -> Bound:
    family = socket.AF_INET6 if spec.family == "ipv6" else socket.AF_INET
    name = f"{spec.host}:{spec.port}"
    try:
        sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    except OSError as error:
        raise CannotBind(
            f"cannot create receiving socket ({error.strerror}) for [{name}]"
        ) from None
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if spec.reuseport:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if spec.v6only is not None and family == socket.AF_INET6:
            sock.setsockopt(SOL_IPV6, IPV6_V6ONLY, int(spec.v6only))
        if spec.interface:
            _bind_to_device(sock, spec.interface, name)
        sock.bind((spec.host, spec.port))
    except OSError as error:
        sock.close()
        raise CannotBind(f"cannot bind socket ({error.strerror}) for [{name}]") from None
    except CannotBind:
        sock.close()
        raise
    return _listen(sock, spec, name) if listen else Bound(sock, spec)


def _bind_to_device(sock: socket.socket, interface: str, name: str) -> None:
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")
    except OSError as error:
        raise CannotBind(
            f"cannot bind listener to device '{interface}' ({error.strerror}) for [{name}]"
        ) from None


def _bind_path(spec: ListenerSpec) -> Bound:
    path = spec.host
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise CannotBind(f"socket path '{path}' too long (max {LONGEST_PATH})")
    temporary = Path(f"{path}.{os.getpid()}.tmp")
    backup = Path(f"{path}.{os.getpid()}.bak")
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    kept = ""
    try:
        temporary.unlink(missing_ok=True)
        backup.unlink(missing_ok=True)
        if Path(path).exists():
            os.link(path, backup)
            kept = str(backup)
        sock.bind(str(temporary))
        _set_permissions(str(temporary), spec)
        inode = _inode(str(temporary))
        sock.listen(spec.backlog)
        temporary.rename(path)
    except OSError as error:
        sock.close()
        for leftover in (temporary, backup):
            _remove(leftover)
        raise CannotBind(f"cannot bind UNIX socket ({error.strerror}) [{path}]") from None
    return Bound(sock, spec, inode, kept)


def _bind_abstract(spec: ListenerSpec) -> Bound:
    name = spec.host.encode()
    address = b"\0" + (name.ljust(107, b"\0") if spec.family == "abns" else name)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        sock.bind(address)
    except OSError as error:
        sock.close()
        raise CannotBind(
            f"cannot bind UNIX socket ({error.strerror}) [{spec.family}@{spec.host}]"
        ) from None
    return _listen(sock, spec, f"{spec.family}@{spec.host}")


def _inherit(spec: ListenerSpec) -> Bound:
    name = str(Address("fd", spec.host, spec.port))
    try:
        number = _inherited_number(spec)
        sock = socket.socket(fileno=os.dup(number))
    except LookupError as error:
        raise CannotBind(f"cannot use inherited socket ({error}) for [{name}]") from None
    except OSError as error:
        raise CannotBind(f"cannot use inherited socket ({error.strerror}) for [{name}]") from None
    if sock.type != socket.SOCK_STREAM:
        sock.close()
        raise CannotBind(f"cannot use inherited socket (not a stream socket) for [{name}]")
    sock.setblocking(False)
    bound = _listen(sock, spec, name)
    bound.came_from(number)
    return bound


def _inherited_number(spec: ListenerSpec) -> int:
    if not spec.host:
        return spec.port
    return find_passed(spec.host, spec.port, passed_sockets(os.environ, os.getpid()))


def _listen(sock: socket.socket, spec: ListenerSpec, name: str) -> Bound:
    try:
        sock.listen(spec.backlog)
    except OSError as error:
        sock.close()
        raise CannotBind(f"cannot listen to socket ({error.strerror}) for [{name}]") from None
    return Bound(sock, spec)


def _set_permissions(path: str, spec: ListenerSpec) -> None:
    if spec.uid is not None or spec.gid is not None:
        os.chown(
            path,
            -1 if spec.uid is None else spec.uid,
            -1 if spec.gid is None else spec.gid,
        )
    if spec.mode is not None:
        Path(path).chmod(spec.mode)


def _inode(path: str) -> tuple[int, int] | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return
