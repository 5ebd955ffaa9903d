"""
Tests for L{mwproxy.process.stderr}.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.stderr import BACKLOG, StandardError

LINE = "x" * 99


class StandardErrorTests(SynchronousTestCase):
    """
    Tests with a true descriptor each.
    """

    def _pipe(self) -> tuple[int, StandardError]:
        reading, writing = os.pipe()
        output = StandardError(writing)
        self.addCleanup(os.close, reading)
        self.addCleanup(os.close, writing)
        self.addCleanup(output.close)
        return reading, output

    def _fill(self, output: StandardError) -> int:
        count = 0
        while output.lost == 0:
            output.write(LINE)
            count += 1
        return count - 1

    def test_a_pipe(self) -> None:
        """
        What there is room for is written at once.
        """
        reading, output = self._pipe()
        output.write("one")
        output.write("zwö\udcff")
        self.assertEqual(os.read(reading, 100).decode(), "one\nzwö\\udcff\n")

    def test_a_full_pipe(self) -> None:
        """
        Nobody reads: writing returns all the same, what came last is lost, and the number of lost
        lines is told behind all others once there is room. No line is broken.
        """
        reading, output = self._pipe()
        kept = self._fill(output)
        output.write(LINE)
        self.assertFalse(output.flush())
        self.assertGreater(kept * (len(LINE) + 1), BACKLOG)
        text = b""
        while not output.flush():
            text += os.read(reading, 65536)
        text += os.read(reading, 65536)
        *lines, last, empty = text.decode().split("\n")
        self.assertEqual((set(lines), len(lines), empty), ({LINE}, kept, ""))
        self.assertIn("2 messages were lost", last)

    def test_the_shared_description_still_waits(self) -> None:
        """
        Others that have the same pipe do not find it non-blocking.
        """
        _, output = self._pipe()
        self._fill(output)
        self.assertTrue(os.get_blocking(output._shared))

    def test_drain(self) -> None:
        """
        The end of a process waits for a reader, and not for ever without one.
        """
        reading, output = self._pipe()
        self._fill(output)
        output.drain(0.01)
        self.assertFalse(output.flush())
        pieces: list[bytes] = []

        def read() -> None:
            while not (pieces and pieces[-1].endswith(b"standard error.\n")):
                pieces.append(os.read(reading, 65536))

        reader = threading.Thread(target=read)
        reader.start()
        output.drain(30)
        self.assertTrue(output.flush())
        reader.join(30)

    def test_a_socket(self) -> None:
        """
        A socket, as a service manager gives, is never waited for either.
        """
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)
        output = StandardError(theirs.fileno())
        self.addCleanup(output.close)
        output.write("one")
        self.assertEqual(ours.recv(10), b"one\n")
        self._fill(output)
        self.assertTrue(theirs.getblocking())

    def test_a_file(self) -> None:
        """
        A file keeps the position that its users share.
        """
        path = Path(self.mktemp())
        with path.open("wb", buffering=0) as file:
            file.write(b"before\n")
            output = StandardError(file.fileno())
            self.addCleanup(output.close)
            output.write("one")
            file.write(b"behind\n")
        self.assertEqual(path.read_bytes(), b"before\none\nbehind\n")

    def test_gone(self) -> None:
        """
        A reader that is gone, or a descriptor that is closed, is no reason to fail.
        """
        reading, writing = os.pipe()
        output = StandardError(writing)
        os.close(reading)
        output.write("one")
        os.close(writing)
        output.write("two")
        output.close()
        output = StandardError(writing)
        output.write("three")
        self.assertTrue(output.flush())

    def test_another_file_in_its_place(self) -> None:
        """
        A daemon that lets go of its terminal does not write there any more.
        """
        reading, output = self._pipe()
        other, writing = os.pipe()
        self.addCleanup(os.close, other)
        output.write("one")
        os.dup2(writing, output._shared)
        os.close(writing)
        output.write("two")
        self.assertEqual((os.read(reading, 10), os.read(other, 10)), (b"one\n", b"two\n"))

    def test_followed(self) -> None:
        """
        Who reads what was in its place sees the end at once, though nothing is written.
        """
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        error = StandardError(writing)
        self.addCleanup(error.close)
        error.write("one")
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, writing)
        os.close(null)
        self.addCleanup(os.close, writing)
        error.follow()
        self.assertEqual(os.read(reading, 100), b"one\n")
        self.assertEqual(os.read(reading, 100), b"")

    def test_messages_wait_until_they_are_told_not_to(self) -> None:
        """
        A process writes all it has to say, however slow its reader is, until C{never_wait}.
        """
        program = (
            "from mwproxy.process.messages import flush_stderr, never_wait, write_stderr\n"
            "for i in range(2000): write_stderr('x' * 99)\n"
            "never_wait()\n"
            "for i in range(9000): write_stderr('y' * 99)\n"
            "print('through', flush=True)\n"
            "flush_stderr(at_end=True)\n"
        )
        child = subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert child.stdout is not None and child.stderr is not None
        early = b"".join(child.stderr.readline() for _ in range(2000))
        self.assertEqual(early, (b"x" * 99 + b"\n") * 2000)
        self.assertEqual(child.stdout.readline(), b"through\n")
        _, late = child.communicate(timeout=60)
        self.assertRegex(late.decode().splitlines()[-1], r"\d+ messages were lost: nobody reads")
