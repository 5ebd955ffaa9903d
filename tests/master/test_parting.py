"""
Tests for L{mwproxy.master.parting}.
"""

from __future__ import annotations

from signal import SIGTERM, SIGUSR1

from tests.master.fixture import SupervisorTestCase


class HardTests(SupervisorTestCase):
    """
    A hard reload.
    """

    def test_hard_reload(self) -> None:
        """
        A hard reload terminates the former worker.
        """
        (old,) = self.start()
        self.serve_next(hard=True)
        self.assertEqual(old.signals, [SIGTERM])
        self.assertIn("N Reloading mwproxy (hard-reload)", self.said)


class MaxReloadsTests(SupervisorTestCase):
    """
    C{mworker-max-reloads}: each process gets at most one signal per reload.
    """

    def test_limit_0(self) -> None:
        """
        With 0 the former worker is terminated at once.
        """
        (old,) = self.start("    mworker-max-reloads 0")
        self.serve_next()
        self.assertEqual(old.signals, [SIGTERM])
        old.exit(143)
        self.assertEqual(
            self.said[-1],
            "W Former worker (101) exited with code 143 (Terminated), "
            "as it exceeds max reloads (0)",
        )

    def test_limit_1(self) -> None:
        """
        With 1 a worker survives one reload.
        """
        (first,) = self.start("    mworker-max-reloads 1")
        second = self.serve_next()
        self.assertEqual(first.signals, [SIGUSR1])
        self.serve_next()
        self.assertEqual((first.signals, second.signals), ([SIGUSR1, SIGTERM], [SIGUSR1]))

    def test_failed_reloads_do_not_count(self) -> None:
        """
        A worker that serves through failed reloads is no older for them.
        """
        (first,) = self.start("    mworker-max-reloads 1")
        for _ in range(3):
            _, (new,) = self.reload()
            new.exit(1)
            self.fill()
        self.serve_next()
        self.assertEqual(first.signals, [SIGUSR1])
