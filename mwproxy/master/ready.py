"""
What happens once a configuration is served: pid file, older processes, launcher, service manager.
"""

from __future__ import annotations

import contextlib
import os

from mwproxy.master.instance import Instance
from mwproxy.process.discovery import Discovery
from mwproxy.process.messages import let_go_of_terminal
from mwproxy.process.pidfile import remove_pidfile, write_pidfile
from mwproxy.process.ready_fd import ReadyFd
from mwproxy.process.succession import Succession


class Announcer:
    """
    Tells the world that all is well.
    """

    def __init__(self, instance: Instance, launcher: int = -1) -> None:
        """
        @param launcher: Pipe of who waits for a daemon to be ready, -1 for nobody.
        """
        self._instance = instance
        self._launcher = launcher
        self._first = True
        self._pidfile = ""
        self._succession: Succession | None = None
        self._ready_fd = ReadyFd(instance.settings.notify_fd)

    @property
    def pidfile(self) -> str:
        """
        The pid file that was written, empty for none.
        """
        return self._pidfile

    def inherit(self, pidfile: str) -> None:
        """
        Go on with what a former image of the master has told.
        """
        self._first = False
        self._pidfile = pidfile

    def ready(self, discovery: Discovery) -> None:
        """
        Tell it, in the order that HAProxy keeps.
        """
        instance = self._instance
        first, self._first = self._first, False
        settings = discovery.settings
        if settings.pidfile:
            self._write(settings.pidfile, discovery.global_.pidfile_mode)
        if first and instance.older is not None:
            call_later = instance.system.call_later
            hard = settings.old_hard
            self._succession = Succession(instance.older, instance.listeners, call_later, hard=hard)
            self._succession.begin()
            instance.older = None
        instance.speaker.notice("Loading success.")
        if first and self._launcher >= 0:
            with contextlib.suppress(OSError):
                os.write(self._launcher, b"READY\n")
            os.close(self._launcher)
            self._launcher = -1
            let_go_of_terminal()
        if first and (settings.daemon or settings.quiet):
            instance.speaker.quiet = True
        if first and settings.quiet and not (settings.daemon or settings.under_twistd):
            let_go_of_terminal()
        self._ready_fd.tell()
        again = instance.system.wall_clock() if instance.reloads else None
        instance.manager.ready(instance.system.pid, again)

    def leaving(self) -> None:
        """
        Keep no sockets for the sake of older processes: the master stops listening.
        """
        if self._succession is not None:
            self._succession.cut_short()

    def stopped(self) -> None:
        """
        Take back what was left in the file system.
        """
        if self._pidfile:
            remove_pidfile(self._pidfile, self._instance.system.pid)

    def _write(self, path: str, mode: int) -> None:
        try:
            write_pidfile(path, self._instance.system.pid, mode=mode)
        except OSError as error:
            self._instance.speaker.warning(f"Cannot create pidfile {path} ({error.strerror})")
            return
        if self._pidfile and self._pidfile != path:
            remove_pidfile(self._pidfile, self._instance.system.pid)
        self._pidfile = path
