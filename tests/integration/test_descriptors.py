"""
Descriptors of operators (C{fd@N}) whose numbers are above the limit of the process.
"""

from __future__ import annotations

import fcntl
import resource
import socket
import subprocess
import sys
from pathlib import Path

from tests.integration.clients import fetch
from tests.integration.configs import NAMED
from tests.integration.harness import ROOT, ProcessTestCase

#: A number that no process of a test gets by itself.
NUMBER = 700
#: Starts a command with fewer descriptors than that.
LOWER = (
    "import os, resource, sys; "
    "resource.setrlimit(resource.RLIMIT_NOFILE, (600, 600)); "
    "os.execv(sys.argv[1], sys.argv[1:])"
)


class AboveTheLimitTests(ProcessTestCase):
    """
    An inherited listening socket whose number is above both limits of descriptors: what is open
    stays open when they are lowered.
    """

    def setUp(self) -> None:
        sock = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.addCleanup(sock.close)
        self.port: int = sock.getsockname()[1]
        self.sock = socket.socket(fileno=fcntl.fcntl(sock.fileno(), fcntl.F_DUPFD, NUMBER))
        self.addCleanup(self.sock.close)
        self.assertGreater(resource.getrlimit(resource.RLIMIT_NOFILE)[0], self.sock.fileno())

    def test_master(self) -> None:
        """
        A master serves it, its workers and programs start, and a reload serves on.
        """
        number = self.sock.fileno()
        text = NAMED.replace("bind <listen:web>", f"bind <listen:web>\n    bind fd@{number}")
        text += "program side\n    command /bin/sh -c 'echo side runs; exec sleep 1000'\n"
        proxy = self.make(text, word="one")
        proxy.also_pass.append(number)
        proxy.command = [sys.executable, "-c", LOWER, sys.executable, "-m", "mwproxy", "-Ws"]
        proxy.start()
        proxy.wait_ready()
        self.sock.close()
        proxy.wait_output("side runs")
        self.assertEqual(self.ask(), b"one")
        proxy.configure(text, word="two")
        self.assertIn("Success=1", proxy.reload())
        self.assertEqual(self.ask(), b"two")

    def test_not_there(self) -> None:
        """
        A number that nobody has passed is refused with the line that names it.
        """
        file = str(Path(self.mktemp()).resolve())
        Path(file).write_text("listen l\n    mode tcp\n    bind fd@5000\n")
        done = subprocess.run(
            [sys.executable, "-m", "mwproxy", "-W", "-f", file],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertEqual(done.returncode, 1)
        self.assertIn(
            f"Binding [{file}:3] for proxy l: protocol fd: cannot use inherited socket "
            "(Bad file descriptor) for [fd@5000]",
            done.stderr,
        )

    def ask(self) -> bytes:
        """
        Ask on the inherited socket.
        """
        return fetch(self.port).body
