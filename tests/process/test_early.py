"""
Tests for L{mwproxy.process.early}, with true processes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from pathlib import Path
from unittest.mock import patch

from twisted.protocols import amp
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process import early
from mwproxy.process.early import EarlyWorker, start_early
from mwproxy.process.ipc import CHANNEL_FD


class EarlyWorkerTests(SynchronousTestCase):
    """
    A worker that is there before its master.
    """

    timeout = 60

    def start(self, **environment: str) -> EarlyWorker:
        """
        Start one.
        """
        worker = start_early({**os.environ, **environment})
        assert worker is not None
        self.addCleanup(worker.discard)
        return worker

    def test_it_is_a_worker(self) -> None:
        """
        It says hello on its channel, and ends when that does.
        """
        worker = self.start()
        sock = worker.take()
        assert sock is not None
        self.assertFalse(sock.getblocking())
        sock.settimeout(30)
        (hello,) = amp.parseString(sock.recv(1000))
        self.assertEqual((hello[b"_command"], int(hello[b"pid"])), (b"Hello", worker.pid))
        sock.close()
        self.assertEqual(os.waitpid(worker.pid, 0)[0], worker.pid)

    def test_the_number_of_the_channel(self) -> None:
        """
        It has its channel where workers look for it.
        """
        self.assertEqual(early.CHANNEL_FD, CHANNEL_FD)

    def test_what_it_gets(self) -> None:
        """
        It has the three standard descriptors and its channel, whatever we were passed ourselves,
        and nothing in its environment that is for us alone.
        """
        directory = os.open("/", os.O_RDONLY)
        passed = [directory, *(os.dup(directory) for _ in range(3))]
        for fd in passed:
            self.addCleanup(os.close, fd)
            os.set_inheritable(fd, True)
        worker = self.start(NOTIFY_SOCKET="/n", MWPROXY_SIGN="1")
        found = Path(f"/proc/{worker.pid}")
        [mine] = {Path(f"/proc/self/fd/{fd}").readlink() for fd in passed}
        for path in (found / "fd").iterdir():
            # What it imports is open for a moment only.
            with contextlib.suppress(FileNotFoundError):
                self.assertTrue(int(path.name) <= 2 or path.readlink() != mine)
        self.assertTrue((found / "fd" / str(CHANNEL_FD)).readlink().match("socket:*"))
        environment = (found / "environ").read_bytes().split(b"\0")
        self.assertIn(b"MWPROXY_SIGN=1", environment)
        self.assertNotIn(b"NOTIFY_SOCKET=/n", environment)

    def test_interrupted(self) -> None:
        """
        What the terminal sends to everybody does not end it, however early that comes.
        """
        worker = self.start()
        os.kill(worker.pid, signal.SIGINT)
        sock = worker.take()
        assert sock is not None
        sock.settimeout(30)
        (hello,) = amp.parseString(sock.recv(1000))
        self.assertEqual(hello[b"_command"], b"Hello")
        sock.close()
        os.waitpid(worker.pid, 0)

    def test_discarded(self) -> None:
        """
        One that nobody took is ended and reaped; twice is once.
        """
        worker = self.start()
        worker.discard()
        self.assertFalse(Path(f"/proc/{worker.pid}").exists())
        worker.discard()
        self.assertIs(worker.take(), None)

    def test_taken(self) -> None:
        """
        One that was taken is left alone.
        """
        worker = self.start()
        sock = worker.take()
        assert sock is not None
        worker.discard()
        worker.forget()
        self.assertIs(os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOHANG), None)
        sock.close()
        os.waitpid(worker.pid, 0)

    def test_forgotten(self) -> None:
        """
        A process that was forked meanwhile closes its end, and no more.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            worker = EarlyWorker(os.getpid(), ours)
            worker.forget()
            self.assertEqual(theirs.recv(1), b"")
        worker.discard()

    def test_the_system_refuses(self) -> None:
        """
        Then there is none, and no descriptor is left.
        """
        before = os.listdir("/proc/self/fd")  # noqa: PTH208  # numbers are enough
        with patch.object(early, "worker_command", lambda: ["/no/such/python"]):
            self.assertIs(start_early({}), None)
        self.assertEqual(os.listdir("/proc/self/fd"), before)  # noqa: PTH208
