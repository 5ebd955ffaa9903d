"""
Control channels that carry what makes no sense: something else writes to a worker's end of it.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import socket
import sys
from pathlib import Path

from twisted.trial.unittest import SkipTest

from tests.integration.configs import NAMED
from tests.integration.harness import ProcessTestCase, Proxy

#: The number of C{pidfd_getfd}, on all architectures.
PIDFD_GETFD = 438
GARBAGE = b"GET / HTTP/1.1\r\nHost: example\r\n\r\n"
RESPAWN = NAMED.replace("no-exit-on-failure", "respawn")


def channel_of(proxy: Proxy, worker: int) -> socket.socket | None:
    """
    Get a copy of a worker's end of its control channel: the socket that its master made.

    @return: L{None} when it has none, as the nursery.

    @raise SkipTest: The system does not give it.
    """
    try:
        pidfd = os.pidfd_open(worker)
    except ProcessLookupError:
        return None
    try:
        for number in sorted(int(each.name) for each in Path(f"/proc/{worker}/fd").iterdir()):
            found = _copy(pidfd, number)
            if found is None:
                continue
            made_by = found.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            if int.from_bytes(made_by[:4], sys.byteorder) == proxy.pid:
                return found
            found.close()
    except FileNotFoundError:
        pass
    finally:
        os.close(pidfd)
    return None


def links(pid: int) -> list[Path]:
    """
    List what a process has open.
    """
    found = []
    with contextlib.suppress(OSError):
        for each in Path(f"/proc/{pid}/fd").iterdir():
            found.append(each.readlink())
    return found


def _copy(pidfd: int, number: int) -> socket.socket | None:
    fd = ctypes.CDLL(None, use_errno=True).syscall(PIDFD_GETFD, pidfd, number, 0)
    if fd < 0:
        # Closed meanwhile, or the process is gone.
        if ctypes.get_errno() not in (errno.EBADF, errno.ESRCH):
            raise SkipTest(f"pidfd_getfd: {os.strerror(ctypes.get_errno())}")
        return None
    try:
        found = socket.socket(fileno=fd)
    except OSError:
        os.close(fd)
        return None
    if found.family == socket.AF_UNIX and found.type == socket.SOCK_STREAM:
        return found
    found.close()
    return None


def say_nonsense(proxy: Proxy, worker: int) -> None:
    """
    Write to the master in a worker's name.
    """
    channel = channel_of(proxy, worker)
    assert channel is not None
    with channel:
        channel.sendall(GARBAGE)


class GarbageTests(ProcessTestCase):
    """
    Tests of a master that hears nonsense.
    """

    def test_of_a_serving_worker(self) -> None:
        """
        The master hangs up on it and says so; the worker ends, and is replaced.
        """
        proxy = self.start(RESPAWN, word="one")
        [worker] = proxy.worker_pids()
        say_nonsense(proxy, worker)
        proxy.wait_output("The control channel makes no sense")
        proxy.wait_output("serves in place of the dead one")
        self.assertEqual(proxy.get("web").body, b"one")
        [other] = proxy.worker_pids()
        self.assertNotEqual(other, worker)
        proxy.configure(RESPAWN, word="two")
        self.assertIn("Success=1", proxy.reload())
        self.assertEqual(proxy.get("web").body, b"two")
        self.assertEqual(proxy.stop(), 0)
        self.assert_no_orphans(proxy)

    def test_without_respawn(self) -> None:
        """
        By default the instance ends, as with any worker that dies.
        """
        proxy = self.start(NAMED.replace("    master-worker no-exit-on-failure\n", ""), word="one")
        [worker] = proxy.worker_pids()
        say_nonsense(proxy, worker)
        self.assertEqual(proxy.wait_exit(), 1, proxy.output)
        self.assertIn(f"Current worker ({worker}) exited with code 1 (Exit)", proxy.output)
        self.assert_no_orphans(proxy)

    def test_of_a_worker_in_waiting(self) -> None:
        """
        One in waiting is replaced, and the next reload finds another.
        """
        proxy = self.start(NAMED, word="one")
        [worker] = proxy.worker_pids()

        def of_the_standby() -> socket.socket | None:
            others = [pid for pid in proxy.processes() if pid not in (proxy.pid, worker)]
            # The nursery has no reactor.
            waiting = [pid for pid in others if "eventpoll" in str(links(pid))]
            return next(filter(None, (channel_of(proxy, pid) for pid in waiting)), None)

        channel = proxy.wait(of_the_standby)
        assert channel is not None
        with channel:
            channel.sendall(GARBAGE)
        proxy.wait_output(r"Standby worker .*exited with code 1 \(Exit\)")
        proxy.configure(NAMED, word="two")
        self.assertIn("Success=1", proxy.reload())
        self.assertEqual(proxy.get("web").body, b"two")
        self.assertEqual(proxy.rows()["master"][0][2:5], ["1", "[failed:", "0]"])
