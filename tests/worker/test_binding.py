"""
Tests for L{mwproxy.worker.binding}.
"""

from __future__ import annotations

import os
import socket

from mwproxy.core.diagnostics import Diagnostics
from mwproxy.process.bind import bind
from mwproxy.process.sockets import ListenerSpec
from mwproxy.worker.binding import Opened, open_sockets
from mwproxy.worker.several import run_at_once
from mwproxy.worker.startup import StartFailed
from tests.config.loading import LoadingTestCase

SITE = """\
global
 stats socket 127.0.0.1:1 process 1 {expose}
frontend f
 mode http
 timeout client 1s
 bind 127.0.0.1:2
 bind 127.0.0.1:3 process 2
frontend g
 bind-process 2
 mode http
 timeout client 1s
 bind 127.0.0.1:4
"""


class OpenTests(LoadingTestCase):
    """
    Which sockets a process gets.
    """

    def setUp(self) -> None:
        super().setUp()
        self.asked: list[ListenerSpec] = []

    async def get(self, spec: ListenerSpec) -> int:
        self.asked.append(spec)
        with bind(ListenerSpec("ipv4", "127.0.0.1", 0)).sock as sock:
            fd = os.dup(sock.fileno())
        self.addCleanup(socket.socket(fileno=fd).close)
        return fd

    def open(self, text: str, process: int) -> list[Opened]:
        configuration = self.load(text)
        found: list[Opened] = run_at_once(
            open_sockets(configuration, self.get, self.diagnostics, program="prog", process=process)
        )
        return found

    def ports(self, process: int, expose: str = "") -> dict[int, bool]:
        opened = self.open(SITE.format(expose=expose), process)
        return {each.bind.address.port: each.ours for each in opened}

    def test_each_its_own(self) -> None:
        """
        A process gets those that it accepts from, consoles last.
        """
        self.assertEqual(self.ports(1), {2: True, 1: True})
        self.assertEqual(self.ports(2), {2: True, 3: True, 4: True})
        self.assertEqual(self.ports(0), {2: True, 3: True, 4: True, 1: True})
        self.assertFalse(any(spec.keep_path for spec in self.asked))

    def test_those_of_siblings(self) -> None:
        """
        One whose console gives sockets away gets all; then no path is removed in the end.
        """
        self.assertEqual(
            self.ports(1, "expose-fd listeners"), {2: True, 3: False, 4: False, 1: True}
        )
        self.assertEqual(self.ports(2, "expose-fd listeners"), {2: True, 3: True, 4: True})
        self.assertTrue(all(spec.keep_path for spec in self.asked))

    def test_none(self) -> None:
        """
        A configuration without listeners is refused; a process may well be without.
        """
        self.assertRaises(StartFailed, self.open, "backend b\n mode tcp\n", 1)
        self.assertIn(
            "[prog.main()] No enabled listener found (check for 'bind' directives) ! Exiting.",
            self.diagnostics.messages[-1].text,
        )
        self.assertEqual(self.open(SITE.format(expose="").replace("bind 127.0.0.1:2", ""), 3), [])

    def test_paused(self) -> None:
        """
        A socket that another process had paused listens again.
        """

        async def paused(spec: ListenerSpec) -> int:
            fd = await self.get(spec)
            with socket.socket(fileno=os.dup(fd)) as sock:
                sock.shutdown(socket.SHUT_RD)
            return fd

        configuration = self.load("frontend f\n mode http\n timeout client 1s\n bind 127.0.0.1:2\n")
        coming = open_sockets(configuration, paused, Diagnostics(), program="", process=1)
        [found] = run_at_once(coming)
        with socket.socket(fileno=os.dup(found.fd)) as sock:
            self.assertTrue(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
