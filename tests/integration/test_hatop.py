"""
Debian's C{hatop} on the stats socket, in a terminal.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import shutil
import struct
import subprocess
import termios

import pyte
from twisted.trial.unittest import SkipTest

from tests.integration.clients import PATIENCE
from tests.integration.harness import ProcessTestCase, wait_until
from tests.integration.origins import Origin

LINES, COLUMNS = 30, 120
DOWN, F9, F10 = "\x1bOB", "\x1b[20~", "\x1b[21~"
CONFIG = """
global
    stats socket <dir>/s.sock level admin
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend front
    bind <listen:front>
    default_backend back
backend back
    server one <origin>
"""


class Terminal:
    """
    A program in a terminal of its own.
    """

    def __init__(self, command: list[str]) -> None:
        self.screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self.screen)
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=os.environ | {"TERM": "xterm"},
            start_new_session=True,
        )
        os.close(slave)

    def read(self) -> list[str]:
        """
        Take what the program has written.

        @return: The lines of the screen.
        """
        while select.select([self._master], [], [], 0)[0]:
            try:
                self._stream.feed(os.read(self._master, 65536))
            except OSError:
                break
        return list(self.screen.display)

    def press(self, keys: str) -> None:
        """
        Press keys.
        """
        os.write(self._master, keys.encode())

    def wait_line(self, *words: str) -> list[str]:
        """
        Wait for a line of the screen with all of these words.

        @return: Its words.
        """

        def look() -> list[str]:
            for line in self.read():
                found = line.split()
                if all(word in found for word in words):
                    return found
            return []

        return wait_until(look, lambda: "\n".join(self.read()), 2 * PATIENCE)

    def wait_exit(self) -> int:
        """
        Wait until the program has ended; it may write what it likes.

        @return: Its status.
        """
        wait_until(lambda: self.read() and self.process.poll() is not None, str, 2 * PATIENCE)
        return self.process.returncode

    def clean_up(self) -> None:
        """
        End the program if it has not.
        """
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()
        os.close(self._master)


class HatopTests(ProcessTestCase):
    """
    Tests of a tool that people have.
    """

    def test_live(self) -> None:
        """
        It shows what the proxy does now, and its keys change a server's state.
        """
        hatop = shutil.which("hatop")
        if hatop is None:
            raise SkipTest("hatop is not installed")
        origin = Origin()
        self.addCleanup(origin.stop)
        proxy = self.start(CONFIG, origin=origin.address)
        terminal = Terminal([hatop, "-s", str(proxy.directory / "s.sock"), "-i", "1"])
        self.addCleanup(terminal.clean_up)
        terminal.wait_line("mwproxy", "Version:")
        terminal.wait_line("FRONTEND", "OPEN")
        before = terminal.wait_line("one")
        self.assertEqual(before[-1], "0")
        for _ in range(7):
            self.assertEqual(proxy.get("front").status, 200)
        self.assertEqual(terminal.wait_line("one", "7")[-1], "7")
        self.assertEqual(terminal.wait_line("BACKEND", "7")[1:3], ["1", "UP"])
        # From the frontend's title to the server: four lines.
        terminal.press(4 * DOWN)
        terminal.press(F10)
        terminal.wait_line("one", "MAINT")
        self.assertEqual(proxy.get("front").status, 503)
        terminal.press(F9)
        wait_until(lambda: proxy.get("front").status == 200, str, 2 * PATIENCE)
        terminal.press("q")
        self.assertEqual(terminal.wait_exit(), 0)
