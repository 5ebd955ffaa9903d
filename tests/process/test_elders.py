"""
Tests for L{mwproxy.process.elders}.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process import elders as elders_module
from mwproxy.process.elders import Elder, Elders, is_one_of_ours

PYTHON = "/usr/bin/python3.11"
#: A script that takes nothing but SIGUSR1 until that has come.
_BLOCKING = """\
late = {signal.SIGTTOU, signal.SIGTTIN}
signal.pthread_sigmask(signal.SIG_BLOCK, late)
def hear(number, frame):
    print(number, flush=True)
    if number == signal.SIGUSR1:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, late)
"""


class RecognitionTests(SynchronousTestCase):
    """
    Whom we take for one of ours.
    """

    def test_haproxy(self) -> None:
        """
        HAProxy is known by the name of its file, whatever it calls itself.
        """
        self.assertTrue(is_one_of_ours(["haproxy", "-D"], "/usr/sbin/haproxy"))
        self.assertTrue(is_one_of_ours(["lb"], "/opt/bin/haproxy-2.8"))
        self.assertTrue(is_one_of_ours(["/usr/sbin/haproxy"], ""))

    def test_ways_to_start_us(self) -> None:
        """
        Each way to start mwproxy is known.
        """
        for words in (
            ["python", "-m", "mwproxy", "-D"],
            ["python", "-P", "-m", "mwproxy.worker"],
            ["python", "-Pm", "mwproxy"],
            ["python", "-mmwproxy"],
            ["python", "-W", "error", "-X", "dev", "/usr/bin/mwproxy", "-f", "x"],
            ["python", "-Werror", "-u", "bin/mwproxy"],
            ["python", "/opt/mwproxy.pyz"],
            ["python", "/usr/bin/twistd", "-n", "mwproxy", "-f", "x"],
            ["python", "-m", "twisted", "mwproxy"],
        ):
            self.assertTrue(is_one_of_ours(words, PYTHON), words)

    def test_others(self) -> None:
        """
        That a name of ours stands somewhere on a command line is not enough.
        """
        for words, executable in (
            (["vi", "mwproxy.cfg"], "/usr/bin/vi"),
            (["haproxy"], "/usr/bin/sleep"),
            (["sh", "-c", "haproxy -f x"], "/bin/sh"),
            (["python", "-c", "import mwproxy", "mwproxy"], PYTHON),
            (["python", "-m", "pytest", "mwproxy"], PYTHON),
            (["python", "edit.py", "mwproxy"], PYTHON),
            (["python", "/usr/bin/twistd", "web"], PYTHON),
            (["python", "/usr/bin/mwproxyctl"], PYTHON),
            (["python", "-m"], PYTHON),
            (["python", "-W"], PYTHON),
            (["python", "--version"], PYTHON),
            (["python"], PYTHON),
            (["mwproxy"], "/usr/bin/pythonic"),
            ([], ""),
        ):
            self.assertFalse(is_one_of_ours(words, executable), words)

    @given(st.lists(st.text(max_size=8), max_size=6), st.text(max_size=12))
    def test_any_words(self, words: list[str], executable: str) -> None:
        """
        No command line makes the question fail.
        """
        is_one_of_ours(words, executable)


class EldersTests(SynchronousTestCase):
    """
    Older processes are signaled, others are not.
    """

    def setUp(self) -> None:
        self.directory = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.directory)
        self.warnings: list[str] = []

    def run_script(self, name: str, more: str = "") -> subprocess.Popen[str]:
        """
        Run a Python script that writes the number of each signal it gets.

        @param more: Lines for its beginning.
        """
        script = self.directory / name
        script.write_text(
            "import signal\n"
            "def hear(number, frame):\n"
            "    print(number, flush=True)\n"
            f"{more}"
            "for each in ('USR1', 'TTOU', 'TTIN', 'TERM'):\n"
            "    signal.signal(getattr(signal, 'SIG' + each), hear)\n"
            "print('up', flush=True)\n"
            "while True:\n"
            "    signal.pause()\n"
        )
        process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        self.assertEqual(process.stdout.readline(), "up\n")
        return process

    def heard(self, process: subprocess.Popen[str]) -> int:
        """
        Wait for the next signal of a script.
        """
        assert process.stdout is not None
        return int(process.stdout.readline())

    def make(self, *pids: int, own: tuple[int, ...] = ()) -> Elders:
        elders = Elders(pids, self.warnings.append, own=own)
        self.addCleanup(elders.close)
        return elders

    def test_one_of_ours(self) -> None:
        """
        It is paused, resumed once, and asked to leave.
        """
        process = self.run_script("mwproxy")
        elders = self.make(process.pid, process.pid)
        self.assertEqual(elders.pids, [process.pid])
        self.assertTrue(elders.pause())
        self.assertEqual(self.heard(process), signal.SIGTTOU)
        elders.resume()
        elders.resume()
        self.assertEqual(self.heard(process), signal.SIGTTIN)
        elders.leave(hard=False)
        self.assertEqual(self.heard(process), signal.SIGUSR1)
        elders.leave(hard=True)
        self.assertEqual(self.heard(process), signal.SIGTERM)
        self.assertEqual(self.warnings, [])

    def test_resumed_in_order(self) -> None:
        """
        A process that is slow to take the first signal gets the second one behind it, though the
        kernel would hand out the second one first.
        """
        self.patch(elders_module, "TAKES", 600.0)
        process = self.run_script("mwproxy", _BLOCKING)
        elders = self.make(process.pid)
        self.assertTrue(elders.pause())
        resuming = threading.Thread(target=elders.resume)
        resuming.start()
        process.send_signal(signal.SIGUSR1)
        heard = [self.heard(process) for _ in range(3)]
        resuming.join()
        self.assertEqual(heard, [signal.SIGUSR1, signal.SIGTTOU, signal.SIGTTIN])

    def test_never_taken(self) -> None:
        """
        One that does not take it is not waited for without end.
        """
        self.patch(elders_module, "TAKES", 0.01)
        process = self.run_script("mwproxy", _BLOCKING)
        elders = self.make(process.pid)
        elders.pause()
        elders.resume()
        process.send_signal(signal.SIGUSR1)
        self.assertEqual(
            sorted(self.heard(process) for _ in range(3)),
            [signal.SIGUSR1, signal.SIGTTIN, signal.SIGTTOU],
        )

    def test_pending_of_nobody(self) -> None:
        """
        Who has ended has nothing to take.
        """
        elder = Elder(os.getpid(), proc=self.directory)
        self.addCleanup(elder.close)
        self.assertFalse(elder.has_pending(signal.SIGTTOU))

    def test_not_paused_not_resumed(self) -> None:
        """
        Who was not paused is not told to go on.
        """
        process = self.run_script("mwproxy")
        elders = self.make(process.pid)
        elders.resume()
        elders.leave(hard=False)
        self.assertEqual(self.heard(process), signal.SIGUSR1)

    def test_somebody_else(self) -> None:
        """
        A process that is none of ours is named, and left alone.
        """
        process = self.run_script("other")
        elders = self.make(process.pid)
        self.assertFalse(elders)
        self.assertFalse(elders.pause())
        elders.leave(hard=True)
        process.send_signal(signal.SIGUSR1)
        self.assertEqual(self.heard(process), signal.SIGUSR1)
        name = Path(f"/proc/{process.pid}/exe").readlink().name
        self.assertEqual(
            self.warnings,
            [
                f"Process {process.pid} ('{name}') is neither mwproxy nor haproxy: not signaled,"
                " the pid file may be stale."
            ],
        )

    def test_ourselves(self) -> None:
        """
        A stale pid file may name the very process that reads it, or the one that started it: in
        containers pids come again.
        """
        self.assertFalse(self.make(os.getpid(), 4711, own=(4711,)))
        self.assertEqual(
            self.warnings,
            [
                f"Process {pid} is this one itself: not signaled, the pid file may be stale."
                for pid in (os.getpid(), 4711)
            ],
        )

    def test_dead(self) -> None:
        """
        Processes that have ended, reaped or not, are ignored without a word.
        """
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait()
        zombie = subprocess.Popen([sys.executable, "-c", ""])
        self.addCleanup(zombie.wait)
        os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
        self.assertFalse(self.make(gone.pid, zombie.pid))
        self.assertEqual(self.warnings, [])

    def test_it_ends_meanwhile(self) -> None:
        """
        What is held is that process and no other, even when it has ended.
        """
        process = self.run_script("mwproxy")
        elders = self.make(process.pid)
        process.kill()
        process.wait()
        self.assertFalse(elders.pause())
        elders.leave(hard=False)

    def test_a_thread(self) -> None:
        """
        The number of a thread is no process; it is said.
        """
        import threading

        stop = threading.Event()
        thread = threading.Thread(target=stop.wait)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(stop.set)
        assert thread.native_id is not None
        self.assertFalse(self.make(thread.native_id))
        self.assertEqual(len(self.warnings), 1)
        self.assertIn(f"Process {thread.native_id} ", self.warnings[0])


class OldSystemTests(EldersTests):
    """
    The same where there is no C{pidfd_open}.
    """

    def setUp(self) -> None:
        super().setUp()

        def missing(pid: int) -> int:
            os.kill(pid, 0)
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

        self.patch(os, "pidfd_open", missing)

    def test_another_process_with_its_number(self) -> None:
        """
        A process that was started at another time is another process.
        """
        process = self.run_script("mwproxy")
        elder = Elder(process.pid)
        elder._began += 1
        self.assertFalse(elder.signal(signal.SIGUSR1))
        elder._began -= 1
        self.assertTrue(elder.signal(signal.SIGTTIN))
        self.assertEqual(self.heard(process), signal.SIGTTIN)
