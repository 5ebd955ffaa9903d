"""
Upgrade in place, stopped in the midst: the successor has begun and knows of nothing yet.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

from tests.integration.configs import NAMED
from tests.integration.harness import Proxy
from tests.integration.upgrades import WHOLE, UpgradeTestCase


class DuringTests(UpgradeTestCase):
    """
    Tests of what happens while the successor has begun and knows of nothing yet.
    """

    def hold(self, proxy: Proxy) -> Callable[[], str]:
        """
        Upgrade, and stop in the midst.

        @return: Waits for the answer.
        """
        self.installation.hold()
        self.install(proxy)
        answer = self.in_background(proxy.reload)
        proxy.wait(self.installation.inside.exists)
        return answer

    def test_usr2(self) -> None:
        """
        However often SIGUSR2 comes meanwhile, one reload follows, and answers nobody's request.
        """
        proxy = self.begin()
        answer = self.hold(proxy)
        for _ in range(20):
            proxy.signal(signal.SIGUSR2)
        self.assertEqual(proxy.get("web").body, b"one")
        self.installation.let_go()
        self.assertEqual(answer().splitlines()[0], "Success=1")
        proxy.wait(lambda: proxy.rows()["master"][0][2:5] == ["2", "[failed:", "0]"])
        proxy.wait_ready(3)
        self.assertEqual(self.versions(proxy), ["2.0.0", "2.0.0"])
        self.assertEqual(proxy.stop(), 0)
        self.assert_no_orphans(proxy)

    def test_term(self) -> None:
        """
        SIGTERM that comes meanwhile ends everything as soon as it can be heard.
        """
        proxy = self.begin(WHOLE, echo="127.0.0.1:1")
        self.hold(proxy)
        proxy.signal(signal.SIGTERM)
        self.installation.let_go()
        self.assertEqual(proxy.wait_exit(), 0, proxy.output)
        self.assertIn("Exiting Master process...", proxy.output)
        self.assert_no_orphans(proxy)
        self.assertFalse(Path(proxy.console_path).exists())

    def test_blocked_signals(self) -> None:
        """
        A master whose parent had blocked all signals hears them like any other, before an exec,
        during it, where each counts once, and after it; so do its workers.
        """
        self.config = NAMED
        proxy = self.make(NAMED, word="one")
        former = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            proxy.start(environment=self.installation.environment)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, former)
        proxy.wait_ready()
        self.assert_hears_all(proxy)
        proxy.configure(NAMED, word="two")
        proxy.signal(signal.SIGHUP)
        proxy.wait_ready(2)
        self.assertEqual(proxy.get("web").body, b"two")
        answer = self.hold(proxy)
        for signum in (
            signal.SIGHUP,
            signal.SIGTTOU,
            signal.SIGHUP,
            signal.SIGQUIT,
            signal.SIGTTOU,
        ):
            proxy.signal(signum)
        self.installation.let_go()
        self.assertIn("Success=1\n", answer(), proxy.output)
        # The one that was asked for on the console, then the one of both signals.
        proxy.wait_ready(4)
        self.assertEqual(proxy.rows()["master"][0][2], "3")
        self.assert_hears_all(proxy)
        [worker] = proxy.worker_pids()
        proxy.wait_output(rf"\({worker}\) : Paused frontend web")
        proxy.signal(signal.SIGTTIN)
        proxy.wait_output(rf"\({worker}\) : Resumed frontend web")
        self.assertEqual(proxy.get("web").body, b"2.0.0")
        os.kill(worker, signal.SIGKILL)
        self.assertEqual(proxy.wait_exit(), 137, proxy.output)
        self.assert_no_orphans(proxy)

    def assert_hears_all(self, proxy: Proxy) -> None:
        """
        Assert that master and workers have no signal blocked.
        """
        for pid in (proxy.pid, *proxy.worker_pids()):
            status = Path(f"/proc/{pid}/status").read_text()
            self.assertIn("\nSigBlk:\t0000000000000000\n", status)

    def test_deaths(self) -> None:
        """
        A worker and a program that die meanwhile are judged as if it had been seen at once.
        """
        proxy = self.begin(WHOLE, echo="127.0.0.1:1")
        (worker,) = proxy.worker_pids()
        program = int(proxy.rows()["programs"][0][0])
        answer = self.hold(proxy)
        os.kill(worker, signal.SIGKILL)
        os.kill(program, signal.SIGKILL)
        self.installation.let_go()
        self.assertEqual(answer().splitlines()[0], "Success=1")
        proxy.wait_output(rf"Current worker \({worker}\) exited with code 137 \(Killed\)")
        proxy.wait_output(rf"Current program 'side' \({program}\) exited with code 137 \(Killed\)")
        self.assertEqual(proxy.get("web").body, b"2.0.0")
        self.assertEqual(proxy.rows().get("programs", []), [])

    def test_master_is_killed(self) -> None:
        """
        A successor that is killed before it knows anything takes everybody along.
        """
        proxy = self.begin(WHOLE, echo="127.0.0.1:1")
        self.hold(proxy)
        os.kill(proxy.pid, signal.SIGKILL)
        self.assertEqual(proxy.wait_exit(), -signal.SIGKILL)
        self.assert_no_orphans(proxy)

    def test_consoles(self) -> None:
        """
        Consoles wait meanwhile, those that connect and those that ask for more reloads: each is
        answered for its own.
        """
        proxy = self.begin()
        first = self.hold(proxy)
        second = self.in_background(proxy.reload)
        listed = self.in_background(lambda: proxy.master_cli("show version"))
        self.installation.let_go()
        self.assertEqual(listed(), "2.0.0\n\n")
        for answer in (first, second):
            self.assertEqual(answer().splitlines()[0], "Success=1")
        self.assertEqual(proxy.rows()["master"][0][2], "2")
