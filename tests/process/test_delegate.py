"""
Tests for L{mwproxy.process.delegate}.
"""

from __future__ import annotations

import os
import signal
import socket
import threading

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.delegate import Delegate, serve
from tests.process import test_elders


class RecordedElders:
    """
    Older processes that note what they are told.
    """

    def __init__(self, *, alive: bool = True) -> None:
        self.told: list[str] = []
        self.alive = alive

    def pause(self) -> bool:
        self.told.append("pause")
        return self.alive

    def resume(self) -> None:
        self.told.append("resume")

    def leave(self, *, hard: bool) -> None:
        self.told.append("leave now" if hard else "leave")


class ServeTests(SynchronousTestCase):
    """
    What the small process does.
    """

    def converse(self, *said: bytes, alive: bool = True) -> tuple[list[str], bytes]:
        """
        Say something, then hang up.

        @return: What older processes were told, and the answers.
        """
        ours, theirs = socket.socketpair()
        elders = RecordedElders(alive=alive)
        thread = threading.Thread(target=serve, args=(theirs, elders))
        thread.start()
        answers = b""
        for each in said:
            ours.sendall(each)
            answers += ours.recv(1)
        ours.shutdown(socket.SHUT_WR)
        thread.join()
        ours.close()
        theirs.close()
        return elders.told, answers

    def test_the_usual_way(self) -> None:
        """
        Paused, then told to leave: that is all.
        """
        self.assertEqual(self.converse(b"P", b"P", b"L"), (["pause", "pause", "leave"], b"yyy"))
        self.assertEqual(self.converse(b"T"), (["leave now"], b"y"))

    def test_the_start_fails(self) -> None:
        """
        The others go on, told or not.
        """
        self.assertEqual(self.converse(b"P", b"R"), (["pause", "resume", "resume"], b"yy"))
        self.assertEqual(self.converse(b"P"), (["pause", "resume"], b"y"))

    def test_nobody_there(self) -> None:
        """
        It is told when nobody was there to be paused.
        """
        self.assertEqual(self.converse(b"P", alive=False)[1], b"n")


class DelegateTests(test_elders.EldersTests):
    """
    The same as for L{Elders}, through another process.
    """

    def make(self, *pids: int, own: tuple[int, ...] = ()) -> Delegate:  # type: ignore[override]  # the same interface
        delegate = Delegate(pids, self.warnings.append, own=own)
        self.addCleanup(delegate.close)
        return delegate

    def test_one_of_ours(self) -> None:
        """
        It is paused, resumed once, and asked to leave, but once.
        """
        process = self.run_script("mwproxy")
        delegate = self.make(process.pid, process.pid)
        self.assertTrue(delegate.pause())
        self.assertEqual(self.heard(process), signal.SIGTTOU)
        delegate.resume()
        delegate.resume()
        self.assertEqual(self.heard(process), signal.SIGTTIN)
        delegate.leave(hard=False)
        self.assertEqual(self.heard(process), signal.SIGUSR1)
        self.assertFalse(delegate)
        delegate.leave(hard=True)
        process.send_signal(signal.SIGTTIN)
        self.assertEqual(self.heard(process), signal.SIGTTIN)

    def test_we_are_killed(self) -> None:
        """
        Paused processes go on when the one that starts is killed.
        """
        process = self.run_script("mwproxy")
        starting = os.fork()
        if not starting:
            try:
                Delegate([process.pid], self.warnings.append).pause()
            finally:
                os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(starting, 0)
        self.assertEqual(self.heard(process), signal.SIGTTOU)
        self.assertEqual(self.heard(process), signal.SIGTTIN)

    def test_it_is_gone(self) -> None:
        """
        Without the small process nothing is asked, and nothing fails.
        """
        process = self.run_script("mwproxy")
        delegate = self.make(process.pid)
        os.kill(delegate._pid, signal.SIGKILL)
        self.assertFalse(delegate.pause())
        delegate.leave(hard=False)
