"""
Listening sockets that programs are given (C{listen-on}): made by the master, open over restarts and
reloads.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import replace

from mwproxy.config.model import Program
from mwproxy.config.program_settings import PassedSocket
from mwproxy.core.addresses import parse_address
from mwproxy.process.bind import Bound, bind
from mwproxy.process.inheritance import BoundFacts
from mwproxy.process.sockets import CannotBind, ListenerSpec

Key = tuple[str, str, int, str]


class PassedSockets:
    """
    The sockets of all programs.

    They wait (C{O_NONBLOCK} is off), as programs that get sockets from systemd find them.
    """

    def __init__(self) -> None:
        self._bound: dict[Key, Bound] = {}

    def take(self, programs: Iterable[Program]) -> None:
        """
        Make what is missing; all of it, or nothing.

        @raise CannotBind: The text names the program and the reason.
        """
        new: list[Key] = []
        for program in programs:
            for each in program.settings.passed:
                spec = spec_of(each)
                known = self._bound.get(spec.key)
                if known is not None and not known.is_gone():
                    known.adjust(spec)
                    continue
                try:
                    bound = bind(spec)
                except CannotBind as error:
                    for key in new:
                        self._bound.pop(key).undo()
                    raise CannotBind(f"program '{program.name}' : {error}") from None
                bound.sock.setblocking(True)
                if known is not None:
                    known.close()
                else:
                    new.append(spec.key)
                self._bound[spec.key] = bound

    def descriptors(self, program: Program) -> list[int]:
        """
        List what a program is given, in the order of its lines.

        @raise CannotBind: One is not there, and cannot be made.
        """
        self.take([program])
        keys = [spec_of(each).key for each in program.settings.passed]
        return [self._bound[key].sock.fileno() for key in keys]

    def keep(self, programs: Iterable[Program]) -> None:
        """
        Close those that none of these programs has.
        """
        wanted = {spec_of(each).key for program in programs for each in program.settings.passed}
        for key in self._bound.keys() - wanted:
            self._bound.pop(key).close()
        for bound in self._bound.values():
            bound.commit()

    def has(self, spec: ListenerSpec) -> bool:
        """
        Tell whether a program is given this address: ports can be shared, so the kernel would let
        it be bound once more, and each would get some of the clients.
        """
        return spec.key in self._bound

    def facts(self) -> list[BoundFacts]:
        """
        Note what another image of this process needs to go on.
        """
        return [each.facts() for each in self._bound.values()]

    def inherit(self, facts: Iterable[BoundFacts]) -> None:
        """
        Go on with the sockets of a former image.
        """
        for each in facts:
            try:
                spec = ListenerSpec.from_json(each.spec)
                # Not switched to non-blocking for a moment: programs are waiting on them.
                sock = socket.socket(fileno=each.fd)
            except (OSError, TypeError, ValueError):
                continue
            sock.set_inheritable(False)
            inode = (each.inode[0], each.inode[1]) if len(each.inode) == 2 else None
            self._bound[spec.key] = Bound(sock, spec, inode, each.backup)

    def close(self) -> None:
        """
        Close all.
        """
        self.keep(())


def spec_of(passed: PassedSocket) -> ListenerSpec:
    """
    Write down how a socket is made.
    """
    address = parse_address(passed.address)
    spec = ListenerSpec(address.family, address.host, address.port)
    return replace(spec, mode=passed.mode)
