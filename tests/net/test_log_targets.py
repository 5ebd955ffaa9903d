"""
Tests for L{mwproxy.net.log_targets}.
"""

from __future__ import annotations

import errno
import os
import shutil
import socket
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.model import Configuration, LogTarget
from mwproxy.core.addresses import Address
from mwproxy.live.proxies import LogSink, WorkerState
from mwproxy.net.log_targets import BACKLOG, EAGER, LogTargets, StreamOutput, open_output


def descriptor(number: int) -> Address:
    """
    Name a descriptor as configuration does, one that an operator has passed.
    """
    os.set_inheritable(number, True)
    return Address("fd", "", number)


class TargetsTestCase(SynchronousTestCase):
    """
    What tests of targets have in common.
    """

    def setUp(self) -> None:
        self.state = WorkerState(Configuration(), 0.0, 0.0)
        self.targets = LogTargets(self.state, pid=77, now_wall=lambda: 1000.0)
        self.addCleanup(self.targets.close)
        self.directory = Path(tempfile.mkdtemp(prefix="mwp"))
        self.addCleanup(shutil.rmtree, self.directory)

    def pipe(self) -> tuple[int, int]:
        """
        Make a pipe that is closed after the test.

        @return: Its reading end, which does not block, and its writing end.
        """
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        self.addCleanup(os.close, reading)
        self.addCleanup(os.close, writing)
        return reading, writing

    def sink(self, *targets: LogTarget) -> LogSink:
        """
        Get the function that logs to some targets.
        """
        sink = self.targets.sink_for(list(targets), "tag")
        assert sink is not None
        return sink

    def raw(self, address: Address, **more: object) -> LogTarget:
        """
        Describe a target that gets the text alone.
        """
        return LogTarget(address, "raw", 16, **more)  # type: ignore[arg-type]


def drain(fd: int) -> bytes:
    """
    Read all that is in a pipe.
    """
    data = b""
    while True:
        try:
            piece = os.read(fd, 65536)
        except BlockingIOError:
            return data
        if not piece:
            return data
        data += piece


