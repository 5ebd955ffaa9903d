"""
Lines of programs to a syslog server (C{log-output ... to}): one datagram each, sent at once or not
at all, so that nobody waits for it.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Sequence

from mwproxy.config.log_line import parse_log
from mwproxy.process.log_lines import NOTICE, destination, open_socket
from mwproxy.process.system import System
from mwproxy.protocols.syslog import Formatter


class Syslog:
    """
    Where the lines of one instance go.
    """

    def __init__(self, system: System, words: Sequence[str], tag: str, pid: int) -> None:
        """
        @param words: What stands behind C{log} in a line of that name.

        @param tag: What the lines say they are from.

        @param pid: The program.
        """
        target = parse_log(list(words))
        self._system = system
        self._address = target.address
        self._wanted = target.level >= NOTICE
        self._severity = max(NOTICE, target.min_level)
        self._formatter = Formatter(
            target.format or "local", target.facility, tag=tag, pid=pid, length=target.length
        )
        self._socket: socket.socket | None = None

    def line(self, text: str) -> None:
        """
        Send a line, or lose it.
        """
        if not self._wanted:
            return
        wall = self._system.wall_clock()
        data = self._formatter.line(self._severity, wall, text.encode("utf-8", "replace"))
        with contextlib.suppress(OSError):
            if self._socket is None:
                self._socket = open_socket(self._address)
            self._socket.sendto(data.rstrip(b"\n"), destination(self._address))

    def close(self) -> None:
        """
        Send no more.
        """
        if self._socket is not None:
            self._socket.close()
            self._socket = None
