"""
The listening sockets of an instance: bound once, shared by the generations that use them.

A generation takes what its configuration names. When it is READY it is committed; when it failed
or its last worker is gone it is released, and what no other generation uses is closed. A socket
that only a failed generation used disappears without a trace.
"""

from __future__ import annotations

import errno
import os
import socket
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mwproxy.process.bind import Bound, adopt, bind, lend_descriptor
from mwproxy.process.delegate import Predecessors
from mwproxy.process.sockets import LOG, CannotBind, ListenerSpec

if TYPE_CHECKING:
    from mwproxy.process.inheritance import ListenerFacts

Key = tuple[str, str, int, str]
#: How often, and how many seconds apart, ports are tried that older processes are asked to release.
MOST_TRIES = 200
TRY_AGAIN = 0.01


class ListenerSet:
    """
    Bound sockets by key, and who uses them.
    """

    def __init__(self) -> None:
        self._bound: dict[Key, Bound] = {}
        self._users: dict[Key, set[int]] = {}
        self._replaced: list[tuple[set[int], Bound]] = []
        self._committed: set[int] = set()
        self._given: dict[Key, socket.socket] = {}
        self._older: Predecessors | None = None
        self._tries = 0

    def ask(self, older: Predecessors | None) -> None:
        """
        Have a port that is in use asked of older processes, before it is said that it is.

        @param older: Are paused, L{None} to ask nobody any more.
        """
        self._older = older
        self._tries = 0

    def give(self, sockets: dict[Key, socket.socket]) -> None:
        """
        Use these instead of binding; what no one wants by the first L{commit} is closed.

        @param sockets: Listening sockets of an older process.
        """
        self._given.update(sockets)

    def facts(self) -> tuple[list[ListenerFacts], list[int]]:
        """
        Note what another image of this process needs to go on.

        @return: The sockets, and the generations that were READY.
        """
        # A master has that already; nobody else needs it.
        from mwproxy.process.inheritance import ListenerFacts

        found = [
            ListenerFacts(bound.facts(), sorted(self._users[key]))
            for key, bound in self._bound.items()
        ]
        found += [
            ListenerFacts(bound.facts(), sorted(users), replaced=True)
            for users, bound in self._replaced
        ]
        return found, sorted(self._committed)

    def inherit(self, facts: list[ListenerFacts], committed: list[int]) -> None:
        """
        Go on with the sockets of a former image.
        """
        self._committed.update(committed)
        for each in facts:
            bound = Bound.inherited(each.bound)
            if bound is None:
                continue
            if each.replaced:
                self._replaced.append((set(each.users), bound))
            else:
                self._bound[bound.spec.key] = bound
                self._users[bound.spec.key] = set(each.users)

    def take(self, spec: ListenerSpec, generation: int, *, paused: bool = False) -> int:
        """
        Get the socket for a C{bind}, made now unless a generation has it already.

        @param paused: A port that is new shall not listen yet.

        @return: A descriptor that stays ours.

        @raise CannotBind: With the operator's message.
        """
        if spec.family == LOG:
            return lend_descriptor(spec.port)
        bound = self._bound.get(spec.key)
        if bound is not None and bound.is_gone():
            self._replaced.append((self._users.pop(spec.key), self._bound.pop(spec.key)))
            bound = None
        if bound is None:
            given = self._take_given(spec)
            bound = self._bind(spec, paused) if given is None else adopt(given, spec)
            self._bound[spec.key] = bound
            self._users[spec.key] = set()
        elif spec != bound.spec:
            bound.adjust(spec)
        self._users[spec.key].add(generation)
        return bound.sock.fileno()

    def commit(self, generation: int) -> None:
        """
        Note that a generation is READY: what its sockets replaced is given up.
        """
        self._committed.add(generation)
        self._drop_given()
        for key, users in self._users.items():
            if generation in users:
                self._bound[key].commit()

    def release(self, generation: int) -> None:
        """
        Note that a generation is gone, or failed.
        """
        served = generation in self._committed
        self._committed.discard(generation)
        for key in list(self._users):
            users = self._users[key]
            if generation not in users:
                continue
            users.discard(generation)
            if not users:
                del self._users[key]
                bound = self._bound.pop(key)
                if served:
                    bound.close()
                else:
                    bound.undo()
        for entry in list(self._replaced):
            entry[0].discard(generation)
            if not entry[0]:
                self._replaced.remove(entry)
                entry[1].close()

    def close(self) -> None:
        """
        Close everything, and remove the paths that are still ours.
        """
        for bound in [*self._bound.values(), *(bound for _, bound in self._replaced)]:
            bound.close()
        self._bound.clear()
        self._users.clear()
        self._replaced.clear()
        self._drop_given()

    def let_go(self) -> None:
        """
        Close our own descriptors: whoever uses the sockets has copies. Paths stay ours.
        """
        for bound in self._bound.values():
            bound.let_go()

    def disown(self) -> None:
        """
        Close our own descriptors, and forget the sockets: others look after them and their paths.
        """
        for bound in self._bound.values():
            bound.disown()
        self._bound.clear()
        self._users.clear()
        self._drop_given()

    def _bind(self, spec: ListenerSpec, paused: bool) -> Bound:
        while True:
            try:
                return bind(spec, paused=paused)
            except CannotBind as error:
                if os.strerror(errno.EADDRINUSE) not in str(error) or not self._ask_again():
                    raise

    def _ask_again(self) -> bool:
        """
        Ask older processes for their ports, and give them time.

        @return: Whether it is worth to try again.
        """
        if self._older is None or self._tries >= MOST_TRIES:
            return False
        self._tries += 1
        asked = self._older.pause()
        # Nothing else is to be done before all sockets are there.
        time.sleep(TRY_AGAIN)  # noqa: TID251
        # The last of them may just have gone.
        return asked or self._tries == 1

    def _take_given(self, spec: ListenerSpec) -> socket.socket | None:
        """
        Find what an older process gave, if it is as it should be.
        """
        sock = self._given.pop(canonical(spec).key, None)
        if sock is None:
            return None
        if spec.family == "ipv6" and spec.v6only is not None:
            suits = bool(sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)) is spec.v6only
        else:
            # The socket of a path that somebody removed cannot be reached any more.
            suits = spec.family != "unix" or Path(spec.host).is_socket()
        if not suits:
            sock.close()
            return None
        return sock

    def _drop_given(self) -> None:
        for sock in self._given.values():
            sock.close()
        self._given.clear()

    def undo(self) -> None:
        """
        Close everything after a start that failed: what was there before comes back.
        """
        for bound in self._bound.values():
            bound.undo()
        self._bound.clear()
        self._users.clear()

    def generations(self) -> set[int]:
        """
        Tell who uses any of them.
        """
        users = [*self._users.values(), *(users for users, _ in self._replaced)]
        return set().union(*users)

    def sockets(self) -> list[socket.socket]:
        """
        List the sockets, in the order of binding.
        """
        return [bound.sock for bound in self._bound.values()]

    def specs(self) -> list[ListenerSpec]:
        """
        List what is bound, in the order of binding.
        """
        return [bound.spec for bound in self._bound.values()]


def canonical(spec: ListenerSpec) -> ListenerSpec:
    """
    Write an address as the kernel tells it.
    """
    if spec.family not in ("ipv4", "ipv6"):
        return spec
    family = socket.AF_INET6 if spec.family == "ipv6" else socket.AF_INET
    try:
        return replace(spec, host=socket.inet_ntop(family, socket.inet_pton(family, spec.host)))
    except OSError:
        return spec
