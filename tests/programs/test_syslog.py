"""
Tests for L{mwproxy.programs.syslog}.
"""

from __future__ import annotations

import shutil
import socket
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.programs.syslog import Syslog
from tests.process.memory import MemorySystem


class SyslogTests(SynchronousTestCase):
    """
    Tests for lines of programs that go to a syslog server.
    """

    def send(self, address: str, *words: str) -> None:
        sender = Syslog(MemorySystem(), [address, *words], "side", 7)
        self.addCleanup(sender.close)
        sender.line("one é")
        sender.line("two")
        sender.close()

    def receiver(self, family: int, address: str | tuple[str, int]) -> socket.socket:
        found = socket.socket(family, socket.SOCK_DGRAM)
        self.addCleanup(found.close)
        found.bind(address)
        found.settimeout(10)
        return found

    def test_udp(self) -> None:
        """
        Each line is a datagram, with severity, tag and pid.
        """
        server = self.receiver(socket.AF_INET, ("127.0.0.1", 0))
        self.send(f"127.0.0.1:{server.getsockname()[1]}", "local0")
        self.assertRegex(
            server.recv(1000).decode(), r"^<133>\w{3} [ \d]\d \d\d:\d\d:\d\d side\[7\]: one é$"
        )
        self.assertTrue(server.recv(1000).endswith(b": two"))

    def test_path(self) -> None:
        """
        So on a path, in any of the formats.
        """
        directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, directory)
        path = str(Path(directory, "log"))
        server = self.receiver(socket.AF_UNIX, path)
        self.send(path, "format", "priority", "daemon")
        self.assertEqual(server.recv(1000).decode(), "<29>one é")

    def test_level(self) -> None:
        """
        A target that wants less than notices gets nothing.
        """
        server = self.receiver(socket.AF_INET, ("127.0.0.1", 0))
        name = f"127.0.0.1:{server.getsockname()[1]}"
        self.send(name, "format", "raw", "local0", "err")
        self.send(name, "format", "raw", "local1")
        self.assertEqual(server.recv(1000).decode(), "one é")

    def test_nobody(self) -> None:
        """
        Without a server lines are lost, and that is all.
        """
        self.send("/no/such/path", "local0")
