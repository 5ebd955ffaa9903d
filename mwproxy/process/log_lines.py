"""
Lines of the master for C{log} targets of C{global}: datagrams, standard output and error. Each is
sent at once or not at all, so that nobody waits for it.

A target by name is left out: looking it up could hold the master's work up.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
from typing import Any

from mwproxy.config.log_line import parse_log
from mwproxy.config.model import Global, LogTarget
from mwproxy.core.addresses import Address, parse_address
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.values import BadValue
from mwproxy.process.system import System
from mwproxy.protocols.syslog import Formatter

#: What lines of the audit are.
NOTICE = 5


class LogLines:
    """
    The C{log} lines of C{global} at work.
    """

    def __init__(self, system: System) -> None:
        """
        @param system: Tells time and pid.
        """
        self._system = system
        self._from: tuple[str, str, str | None] | None = None
        self._targets: list[_Target] = []

    def notice(self, settings: Global, text: str) -> None:
        """
        Send a line, or lose it.

        @param settings: What is served; C{log}, C{log-tag} and C{log-send-hostname} count.
        """
        source = settings.log_lines, settings.log_tag, settings.log_send_hostname
        if source != self._from:
            self.close()
            self._from = source
            self._targets = _targets(self._system, *source)
        wall = self._system.wall_clock()
        data = text.encode("utf-8", "replace")
        for target in self._targets:
            target.send(wall, data)

    def close(self) -> None:
        """
        Close all sockets.
        """
        for target in self._targets:
            target.close()
        self._targets = []
        self._from = None


class _Target:
    """
    One target.
    """

    def __init__(self, target: LogTarget, formatter: Formatter) -> None:
        self._address = target.address
        self._severity = max(NOTICE, target.min_level)
        self._formatter = formatter
        self._socket: socket.socket | None = None

    def send(self, wall: float, text: bytes) -> None:
        """
        Send a line, or lose it.
        """
        line = self._formatter.line(self._severity, wall, text)
        with contextlib.suppress(OSError):
            if self._address.family == "fd":
                _write(self._address.port, line)
                return
            if self._socket is None:
                self._socket = open_socket(self._address)
            self._socket.sendto(line.rstrip(b"\n"), destination(self._address))

    def close(self) -> None:
        """
        Send no more.
        """
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _targets(system: System, lines: str, tag: str, hostname: str | None) -> list[_Target]:
    form = "local" if hostname is None else "rfc3164"
    found = []
    for line in lines.splitlines():
        words = line.split("\0")
        try:
            if words[0] not in ("stdout", "stderr") and _is_name(words[0]):
                continue
            target = parse_log(words, is_global=True)
        except (ConfigError, BadValue):
            # A worker has said so.
            continue
        if target.level >= NOTICE and (
            target.address.family != "fd" or target.address.port in (1, 2)
        ):
            formatter = Formatter(
                target.format or form,
                target.facility,
                tag=tag or "haproxy",
                pid=system.pid,
                hostname=hostname or "",
                length=target.length,
            )
            found.append(_Target(target, formatter))
    return found


def _is_name(word: str) -> bool:
    return parse_address(word, default_port=514).family == "name"


def _write(fd: int, line: bytes) -> None:
    """
    Write to a descriptor that others share, if it takes the line now.
    """
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    if any(events & select.POLLOUT for _, events in poll.poll(0)):
        os.write(fd, line[: select.PIPE_BUF])


def open_socket(address: Address) -> socket.socket:
    """
    Make a socket for datagrams to an address.

    @raise OSError: There is none to be had.
    """
    families = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}
    found = socket.socket(families.get(address.family, socket.AF_UNIX), socket.SOCK_DGRAM)
    found.setblocking(False)
    return found


def destination(address: Address) -> Any:
    """
    Write an address as the socket wants it.
    """
    if address.is_ip:
        return (address.host, address.port)
    return address.host if address.family == "unix" else f"\0{address.host}"
