"""
Tests for L{mwproxy.programs.owners}.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.addresses import Address, parse_address
from mwproxy.programs.owners import answers_for, listening_inodes


class OwnerTests(SynchronousTestCase):
    """
    Tests for who listens.
    """

    timeout = 20

    def holder(self, sock: socket.socket) -> int:
        """
        Start a group of its own that has a socket.
        """
        process = subprocess.Popen(["sleep", "60"], process_group=0, pass_fds=[sock.fileno()])
        self.addCleanup(process.wait)
        self.addCleanup(os.killpg, process.pid, 9)
        return process.pid

    def listener(self, family: int, address: str | tuple[str, int]) -> socket.socket:
        sock = socket.socket(family)
        self.addCleanup(sock.close)
        sock.bind(address)
        sock.listen()
        return sock

    def check(self, sock: socket.socket, address: Address) -> None:
        with socket.socket() as other:
            former, new = self.holder(sock), self.holder(other)
        both = self.holder(sock)
        self.assertTrue(answers_for(address, new, []))
        self.assertFalse(answers_for(address, new, [former]))
        self.assertTrue(answers_for(address, both, [former]))

    def test_tcp(self) -> None:
        """
        What a former instance has does not count for the new one; what neither has, or both, does.
        """
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            try:
                sock = self.listener(family, (host, 0))
            except OSError:
                continue
            shown = f"[{host}]" if ":" in host else host
            self.check(sock, parse_address(f"{shown}:{sock.getsockname()[1]}"))

    def test_unix(self) -> None:
        """
        So with paths and abstract names.
        """
        directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, directory)
        path = str(Path(directory, "s"))
        self.check(self.listener(socket.AF_UNIX, path), Address("unix", path))
        name = f"mwproxy-{os.getpid()}"
        self.check(self.listener(socket.AF_UNIX, f"\0{name}"), Address("abnsz", name))

    def test_nobody(self) -> None:
        """
        Where nobody listens, as far as we can see, nothing speaks against it.
        """
        address = Address("unix", "/no/such/socket")
        self.assertEqual(listening_inodes(address), set())
        self.assertTrue(answers_for(address, os.getpgid(0), [os.getppid()]))