class SinkTests(TargetsTestCase):
    """
    Tests for which lines are sent.
    """

    def test_sent_at_the_end_of_the_turn(self) -> None:
        """
        Lines are kept until the turn of the reactor ends.
        """
        reading, writing = self.pipe()
        log = self.sink(self.raw(descriptor(writing)))
        log(6, b"one")
        log(6, b"two")
        self.assertEqual(drain(reading), b"")
        self.assertTrue(self.targets.waiting)
        self.targets.flush()
        self.assertEqual(drain(reading), b"one\ntwo\n")
        self.assertFalse(self.targets.waiting)
        self.targets.flush()
        self.assertEqual(drain(reading), b"")

    def test_no_targets(self) -> None:
        """
        Where nothing is to be logged there is no function to call.
        """
        self.assertIsNone(self.targets.sink_for([], "tag"))

    def test_levels(self) -> None:
        """
        Lines less severe than the level are left out; those more severe than the minimum are
        sent as if they had it.
        """
        reading, writing = self.pipe()
        target = LogTarget(descriptor(writing), "short", 16, level=5, min_level=3)
        log = self.sink(target)
        for severity in (0, 3, 5, 6):
            log(severity, b"x")
        self.targets.flush()
        self.assertEqual(drain(reading), b"<3>x\n<3>x\n<5>x\n")

    def test_sample(self) -> None:
        """
        Of a sample, only lines at the chosen positions are sent.
        """
        reading, writing = self.pipe()
        log = self.sink(self.raw(descriptor(writing), sample=(frozenset((1, 3)), 3)))
        for number in range(1, 8):
            log(6, b"%d" % number)
        self.targets.flush()
        self.assertEqual(drain(reading), b"1\n3\n4\n6\n7\n")

    def test_several_targets(self) -> None:
        """
        Each target gets the line in its own form.
        """
        reading, writing = self.pipe()
        other_reading, other_writing = self.pipe()
        log = self.sink(
            self.raw(descriptor(writing)), LogTarget(descriptor(other_writing), "short", 16)
        )
        log(6, b"x")
        self.targets.flush()
        self.assertEqual((drain(reading), drain(other_reading)), (b"x\n", b"<6>x\n"))

    def test_shared_address(self) -> None:
        """
        Proxies that log to one address keep the order of their lines.
        """
        reading, writing = self.pipe()
        one = self.sink(self.raw(descriptor(writing)))
        two = self.sink(LogTarget(descriptor(writing), "short", 16))
        one(6, b"1")
        two(6, b"2")
        one(6, b"3")
        self.targets.flush()
        self.assertEqual(drain(reading), b"1\n<6>2\n3\n")

    def test_descriptor_of_our_own(self) -> None:
        """
        What this process has opened for itself is not logged to.
        """
        _reading, writing = self.pipe()
        with self.assertRaises(OSError) as caught:
            self.targets.sink_for([self.raw(Address("fd", "", writing))], "tag")
        self.assertEqual(
            caught.exception.strerror, f"descriptor {writing} was not passed to this process"
        )

    def test_descriptor_by_another_number(self) -> None:
        """
        Under a master the files name a descriptor as the master knows it.
        """
        reading, writing = self.pipe()
        targets = LogTargets(
            self.state, pid=77, now_wall=lambda: 1000.0, descriptors={1000: writing}
        )
        log = targets.sink_for([self.raw(Address("fd", "", 1000))], "tag")
        assert log is not None
        log(6, b"x")
        targets.close()
        self.assertEqual(drain(reading), b"x\n")

    def test_closing_sends_the_rest(self) -> None:
        """
        What waits when the worker ends is sent.
        """
        reading, writing = self.pipe()
        targets = LogTargets(self.state, pid=77, now_wall=lambda: 1000.0)
        log = targets.sink_for([self.raw(descriptor(writing))], "tag")
        assert log is not None
        log(6, b"x")
        targets.close()
        self.assertEqual(drain(reading), b"x\n")

    def test_many_lines_do_not_pile_up(self) -> None:
        """
        A turn with very many lines sends some before it ends.
        """
        reading, writing = self.pipe()
        log = self.sink(self.raw(descriptor(writing)))
        for _ in range(EAGER // 100 + 2):
            log(6, b"x" * 100)
        self.assertGreater(len(drain(reading)), EAGER)


class StreamTests(TargetsTestCase):
    """
    Tests for pipes, files and stream sockets.
    """

    def test_descriptor_stays_blocking(self) -> None:
        """
        The descriptor that others share is left as it is.
        """
        _reading, writing = self.pipe()
        self.sink(self.raw(descriptor(writing)))
        self.assertTrue(os.get_blocking(writing))

    def fill(self, output: StreamOutput) -> int:
        """
        Write lines of 100 bytes until one is lost.

        @return: How many were written.
        """
        count = lost = 0
        while not lost:
            output.write(b"%099d\n" % count)
            count += 1
            lost = output.flush()
        self.assertEqual(lost, 1)
        return count

    def assert_full_pipe(self, output: StreamOutput, reading: int) -> None:
        """
        A full pipe does not block; what finds no room is counted and never breaks a line.
        """
        count = self.fill(output)
        self.assertTrue(output.waiting)
        data = drain(reading)
        output.write(b"last\n")
        self.assertEqual(output.flush(), 0)
        while output.waiting:
            data += drain(reading)
            self.assertEqual(output.flush(), 0)
        data += drain(reading)
        lines = [b"%099d" % number for number in range(count - 1)]
        self.assertEqual(data, b"\n".join([*lines, b"last", b""]))
        self.assertGreater(len(data), BACKLOG)

    def test_full_pipe(self) -> None:
        """
        A reader that does not read loses lines, and gets whole lines once it reads.
        """
        reading, writing = self.pipe()
        output = StreamOutput(writing)
        self.addCleanup(output.close)
        self.assert_full_pipe(output, reading)

    def test_full_pipe_that_cannot_be_opened_anew(self) -> None:
        """
        Without access to C{/proc} a full pipe does not block either.
        """

        def refuse(*_args: object) -> int:
            raise PermissionError(errno.EACCES, "no")

        reading, writing = self.pipe()
        self.patch(os, "open", refuse)
        output = StreamOutput(writing)
        self.addCleanup(output.close)
        self.assert_full_pipe(output, reading)

    def test_full_socket(self) -> None:
        """
        Standard output may be a socket, as under systemd; a full one does not block.
        """
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)
        theirs.setblocking(False)
        output = open_output(descriptor(ours.fileno()))
        assert isinstance(output, StreamOutput)
        self.addCleanup(output.close)
        self.assert_full_pipe(output, theirs.fileno())
        self.assertTrue(ours.getblocking())

    def test_reader_gone(self) -> None:
        """
        When the reader is gone, lines are counted as lost and nothing is kept.
        """
        reading, writing = os.pipe()
        self.addCleanup(os.close, writing)
        log = self.sink(self.raw(descriptor(writing)))
        os.close(reading)
        log(6, b"x")
        log(6, b"y")
        self.targets.flush()
        self.assertEqual(self.state.dropped_logs, 2)
        self.assertFalse(self.targets.waiting)

    def test_full_disk(self) -> None:
        """
        Lines that a full disk does not take are counted as lost.
        """
        fd = os.open("/dev/full", os.O_WRONLY)
        self.addCleanup(os.close, fd)
        log = self.sink(self.raw(descriptor(fd)))
        log(6, b"x")
        self.targets.flush()
        self.assertEqual(self.state.dropped_logs, 1)

    def test_file(self) -> None:
        """
        A file keeps the position that all who share its descriptor write at.
        """
        path = self.directory / "log"
        fd = os.open(path, os.O_WRONLY | os.O_CREAT)
        self.addCleanup(os.close, fd)
        log = self.sink(self.raw(descriptor(fd)))
        os.write(fd, b"before\n")
        log(6, b"x")
        self.targets.flush()
        os.write(fd, b"behind\n")
        self.assertEqual(path.read_bytes(), b"before\nx\nbehind\n")

    def test_not_open(self) -> None:
        """
        A descriptor that is not open cannot be a target.
        """
        fd = os.open("/dev/null", os.O_RDONLY)
        os.close(fd)
        self.assertRaises(OSError, open_output, Address("fd", "", fd))


