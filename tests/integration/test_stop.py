"""
How a master ends, and what it leaves.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path

from tests.integration.clients import Connection
from tests.integration.configs import BOTH_MODES, NAMED
from tests.integration.harness import ProcessTestCase, Proxy
from tests.integration.origins import EchoOrigin, Origin


class StopTests(ProcessTestCase):
    """
    Tests of TERM, INT and USR1.
    """

    def _ends(self, proxy: Proxy, number: signal.Signals, status: int) -> None:
        web = proxy.port("web")
        proxy.signal(number)
        self.assertEqual(proxy.wait_exit(), status, proxy.output)
        self.assertIn("Exiting Master process...", proxy.output)
        self.assertIn("All workers exited. Exiting... ", proxy.output)
        self.assert_no_orphans(proxy)
        self.assertNotEqual(socket.socket().connect_ex(("127.0.0.1", web)), 0)
        self.assertFalse((proxy.directory / "m.sock").exists())

    def test_term(self) -> None:
        """
        TERM ends it with status 0.
        """
        self._ends(self.start(NAMED, word="x"), signal.SIGTERM, 0)

    def test_int(self) -> None:
        """
        INT ends it with status 130.
        """
        self._ends(self.start(NAMED, word="x"), signal.SIGINT, 130)

    def test_usr1(self) -> None:
        """
        USR1 ends it with status 0 when nothing is under way.
        """
        self._ends(self.start(NAMED, word="x"), signal.SIGUSR1, 0)

    def test_usr1_waits(self) -> None:
        """
        USR1 lets connections end first.
        """
        origin, echo = Origin(), EchoOrigin()
        self.addCleanup(origin.stop)
        self.addCleanup(echo.stop)
        proxy = self.start(BOTH_MODES, origin=origin.address, echo=echo.address)
        tunnel = Connection(proxy.port("relay"))
        tunnel.send(b"x")
        tunnel.receive_exactly(1)
        proxy.signal(signal.SIGUSR1)
        proxy.wait_output("Proxy relay stopped")
        tunnel.send(b"still")
        self.assertEqual(tunnel.receive_exactly(5), b"still")
        tunnel.close()
        self.assertEqual(proxy.wait_exit(), 0)
        self.assert_no_orphans(proxy)

    def test_notifications(self) -> None:
        """
        The service manager hears of readiness, of reloads with their time, and of the end.
        """
        proxy = self.start(NAMED, word="x")
        ready = f"READY=1\nMAINPID={proxy.pid}\nSTATUS=Ready."
        self.assertTrue(proxy.notices[0].startswith(ready), proxy.notices)
        proxy.reload()
        proxy.wait_ready(times=2)
        (reloading,) = (notice for notice in proxy.notices if "RELOADING=1" in notice)
        self.assertRegex(
            reloading,
            r"^RELOADING=1\nSTATUS=Reloading Configuration\.\nMONOTONIC_USEC=\d+\n?$",
        )
        proxy.stop()
        proxy.wait(lambda: any("STOPPING=1" in notice for notice in proxy.notices))

    def test_notify_reload(self) -> None:
        """
        Each reload that is asked for by a signal, good or bad, is told as C{Type=notify-reload} of
        systemd 253 and later wants it: C{RELOADING=1} with a C{MONOTONIC_USEC} of the same message
        that is not before the signal, then C{READY=1}. Without the former systemd 257 waits for
        ever. Later versions refuse a start whose C{READY=1} comes before the signal is caught.
        """
        proxy = self.make(NAMED, word="one")
        proxy.start()
        proxy.wait_ready()
        status = Path(f"/proc/{proxy.pid}/status").read_text()
        [caught] = (line for line in status.splitlines() if line.startswith("SigCgt:"))
        self.assertTrue(int(caught.split()[1], 16) & 1 << signal.SIGUSR2 - 1, caught)
        for number, (broken, status) in enumerate(((False, "Ready."), (True, "Reload failed!")), 2):
            text = NAMED.replace("bind", "bnid") if broken else NAMED
            proxy.configure(text, word="two")
            told = len(proxy.notices)
            before = time.monotonic_ns() // 1000
            proxy.signal(signal.SIGUSR2)
            proxy.wait_ready(times=number)
            after = time.monotonic_ns() // 1000
            # Not the figures, nor that it takes longer on a busy machine.
            fresh = [
                each for each in proxy.notices[told:] if "RELOADING=" in each or "READY=" in each
            ]
            reloading, ready = (
                dict(line.split("=", 1) for line in each.splitlines()) for each in fresh
            )
            self.assertEqual(reloading["RELOADING"], "1")
            self.assertTrue(before <= int(reloading["MONOTONIC_USEC"]) <= after, reloading)
            self.assertEqual((ready["READY"], ready["STATUS"]), ("1", status))

    def test_one_signal_during_another_reload(self) -> None:
        """
        A reload that was asked for during another one has a C{RELOADING=1} and C{READY=1} of its
        own, later than the signal: the end of the first is not taken for its.
        """
        proxy = self.start(NAMED, word="one")
        [worker] = proxy.worker_pids()
        # It answers the first reload only when it goes on.
        os.kill(worker, signal.SIGSTOP)
        proxy.signal(signal.SIGUSR2)
        proxy.wait(lambda: sum("RELOADING=1" in each for each in proxy.notices) == 1)
        before = time.monotonic_ns() // 1000
        proxy.signal(signal.SIGUSR2)
        os.kill(worker, signal.SIGCONT)
        proxy.wait_ready(times=3)
        kinds = [each for each in proxy.notices if "RELOADING=1" in each or "READY=1" in each]
        self.assertEqual(["RELOADING" in each for each in kinds], [False, True, False, True, False])
        late = dict(line.split("=", 1) for line in kinds[3].splitlines())
        self.assertGreaterEqual(int(late["MONOTONIC_USEC"]), before)

    def test_unix_listener_is_removed(self) -> None:
        """
        A UNIX socket that it listened on is gone after a stop.
        """
        text = NAMED.replace("<listen:web>", "unix@<dir>/web.sock")
        proxy = self.start(text, word="x")
        self.assertTrue((proxy.directory / "web.sock").is_socket())
        self.assertEqual(proxy.stop(), 0)
        self.assertFalse((proxy.directory / "web.sock").exists())


class StartTests(ProcessTestCase):
    """
    Tests of starts that fail.
    """

    def test_port_is_taken(self) -> None:
        """
        A port that another process listens on is named, with the line that asks for it.
        """
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        port = taken.getsockname()[1]
        text = NAMED.replace("<listen:web>", f"127.0.0.1:{port}")
        proxy = self.make(text, word="x")
        proxy.start()
        self.assertEqual(proxy.wait_exit(), 1, proxy.output)
        self.assertIn(
            f"Binding [{proxy.file}:9] for frontend web: protocol tcpv4: cannot bind socket"
            f" (Address already in use) for [127.0.0.1:{port}].",
            proxy.output,
        )
        self.assert_no_orphans(proxy)
        self.assertFalse((proxy.directory / "m.sock").exists())

    def test_mistakes(self) -> None:
        """
        All mistakes of a file are reported in one run, and no traceback.
        """
        text = NAMED.replace("bind", "bnid").replace("timeout client", "timeout cilent")
        proxy = self.make(text, word="x", **{"listen:web": "127.0.0.1:0"})
        proxy.start()
        self.assertEqual(proxy.wait_exit(), 1, proxy.output)
        self.assertIn("unknown keyword 'bnid'", proxy.output)
        self.assertIn("(got 'cilent')", proxy.output)
        self.assertNotIn("Traceback", proxy.output)
        self.assert_no_orphans(proxy)
