"""
Several processes without a master (C{nbproc} of a daemon).

A starter reads the configuration, binds everything once, and forks the processes, which share what
it read and what it bound; each leads a session of its own. They wait until the starter has written
the pid file, with a line for each, and tell it when they serve. When all do, it tells older
processes to leave, tells whoever waits for the daemon, and ends. When one of them cannot, it
ends them all, and everything is as before.

Nobody watches them afterwards: as with HAProxy, that is what a master is for.
"""

from __future__ import annotations

import contextlib
import gc
import os
import socket
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from signal import SIGTERM
from typing import TYPE_CHECKING, Any

from mwproxy.config.model import Configuration
from mwproxy.process.settings import Settings
from mwproxy.process.steering import LINGER, UNSTEER_AFTER, Newcomers, unsteer
from mwproxy.process.system import System, detach_stdio, exit_text, fork
from mwproxy.worker.binding import open_sockets
from mwproxy.worker.order import Order
from mwproxy.worker.own_host import OwnHost
from mwproxy.worker.run import end_now
from mwproxy.worker.startup import StartFailed, read_configuration

if TYPE_CHECKING:
    from mwproxy.worker.service import WorkerService

_GO, _READY = b"G", b"R"


class Member(OwnHost):
    """
    The surroundings of one of several processes.
    """

    def __init__(
        self, starter: OwnHost, settings: Settings, number: int, sock: socket.socket
    ) -> None:
        """
        @param starter: That of the process which was forked: the sockets are its.

        @param number: Relative number of this process.

        @param sock: Leads to the starter.
        """
        super().__init__(replace(settings, old_pids=(), notify_fd=-1))
        self.listeners = starter.listeners
        self.startup_log[:] = starter.startup_log
        self._number = number
        self._sock = sock
        self._steers = number == 1 and bool(settings.old_pids)
        self._copies: list[socket.socket] = []
        starter.forget()

    def say(self, text: str) -> None:
        """
        Print a message. What the processes have in common is said by the first of them.
        """
        quiet = self.speaker.quiet
        same = not self.ready and self._number > 1 and not text.startswith("[ALERT]")
        self.speaker.quiet = quiet or same
        super().say(text)
        self.speaker.quiet = quiet

    def drop_privileges(self, settings: Any) -> None:
        """
        Wait until the pid file is written, then give up rights.

        @raise StartFailed: That failed; it was said.
        """
        if self._sock.recv(1) != _GO:
            # The starter gave up, and said why.
            end_now(1)
        super().drop_privileges(settings)

    def write_pids(self, pids: object, mode: int) -> None:
        """
        Leave that to the starter.
        """

    def say_ready(self, facts: dict[str, Any]) -> None:
        """
        Tell the starter.
        """
        if self._steers:
            self._copies = [sock.dup() for sock in self.listeners.sockets()]
        self._newcomers = Newcomers(self.listeners.sockets())
        self.listeners.disown()
        self.settle()
        detach_stdio()
        self.speaker.quiet = True
        try:
            self._sock.sendall(_READY)
        except OSError:
            # Killed: whoever started us was told that it failed.
            end_now(1)
        self._sock.close()
        if self._copies:
            from twisted.internet import reactor

            reactor.callLater(UNSTEER_AFTER, self._unsteer)

    def leave(self, service: WorkerService) -> None:
        """
        Keep nothing open that a soft stop closes.
        """
        self._close_copies()
        super().leave(service)

    def _unsteer(self) -> None:
        # The starter, which told the kernel, is gone by now, and so are older processes.
        unsteer(self._copies)
        self._close_copies()

    def _close_copies(self) -> None:
        for sock in self._copies:
            sock.close()
        self._copies.clear()

    def failed(self) -> None:
        """
        Leave everything to the starter, which sees our end.
        """

    def closed(self) -> None:
        """
        Leave paths to siblings, who may still use them.
        """


@dataclass(frozen=True, slots=True)
class Birth:
    """
    What one of the processes begins with.

    @ivar configuration: As it was read once.
    """

    host: Member
    order: Order
    configuration: Configuration


@dataclass(frozen=True, slots=True)
class _Child:
    number: int
    pid: int
    sock: socket.socket


def start_several(host: OwnHost, settings: Settings, order: Order) -> Birth | int:
    """
    Start the processes.

    @param host: That of the starter.

    @param settings: Joined with what the configuration says.

    @param order: What they all become, and how many there are.

    @return: In each of them what it begins with; in the starter its exit status.
    """
    children: list[_Child] = []
    try:
        configuration, diagnostics = read_configuration(order, host)
        coming = open_sockets(
            configuration, host.get_listener, diagnostics, program=host.program, process=0
        )
        opened = run_at_once(coming)
        for each in opened:
            os.close(each.fd)
        # What exists now is shared by all: collections must not touch it.
        gc.collect()
        gc.freeze()
        for number in range(1, order.processes + 1):
            ours, theirs = socket.socketpair()
            pid = fork()
            if not pid:
                ours.close()
                for child in children:
                    child.sock.close()
                os.setsid()
                member = Member(host, settings, number, theirs)
                return Birth(member, replace(order, process=number), configuration)
            theirs.close()
            children.append(_Child(number, pid, ours))
        _begin(host, children, configuration.global_.pidfile_mode)
    except (StartFailed, OSError) as error:
        status = error.status if isinstance(error, StartFailed) else 1
        if isinstance(error, OSError):
            host.speaker.alert(f"[{host.program}.main()] Cannot fork ({error.strerror}).")
        _end(host, children)
        host.failed()
        return status
    host.take_over(_later)
    host.listeners.disown()
    return 0


def _later(seconds: float, function: Callable[[], object]) -> None:
    """
    Call a function after a while in a process that has nothing else to do, but does not stay.
    """
    if seconds <= LINGER:
        time.sleep(seconds)  # noqa: TID251
        function()


def _begin(host: OwnHost, children: list[_Child], pidfile_mode: int) -> None:
    """
    Write the pid file and let the processes begin.

    @param pidfile_mode: Permissions of that file.

    @raise StartFailed: One of them cannot.
    """
    host.write_pids([child.pid for child in children], pidfile_mode)
    for child in children:
        with contextlib.suppress(OSError):
            child.sock.sendall(_GO)
    for child in children:
        try:
            answer = child.sock.recv(1)
        except OSError:
            answer = b""
        if answer != _READY:
            _, raw = os.waitpid(child.pid, 0)
            status = os.waitstatus_to_exitcode(raw)
            status = 128 - status if status < 0 else status
            children.remove(child)
            host.speaker.alert(
                f"Process #{child.number} ({child.pid}) exited with code {status}"
                f" ({exit_text(status)})"
            )
            raise StartFailed(status or 1)
    host.listeners.commit(0)


def _end(host: OwnHost, children: list[_Child]) -> None:
    system = System(None)
    for child in children:
        child.sock.close()
        system.kill(child.pid, SIGTERM)
    for child in children:
        os.waitpid(child.pid, 0)


def run_at_once(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """
    Run something that may wait, where it never does.

    @return: Its result.
    """
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise RuntimeError("there is nothing that could wait here")