class DatagramTests(TargetsTestCase):
    """
    Tests for syslog servers.
    """

    def receiver(self, family: int, address: tuple[str, int] | str) -> socket.socket:
        """
        Make the socket of a syslog server.
        """
        server = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.addCleanup(server.close)
        server.bind(address)
        return server

    def test_udp(self) -> None:
        """
        Each line is a datagram.
        """
        server = self.receiver(socket.AF_INET, ("127.0.0.1", 0))
        port = server.getsockname()[1]
        for family, host in (("ipv4", "127.0.0.1"), ("name", "localhost")):
            log = self.sink(LogTarget(Address(family, host, port), "short", 16))
            log(6, b"x")
            log(5, b"y")
            self.targets.flush()
            self.assertEqual((server.recv(100), server.recv(100)), (b"<6>x\n", b"<5>y\n"))

    def test_udp_server_absent(self) -> None:
        """
        Lines to a UDP port where nobody listens cost nothing but themselves.
        """
        server = self.receiver(socket.AF_INET, ("127.0.0.1", 0))
        port = server.getsockname()[1]
        server.close()
        log = self.sink(self.raw(Address("ipv4", "127.0.0.1", port)))
        for _ in range(3):
            log(6, b"x")
            self.targets.flush()
        again = self.receiver(socket.AF_INET, ("127.0.0.1", port))
        log(6, b"y")
        self.targets.flush()
        self.assertEqual(again.recv(100), b"y\n")

    def test_unix(self) -> None:
        """
        A syslog server that was restarted is found again; lines between are counted as lost.
        """
        path = self.directory / "log"
        server = self.receiver(socket.AF_UNIX, str(path))
        log = self.sink(self.raw(Address("unix", str(path))))
        log(6, b"1")
        self.targets.flush()
        self.assertEqual(server.recv(100), b"1\n")
        server.close()
        path.unlink()
        log(6, b"2")
        self.targets.flush()
        self.assertEqual(self.state.dropped_logs, 1)
        again = self.receiver(socket.AF_UNIX, str(path))
        log(6, b"3")
        self.targets.flush()
        self.assertEqual(again.recv(100), b"3\n")

    def test_full(self) -> None:
        """
        A syslog server that does not read does not block the worker.
        """
        path = self.directory / "log"
        self.receiver(socket.AF_UNIX, str(path))
        log = self.sink(self.raw(Address("unix", str(path))))
        for _ in range(5000):
            log(6, b"x" * 100)
        self.targets.flush()
        self.assertGreater(self.state.dropped_logs, 0)

    def test_abstract(self) -> None:
        """
        Names without a file work too.
        """
        name = f"mwproxy-{os.getpid()}"
        server = self.receiver(socket.AF_UNIX, "\0" + name)
        log = self.sink(self.raw(Address("abns", name)))
        log(6, b"x")
        self.targets.flush()
        self.assertEqual(server.recv(100), b"x\n")

    def test_inherited(self) -> None:
        """
        A descriptor may be a connected datagram socket.
        """
        ours, theirs = socket.socketpair(type=socket.SOCK_DGRAM)
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)
        log = self.sink(self.raw(descriptor(ours.fileno())))
        log(6, b"x")
        log(6, b"y")
        self.targets.flush()
        self.assertEqual((theirs.recv(100), theirs.recv(100)), (b"x\n", b"y\n"))

    def test_other_addresses(self) -> None:
        """
        An address that logs cannot go to is refused.
        """
        self.assertRaises(OSError, open_output, Address("sockpair", "", 3))
