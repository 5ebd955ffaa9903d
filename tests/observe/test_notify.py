"""
Tests for L{mwproxy.observe.notify}.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from pathlib import Path

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.observe.notify import (
    LONGEST_REASON,
    MOST_WAITING,
    RELOAD_FAILED,
    TRY_AGAIN,
    Figures,
    Notifier,
    ServiceManager,
    first_alert,
)

#: Wed 2026-11-18 09:06:40 UTC.
WHEN = 1_795_000_000.0


class ServiceManagerTests(SynchronousTestCase):
    """
    What the service manager is told.
    """

    def setUp(self) -> None:
        self.told: list[str] = []
        self.manager = ServiceManager(self.told.append)

    def _statuses(self) -> list[str]:
        return [text for text in self.told if text.startswith("STATUS")]

    def test_messages(self) -> None:
        """
        Each has HAProxy 3.2's text.
        """
        self.manager.ready(12)
        self.manager.reloading(1.5)
        self.manager.failed(RELOAD_FAILED, WHEN, "")
        self.manager.stopping()
        self.assertEqual(
            self.told,
            [
                "READY=1\nMAINPID=12\nSTATUS=Ready.\n",
                "RELOADING=1\nSTATUS=Reloading Configuration.\nMONOTONIC_USEC=1500000\n",
                "READY=1\nSTATUS=Reload failed!\n",
                "STOPPING=1",
            ],
        )

    def test_more_messages(self) -> None:
        """
        Patience is asked for in microseconds; a sign of life has its own word.
        """
        self.manager.loading(60)
        self.manager.alive()
        self.assertEqual(self.told, ["EXTEND_TIMEOUT_USEC=60000000\n", "WATCHDOG=1"])

    def test_figures_only_when_settled(self) -> None:
        """
        Figures are told while nothing is under way, once per change.
        """
        self.manager.figures(Figures(1, 0, 5))
        self.manager.ready(12)
        self.manager.figures(Figures(1, 0, 5))
        self.manager.figures(Figures(1, 0, 5))
        self.manager.figures(Figures(1, 1, 6, 2))
        self.manager.reloading(2)
        self.manager.figures(Figures(1, 2, 7))
        self.manager.ready(12)
        self.manager.stopping()
        self.manager.figures(Figures(1, 2, 8))
        self.assertEqual(
            self._statuses(),
            [
                "STATUS=Ready. workers: 1 current, 0 old; connections: 5\n",
                "STATUS=Ready. workers: 1 current, 1 old; connections: 6, 2 draining\n",
            ],
        )

    def test_last_reload(self) -> None:
        """
        The status tells how the last reload ended, when, and why it failed, as long as that is so.
        """
        date = r"[A-Z][a-z]{2} 2026-11-1[89] \d\d:\d\d:\d\d \S+"
        figures = Figures(1, 0, 5, 0, 3)
        self.manager.ready(12, WHEN)
        self.manager.figures(figures)
        self.manager.reloading(2)
        self.manager.failed(
            RELOAD_FAILED, WHEN + 60, "[NOTICE]   (1) : a\n[ALERT]    (1) : b : c\n"
        )
        self.manager.figures(figures)
        good, bad = self._statuses()
        self.assertRegex(
            good,
            r"\ASTATUS=Ready\. workers: 1 current, 0 old; connections: 5; reloads: 3, "
            rf"last succeeded {date}\n\Z",
        )
        self.assertRegex(
            bad,
            r"\ASTATUS=Reload failed! workers: 1 current, 0 old; connections: 5; reloads: 3, "
            rf"last failed {date}: b : c\n\Z",
        )

    def test_ascii(self) -> None:
        """
        What is not ASCII does not get lost with the rest of its message.
        """
        self.manager.ready(12)
        self.manager.failed(RELOAD_FAILED, WHEN, "[ALERT]    (1) : caf\u00e9 \u2713\n")
        self.manager.figures(Figures(1, 0, 0, 0, 1))
        self.assertTrue(self.told[-1].endswith(": caf? ?\n"), self.told)

    def test_nobody(self) -> None:
        """
        Without a service manager nothing happens.
        """
        ServiceManager(None).ready(12)


class ReasonTests(SynchronousTestCase):
    """
    Why a reload failed.
    """

    def test_first_alert(self) -> None:
        """
        The first alert is the reason; without one there is none.
        """
        log = "[WARNING]  (7) : w\n[ALERT]    (7) : config : x : y\n[ALERT]    (7) : z\n"
        self.assertEqual(first_alert(log), "config : x : y")
        self.assertEqual(first_alert("[NOTICE]   (7) : n\n"), "")

    def test_long(self) -> None:
        """
        A long one is cut.
        """
        found = first_alert(f"[ALERT]    (7) : {'x' * 1000}")
        self.assertEqual((len(found), found[-4:]), (LONGEST_REASON, "x..."))


class NotifierTests(SynchronousTestCase):
    """
    The socket.
    """

    def setUp(self) -> None:
        directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, directory)
        self.path = f"{directory}/n"
        self.clock = Clock()
        before = os.environ.get("NOTIFY_SOCKET")

        def restore() -> None:
            os.environ.pop("NOTIFY_SOCKET", None)
            if before is not None:
                os.environ["NOTIFY_SOCKET"] = before

        self.addCleanup(restore)
        os.environ["NOTIFY_SOCKET"] = self.path
        self.receiver = self._receive()

    def _receive(self) -> socket.socket:
        receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.addCleanup(receiver.close)
        receiver.bind(self.path)
        return receiver

    def _open(self) -> Notifier:
        notifier = Notifier(self.clock.callLater)
        self.addCleanup(notifier.close)
        return notifier

    def _arrived(self) -> list[str]:
        found = []
        while True:
            try:
                found.append(self.receiver.recv(100).decode())
            except BlockingIOError:
                return found

    def test_arrives(self) -> None:
        """
        Messages arrive as datagrams at C{$NOTIFY_SOCKET}.
        """
        self._open().send("STOPPING=1")
        self.assertEqual(self._arrived(), ["STOPPING=1"])

    def test_no_socket(self) -> None:
        """
        Without one, or with one that is none, nothing happens.
        """
        for value in ("", "/no/such/socket", "relative"):
            os.environ["NOTIFY_SOCKET"] = value
            self._open().send("STOPPING=1")
        del os.environ["NOTIFY_SOCKET"]
        self._open().send("STOPPING=1")
        self.assertEqual(self._arrived(), [])

    def test_stuck(self) -> None:
        """
        A service manager that takes nothing is not waited for; what it missed comes later and in
        order, of the statuses only the last.
        """
        notifier = self._open()
        count = 0
        while not self.clock.getDelayedCalls():
            notifier.send(f"X={count}")
            count += 1
        for number in range(5):
            notifier.send(f"STATUS={number}\n")
        notifier.send("STOPPING=1")
        self.clock.advance(TRY_AGAIN)
        found: list[str] = self._arrived()
        self.clock.advance(TRY_AGAIN)
        found += self._arrived()
        expected = [*(f"X={number}" for number in range(count)), "STATUS=4\n", "STOPPING=1"]
        self.assertEqual(found, expected)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stuck_for_good(self) -> None:
        """
        What waits is bounded, and given up at the end.
        """
        notifier = self._open()
        while not self.clock.getDelayedCalls():
            notifier.send("X=1")
        for number in range(3 * MOST_WAITING):
            notifier.send(f"Y={number}")
        self._arrived()
        self.clock.advance(TRY_AGAIN)
        found = self._arrived()
        while self.clock.getDelayedCalls():
            self.clock.advance(TRY_AGAIN)
            found += self._arrived()
        last = range(2 * MOST_WAITING, 3 * MOST_WAITING)
        self.assertEqual(found, [f"Y={number}" for number in last])
        notifier.send("Z")
        notifier.close()
        notifier.send("Z")

    def test_started_anew(self) -> None:
        """
        A service manager that was started anew, with another socket in the same place, is found.
        """
        notifier = self._open()
        self.receiver.close()
        Path(self.path).unlink()
        self.receiver = self._receive()
        notifier.send("FOUND=1")
        self.assertEqual(self._arrived(), ["FOUND=1"])

    def test_gone_for_a_while(self) -> None:
        """
        While there is none messages are lost, and later ones arrive.
        """
        notifier = self._open()
        self.receiver.close()
        notifier.send("LOST=1")
        Path(self.path).unlink()
        self.receiver = self._receive()
        notifier.send("FOUND=1")
        self.assertEqual(self._arrived(), ["FOUND=1"])
