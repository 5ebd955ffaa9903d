"""
Tests for L{mwproxy.process.log_lines}.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.model import Global
from mwproxy.process import log_lines
from mwproxy.process.log_lines import LogLines
from tests.process.memory import MemorySystem

PATIENCE = 10.0


class LogLinesTests(SynchronousTestCase):
    """
    Tests for L{LogLines}.
    """

    def setUp(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="mwp"))
        self.addCleanup(shutil.rmtree, self.directory)
        self.lines = LogLines(MemorySystem())
        self.addCleanup(self.lines.close)

    def receiver(self, family: int, address: str | tuple[str, int]) -> socket.socket:
        """
        Make a server.
        """
        found = socket.socket(family, socket.SOCK_DGRAM)
        self.addCleanup(found.close)
        found.bind(address)
        found.settimeout(PATIENCE)
        return found

    def settings(self, *lines: str, **more: str) -> Global:
        """
        Make a C{global} section with C{log} lines.
        """
        found = Global(**more)  # type: ignore[arg-type]  # as given
        found.log_lines = "".join("\0".join(line.split()) + "\n" for line in lines)
        return found

    def test_targets(self) -> None:
        """
        Each target gets the line, in its format, with facility and severity.
        """
        udp = self.receiver(socket.AF_INET, ("127.0.0.1", 0))
        path = str(self.directory / "log")
        unix = self.receiver(socket.AF_UNIX, path)
        settings = self.settings(
            f"127.0.0.1:{udp.getsockname()[1]} local0",
            f"{path} format priority daemon",
            "localhost:514 local0",
            "nonsense",
            log_tag="tag",
        )
        self.lines.notice(settings, "audit: é")
        self.assertRegex(
            udp.recv(1000).decode(), r"^<133>\w{3} [ \d]\d \d\d:\d\d:\d\d tag\[\d+\]: audit: é$"
        )
        self.assertEqual(unix.recv(1000).decode(), "<29>audit: é")

    def test_levels(self) -> None:
        """
        A target that wants only errors gets nothing; one whose lines are informational at most gets
        such a line.
        """
        path = str(self.directory / "log")
        unix = self.receiver(socket.AF_UNIX, path)
        self.lines.notice(self.settings(f"{path} format priority daemon err"), "one")
        self.lines.notice(self.settings(f"{path} format priority daemon debug info"), "two")
        self.assertEqual(unix.recv(1000), b"<30>two")

    def test_another_configuration(self) -> None:
        """
        After a reload lines go where it says; a target that is gone does no harm.
        """
        first, second = str(self.directory / "1"), str(self.directory / "2")
        one = self.receiver(socket.AF_UNIX, first)
        two = self.receiver(socket.AF_UNIX, second)
        self.lines.notice(self.settings(f"{first} format raw daemon"), "a")
        self.lines.notice(self.settings(f"{second} format raw daemon"), "b")
        self.lines.notice(self.settings(f"{self.directory}/3 format raw daemon"), "c")
        self.lines.notice(self.settings(f"{first} format raw daemon"), "d")
        self.assertEqual((one.recv(9), two.recv(9), one.recv(9)), (b"a", b"b", b"d"))

    def test_full_pipe(self) -> None:
        """
        A descriptor that takes nothing now is not waited for.
        """
        out, into = os.pipe()
        self.addCleanup(os.close, out)
        self.addCleanup(os.close, into)
        log_lines._write(into, b"one\n")
        self.assertEqual(os.read(out, 99), b"one\n")
        os.set_blocking(into, False)
        with self.assertRaises(BlockingIOError):
            while True:
                os.write(into, b"x" * 4096)
        os.set_blocking(into, True)
        log_lines._write(into, b"two\n")
