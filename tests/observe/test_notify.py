"""
Tests for L{mwproxy.observe.notify}.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.observe.notify import RELOAD_FAILED, ServiceManager, open_notifier


class ServiceManagerTests(SynchronousTestCase):
    """
    What the service manager is told.
    """

    def setUp(self) -> None:
        self.told: list[str] = []
        self.manager = ServiceManager(self.told.append)

    def test_messages(self) -> None:
        """
        Each has HAProxy 3.2's text.
        """
        self.manager.ready(12)
        self.manager.reloading(1.5)
        self.manager.failed(RELOAD_FAILED)
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

    def test_figures_only_when_settled(self) -> None:
        """
        Figures are told between READY and the next reload, stop or failure, once per change.
        """
        self.manager.figures(1, 0, 5)
        self.manager.ready(12)
        self.manager.figures(1, 0, 5)
        self.manager.figures(1, 0, 5)
        self.manager.figures(1, 1, 6)
        self.manager.reloading(2)
        self.manager.figures(1, 2, 7)
        self.manager.failed(RELOAD_FAILED)
        self.manager.figures(1, 2, 8)
        self.assertEqual(
            [text for text in self.told if text.startswith("STATUS")],
            [
                "STATUS=Ready. workers: 1 current, 0 old; connections: 5\n",
                "STATUS=Ready. workers: 1 current, 1 old; connections: 6\n",
            ],
        )

    def test_nobody(self) -> None:
        """
        Without a service manager nothing happens.
        """
        ServiceManager(None).ready(12)

    def test_the_socket(self) -> None:
        """
        Messages arrive as datagrams at C{$NOTIFY_SOCKET}.
        """
        directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, directory)
        path = f"{directory}/n"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
            receiver.bind(path)
            before = os.environ.get("NOTIFY_SOCKET")
            os.environ["NOTIFY_SOCKET"] = path
            try:
                notifier = open_notifier()
            finally:
                if before is None:
                    del os.environ["NOTIFY_SOCKET"]
                else:
                    os.environ["NOTIFY_SOCKET"] = before
            notifier("STOPPING=1")
            self.assertEqual(receiver.recv(100), b"STOPPING=1")
            socket_of_notifier = notifier.__self__.socket  # type: ignore[attr-defined]  # a bound method
            socket_of_notifier.close()
