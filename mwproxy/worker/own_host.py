"""
Who runs a worker without a master: nobody. The process binds its own sockets, writes its pid file
and tells older processes to go.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterable, Sequence
from typing import Any

from mwproxy.process.delegate import Delegate
from mwproxy.process.getsocks import NoTransfer, fetch_listeners
from mwproxy.process.listeners import ListenerSet
from mwproxy.process.pidfile import read_pidfile, write_pidfile
from mwproxy.process.ready_fd import ReadyFd
from mwproxy.process.settings import Settings
from mwproxy.process.sockets import ListenerSpec
from mwproxy.process.steering import LINGER, UNSTEER_AFTER, steer, unsteer
from mwproxy.process.system import detach_stdio
from mwproxy.worker.run import Surroundings
from mwproxy.worker.startup import StartFailed


class OwnHost(Surroundings):
    """
    Nobody, as a L{Host<mwproxy.worker.host.Host>}.

    @ivar listeners: The sockets.
    """

    under_master = False

    def __init__(self, settings: Settings, launcher: int = -1, own: Iterable[int] = ()) -> None:
        """
        Look at the older processes; this forks (L{Delegate}).

        @param settings: Joined with what the configuration says.

        @param launcher: Pipe of who waits for a daemon to be ready, -1 for nobody.

        @param own: Processes of this start.
        """
        super().__init__()
        self.call_program(settings.argv0)
        self.speaker.quiet = settings.quiet
        self.listeners = ListenerSet()
        self._settings = settings
        self._launcher = launcher
        self._ready_fd = ReadyFd(settings.notify_fd)
        self._steered: list[socket.socket] = []
        self._waiting: list[Any] = []
        self._former_pids: list[int] = []
        self._wrote_pids = False
        self._older = Delegate(settings.old_pids, self.speaker.warning, own=own)
        if self._older:
            self.listeners.ask(self._older)

    def fetch(self) -> bool:
        """
        Take over the sockets of an older process (C{-x}).

        @return: Whether that went well, or was not asked for; if not it was said.
        """
        path = self._settings.transfer_socket
        if not path or path == os.devnull:
            return True
        try:
            self.listeners.give(fetch_listeners(path))
        except NoTransfer as error:
            self.speaker.warning(str(error))
            self.speaker.alert("Failed to get the sockets from the old process!")
            self._older.close()
            return False
        return True

    async def get_listener(self, spec: ListenerSpec) -> int:
        """
        Bind, or use what an older process gave. A port that an older process of C{-sf} holds is
        asked for (SIGTTOU) until it is free.

        @return: A descriptor that the caller now owns.

        @raise CannotBind: With the text that operators see.
        """
        return os.dup(self.listeners.take(spec, 0))

    def drop_privileges(self, settings: Any) -> None:
        """
        Write the pid file while that is still allowed, then give up rights.

        @raise StartFailed: That failed; it was said.
        """
        self.write_pids([os.getpid()])
        super().drop_privileges(settings)

    def write_pids(self, pids: Sequence[int]) -> None:
        """
        Write the pid file of a daemon.

        @raise StartFailed: That failed; it was said.
        """
        path = self._settings.pidfile
        if not (self._settings.daemon and path):
            return
        former = read_pidfile(path)
        try:
            write_pidfile(path, *pids)
        except OSError:
            self.speaker.alert(f"[{self.program}.main()] Cannot create pidfile {path}")
            raise StartFailed(1) from None
        self._former_pids = former
        self._wrote_pids = True

    def say_ready(self, facts: dict[str, Any]) -> None:
        """
        Do what is due once everything serves, in HAProxy's order.
        """
        self.listeners.commit(0)
        self.listeners.ask(None)
        self._steered = self.take_all()
        self.listeners.let_go()
        self.settle()
        self.speaker.quiet = self._settings.quiet or self._launcher >= 0
        if not self._steered:
            self._over()
            return
        from twisted.internet import reactor

        call_later = reactor.callLater
        self._waiting = [call_later(LINGER, self._over), call_later(UNSTEER_AFTER, self._unsteer)]

    def take_all(self) -> list[socket.socket]:
        """
        Have all new connections of shared ports come to us, where older processes have them too.

        @return: Sockets for which that was done, to be undone when the others are gone.
        """
        sockets = self.listeners.sockets() if self._older else []
        return [sock.dup() for sock in steer(sockets)]

    def leaving(self) -> None:
        """
        We are asked to leave ourselves: nothing must keep our sockets open.
        """
        pending = [call for call in self._waiting if call.active()]
        self._waiting.clear()
        for call in pending:
            call.cancel()
        if len(pending) > 1:
            self._over()
        for sock in self._steered:
            sock.close()

    def _unsteer(self) -> None:
        unsteer(self._steered)
        for sock in self._steered:
            sock.close()

    def _over(self) -> None:
        self.dismiss_older()
        if self._launcher >= 0:
            detach_stdio()
        self.announce()

    def dismiss_older(self) -> None:
        """
        Have older processes leave: everything serves.
        """
        self._older.leave(hard=self._settings.old_hard)

    def forget(self) -> None:
        """
        Leave older processes, and those that wait, to the process that we were forked from.
        """
        self._older.forget()
        for fd in (self._launcher, self._settings.notify_fd):
            if fd >= 0:
                with contextlib.suppress(OSError):
                    os.close(fd)

    def announce(self) -> None:
        """
        Tell whoever waits for us.
        """
        if self._launcher >= 0:
            with contextlib.suppress(OSError):
                os.write(self._launcher, b"READY\n")
            os.close(self._launcher)
            self._launcher = -1
        self._ready_fd.tell()

    def report(self, figures: dict[str, Any]) -> None:
        """
        Nobody wants to know.
        """

    def failed(self) -> None:
        """
        Undo what was begun: old names come back, paused processes go on.
        """
        self.listeners.undo()
        if self._wrote_pids:
            # The older processes go on.
            with contextlib.suppress(OSError):
                write_pidfile(self._settings.pidfile, *self._former_pids)
        self._older.resume()
        self._older.close()

    def closed(self) -> None:
        """
        Remove what was left in the file system.
        """
        self.listeners.close()
