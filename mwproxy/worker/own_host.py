"""
Who runs a worker without a master: nobody. The process binds its own sockets, writes its pid file
and tells older processes to go.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from mwproxy.process.delegate import Delegate
from mwproxy.process.getsocks import NoTransfer, fetch_listeners
from mwproxy.process.listeners import ListenerSet
from mwproxy.process.pidfile import Pidfile, read_pidfile, restore_pidfile, write_pidfile
from mwproxy.process.ready_fd import ReadyFd
from mwproxy.process.settings import Settings
from mwproxy.process.sockets import ListenerSpec
from mwproxy.process.steering import LINGER, Newcomers
from mwproxy.process.succession import Succession
from mwproxy.process.system import detach_stdio
from mwproxy.worker.run import Surroundings
from mwproxy.worker.startup import StartFailed

if TYPE_CHECKING:
    from mwproxy.worker.service import WorkerService


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
        self._succession: Succession | None = None
        self._newcomers: Newcomers | None = None
        self._former = Pidfile()
        self._written_pids: list[int] = []
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
        self.write_pids([os.getpid()], settings.pidfile_mode)
        super().drop_privileges(settings)

    def write_pids(self, pids: Sequence[int], mode: int) -> None:
        """
        Write the pid file of a daemon.

        @param mode: Its permissions.

        @raise StartFailed: That failed; it was said.
        """
        path = self._settings.pidfile
        if not (self._settings.daemon and path):
            return
        former = read_pidfile(path)
        try:
            write_pidfile(path, *pids, mode=mode)
        except OSError:
            self.speaker.alert(f"[{self.program}.main()] Cannot create pidfile {path}")
            raise StartFailed(1) from None
        self._former = former
        self._written_pids = list(pids)

    def say_ready(self, facts: dict[str, Any]) -> None:
        """
        Do what is due once everything serves, in HAProxy's order.
        """
        self.listeners.commit(0)
        self.settle()
        self.speaker.quiet = self._settings.quiet
        from twisted.internet import reactor

        self._newcomers = Newcomers(self.listeners.sockets())
        self.take_over(reactor.callLater)
        self.listeners.let_go()

    def take_over(self, call_later: Callable[[float, Callable[[], object]], Any]) -> None:
        """
        Have older processes leave, then tell whoever waits for us.

        @param call_later: Calls a function after seconds.
        """
        hard = self._settings.old_hard
        self._succession = Succession(self._older, self.listeners, call_later, hard=hard)
        self._succession.begin(self._announce)

    def leave(self, service: WorkerService) -> None:
        """
        Have the worker begin its soft stop; where somebody has come to our ports, once connections
        go there.
        """
        if self._succession is not None:
            self._succession.cut_short()
        newcomers, self._newcomers = self._newcomers, None
        if newcomers is not None and newcomers.steer(service.sockets()):
            from twisted.internet import reactor

            reactor.callLater(LINGER, service.leave)
        else:
            service.leave()

    def forget(self) -> None:
        """
        Leave older processes, and those that wait, to the process that we were forked from.
        """
        self._older.forget()
        for fd in (self._launcher, self._settings.notify_fd):
            if fd >= 0:
                with contextlib.suppress(OSError):
                    os.close(fd)

    def _announce(self) -> None:
        if self._launcher >= 0:
            detach_stdio()
            self.speaker.quiet = True
            with contextlib.suppress(OSError):
                os.write(self._launcher, b"READY\n")
            os.close(self._launcher)
            self._launcher = -1
        elif self._settings.quiet:
            detach_stdio()
        self._ready_fd.tell()

    def say_paused(self, paused: bool) -> None:
        """
        Nobody needs to know.
        """

    def report(self, figures: dict[str, Any]) -> None:
        """
        Nobody wants to know.
        """

    def failed(self) -> None:
        """
        Undo what was begun: old names come back, paused processes go on.
        """
        self.listeners.undo()
        if self._written_pids:
            # The older processes go on.
            restore_pidfile(self._settings.pidfile, self._former, self._written_pids)
        self._older.resume()
        self._older.close()

    def closed(self) -> None:
        """
        Remove what was left in the file system.
        """
        self.listeners.close()
