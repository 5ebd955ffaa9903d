"""
Where log lines go: descriptors, UNIX datagram sockets, UDP.

Nothing here ever blocks. Lines are kept until L{LogTargets.flush}, which the worker's reactor
calls at the end of each turn, so that the lines of a turn share system calls. A stream that is
full keeps what it did not take, up to L{BACKLOG} bytes; whole lines that find no room, or that a
datagram socket refuses, are counted in C{dropped_logs} of the worker.

Standard output is shared with others (the shell, the master), so its descriptor is never made
non-blocking: pipes and terminals are opened anew through C{/proc}, sockets are asked per call, and
whatever cannot be opened is polled before each write of at most C{PIPE_BUF} bytes.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import stat
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from mwproxy.config.model import LogTarget
from mwproxy.core.addresses import Address
from mwproxy.live.proxies import LogSink, WorkerState
from mwproxy.protocols.syslog import Formatter

#: Most bytes kept for a stream that does not take them.
BACKLOG = 65536
#: Lines are sent before the end of a turn when this many bytes wait.
EAGER = 32768

#: Standard output and error, which every process has.
_STANDARD = (1, 2)
_PIPE_BUF = select.PIPE_BUF
_FLAGS = int(socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
_SYSLOG_PORT = 514
_Destination = tuple[Any, ...] | str


class Output(ABC):
    """
    One place that lines go to.

    @ivar size: How many bytes were taken since the last flush.
    """

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self.size = 0

    def write(self, line: bytes) -> None:
        """
        Take a line.

        @param line: With its line feed.
        """
        self._lines.append(line)
        self.size += len(line)

    @property
    def waiting(self) -> bool:
        """
        Whether something is left to be sent.
        """
        return bool(self._lines)

    @abstractmethod
    def flush(self) -> int:
        """
        Send what was taken, as far as possible.

        @return: How many lines were lost.
        """

    @abstractmethod
    def close(self) -> None:
        """
        Give the descriptor back. What could not be sent is gone.
        """


class StreamOutput(Output):
    """
    A pipe, terminal, file or stream socket.
    """

    def __init__(self, fd: int) -> None:
        """
        @param fd: The descriptor; the caller keeps it.

        @raise OSError: It is not open.
        """
        super().__init__()
        self._rest = b""
        self._poll: select.poll | None = None
        self._socket: socket.socket | None = None
        mode = os.fstat(fd).st_mode
        self._atomic = stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)
        if stat.S_ISSOCK(mode):
            self._socket = socket.socket(fileno=os.dup(fd))
            self._fd = self._socket.fileno()
        elif self._atomic:
            try:
                flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
                self._fd = os.open(f"/proc/self/fd/{fd}", flags)
            except OSError:
                self._fd = os.dup(fd)
                self._poll = select.poll()
                self._poll.register(self._fd, select.POLLOUT)
        else:
            # A file: writing never waits, and opening it anew would lose the common position.
            self._fd = os.dup(fd)

    @property
    def waiting(self) -> bool:
        """
        Whether something is left to be sent.
        """
        return bool(self._lines or self._rest)

    def flush(self) -> int:
        """
        Send what was taken, as far as possible.

        @return: How many lines were lost.
        """
        if not self._lines and not self._rest:
            return 0
        data = self._rest + b"".join(self._lines)
        self._lines.clear()
        self.size = 0
        try:
            sent = self._send(data)
        except OSError:
            # Closed, or the disk is full: nothing of it can be expected to work later.
            lost = data.count(b"\n")
            self._rest = b""
            return lost
        return self._keep(data[sent:])

    def _send(self, data: bytes) -> int:
        sent = 0
        try:
            while sent < len(data):
                if self._poll is not None and not self._poll.poll(0):
                    break
                piece = self._piece(data, sent)
                if self._socket is not None:
                    sent += self._socket.send(piece, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
                else:
                    sent += os.write(self._fd, piece)
        except BlockingIOError:
            pass
        return sent

    def _piece(self, data: bytes, start: int) -> bytes:
        # Whole lines in writes that a pipe takes as one, so that processes that share
        # it do not break each other's lines.
        end = start + _PIPE_BUF
        if not self._atomic or end >= len(data):
            return data[start:] if start else data
        return data[start : data.rfind(b"\n", start, end) + 1 or end]

    def _keep(self, rest: bytes) -> int:
        # The cut is behind the first line at least, which may have been begun: lines are
        # shorter than the backlog.
        cut = len(rest)
        if cut > BACKLOG:
            cut = rest.rfind(b"\n", 0, BACKLOG) + 1
        self._rest = rest[:cut]
        return rest.count(b"\n", cut)

    def close(self) -> None:
        """
        Give the descriptor back.
        """
        if self._socket is not None:
            self._socket.close()
        else:
            os.close(self._fd)


class DatagramOutput(Output):
    """
    A syslog server behind a UNIX datagram socket or UDP; one datagram per line.

    A UNIX path is looked up each time, so that a restarted syslog server is found again. Over UDP
    the socket is connected, which is quicker; errors of the past do not cost a line of the present.
    """

    def __init__(self, sender: socket.socket, destination: _Destination | None = None) -> None:
        """
        @param sender: The socket, which is taken over.

        @param destination: As C{sendto} wants it, L{None} when the socket is connected.
        """
        super().__init__()
        self._socket = sender
        self._destination = destination
        if isinstance(destination, tuple):
            with suppress(OSError):  # there may be no way yet; see flush
                sender.connect(destination)

    def flush(self) -> int:
        """
        Send what was taken.

        @return: How many lines were refused.
        """
        lost = 0
        send = self._socket.send
        path = self._destination if isinstance(self._destination, str) else None
        for line in self._lines:
            try:
                if path is None:
                    send(line, _FLAGS)
                else:
                    self._socket.sendto(line, _FLAGS, path)
            except BlockingIOError:
                lost += 1
            except OSError:
                lost += self._send_anew(line)
        self._lines.clear()
        self.size = 0
        return lost

    def _send_anew(self, line: bytes) -> int:
        """
        Send a line after an error, which may be that of an earlier line, or tell of another way to
        take.

        @return: 1 if it is lost.
        """
        if not isinstance(self._destination, tuple):
            return 1
        try:
            self._socket.connect(self._destination)
            self._socket.send(line, _FLAGS)
        except OSError:
            return 1
        return 0

    def close(self) -> None:
        """
        Close the socket.
        """
        self._socket.close()


class LogTargets:
    """
    The targets of all proxies of a worker. Proxies that log to the same address share its
    socket.

    @ivar waiting: True while there is something to L{flush}.
    """

    def __init__(
        self,
        state: WorkerState,
        *,
        pid: int,
        now_wall: Callable[[], float],
        hostname: str = "",
        descriptors: Mapping[int, int] | None = None,
    ) -> None:
        """
        @param state: Its C{dropped_logs} counts lines that were lost.

        @param pid: What lines give as theirs.

        @param now_wall: Tells seconds since the epoch.

        @param hostname: What C{log-send-hostname} says, empty without it.

        @param descriptors: The numbers here of descriptors that the files name; L{None} when they
            are the same.
        """
        self._state = state
        self._pid = pid
        self._now_wall = now_wall
        self._hostname = hostname
        self._descriptors = descriptors
        self._outputs: dict[Address, Output] = {}
        self.waiting = False

    def sink_for(self, targets: list[LogTarget], tag: str) -> LogSink | None:
        """
        Make the function that logs to some targets. Sockets and descriptors are opened
        here, before rights are given up.

        @param targets: The C{log} lines of a proxy.

        @param tag: Its C{log-tag}.

        @return: The function, L{None} when there are no targets.

        @raise OSError: A target cannot be used.
        """
        sinks = [self._sink(target, tag) for target in targets]
        if not sinks:
            return None
        if len(sinks) == 1:
            return sinks[0]

        def log(severity: int, text: bytes) -> None:
            for sink in sinks:
                sink(severity, text)

        return log

    def flush(self) -> None:
        """
        Send all lines that were taken.
        """
        if not self.waiting:
            return
        self.waiting = False
        for output in self._outputs.values():
            if output.waiting:
                self._state.dropped_logs += output.flush()
                self.waiting = self.waiting or output.waiting

    def close(self) -> None:
        """
        Send what can be sent and close everything.
        """
        self.flush()
        for output in self._outputs.values():
            output.close()
        self._outputs.clear()

    def _sink(self, target: LogTarget, tag: str) -> LogSink:
        formatter = Formatter(
            target.format,
            target.facility,
            tag=tag,
            pid=self._pid,
            hostname=self._hostname,
            length=target.length,
        )
        output = self._output(target.address)
        write = output.write
        line = formatter.line
        now_wall = self._now_wall
        highest, lowest = target.level, target.min_level
        state = self._state

        def log(severity: int, text: bytes) -> None:
            if severity > highest:
                return
            write(line(severity if severity > lowest else lowest, now_wall(), text))
            self.waiting = True
            if output.size > EAGER:
                state.dropped_logs += output.flush()

        return log if target.sample is None else _sampled(log, *target.sample)

    def _output(self, address: Address) -> Output:
        output = self._outputs.get(address)
        if output is None:
            output = self._outputs[address] = self._open(address)
        return output

    def _open(self, address: Address) -> Output:
        number = address.port
        if address.family != "fd" or number in _STANDARD:
            return open_output(address)
        if self._descriptors is not None:
            return open_output(Address("fd", "", self._descriptors[number]))
        if not os.get_inheritable(number):
            # Opened by this process, for something else.
            raise OSError(errno.EBADF, f"descriptor {number} was not passed to this process")
        return open_output(address)


def open_output(address: Address) -> Output:
    """
    Open a target.

    @param address: Its address; a name is resolved.

    @return: The output.

    @raise OSError: It cannot be opened.
    """
    family = address.family
    if family == "fd":
        return _open_descriptor(address.port)
    flags = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK
    if family == "unix":
        return DatagramOutput(socket.socket(socket.AF_UNIX, flags), address.host)
    if family in ("abns", "abnsz"):
        return DatagramOutput(socket.socket(socket.AF_UNIX, flags), "\0" + address.host)
    if address.is_ip:
        port = address.port or _SYSLOG_PORT
        found = socket.getaddrinfo(address.host, port, type=socket.SOCK_DGRAM)
        return DatagramOutput(socket.socket(found[0][0], flags), found[0][4])
    raise OSError(f"'{address}' cannot be a log target")


def _open_descriptor(fd: int) -> Output:
    if stat.S_ISSOCK(os.fstat(fd).st_mode):
        copy = socket.socket(fileno=os.dup(fd))
        if copy.type == socket.SOCK_DGRAM:
            return DatagramOutput(copy)
        copy.close()
    return StreamOutput(fd)


def _sampled(log: LogSink, ranges: frozenset[int], size: int) -> LogSink:
    position = 0

    def some(severity: int, text: bytes) -> None:
        nonlocal position
        position = position % size + 1
        if position in ranges:
            log(severity, text)

    return some
