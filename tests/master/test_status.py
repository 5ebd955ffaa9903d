"""
Tests for L{mwproxy.master.status}.
"""

from __future__ import annotations

from signal import SIGUSR1

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.master.attempt import SLOW
from mwproxy.master.status import COLLECT, SIGNS, Watchdog, watchdog_interval
from tests.master.fixture import SupervisorTestCase
from tests.process.memory import MemorySystem


class StatusLineTests(SupervisorTestCase):
    """
    Live figures.
    """

    def test_not_too_often(self) -> None:
        """
        Of figures that change all the time the latest is told, once a second.
        """
        (worker,) = self.start()
        self.system.clock.advance(COLLECT)
        self.told.clear()
        for count in range(32):
            worker.channel.events.said_figures({"connections": count})
            self.system.clock.advance(COLLECT / 16)
        self.assertEqual([text.rpartition(" ")[2] for text in self.told], ["15\n", "31\n"])

    def test_draining(self) -> None:
        """
        Connections of workers that leave are told apart.
        """
        (old,) = self.start()
        old.channel.events.said_figures({"connections": 3})
        new = self.serve_next()
        new.channel.events.said_figures({"connections": 4})
        self.system.clock.advance(COLLECT)
        self.assertIn(
            "workers: 1 current, 1 old; connections: 7, 3 draining; reloads: 1, last succeeded ",
            self.told[-1],
        )
        old.exit(0)
        self.system.clock.advance(COLLECT)
        self.assertIn("workers: 1 current, 0 old; connections: 4; reloads: 1", self.told[-1])

    def test_after_a_failure(self) -> None:
        """
        A failed reload stays in the status, with its reason, while figures go on.
        """
        (worker,) = self.start()
        _, (new,) = self.reload()
        new.exit(1)
        worker.channel.events.said_figures({"connections": 9})
        self.system.clock.advance(COLLECT)
        self.assertRegex(
            self.told[-1],
            r"\ASTATUS=Reload failed! workers: 1 current, 0 old; connections: 9; reloads: 1, "
            r"last failed .*: Failed to load worker \(\d+\) exited with code 1 \(Exit\)\n\Z",
        )

    def test_not_while_loading_or_stopping(self) -> None:
        """
        While a configuration loads, and during the end, no figures are told.
        """
        (worker,) = self.start()
        self.system.clock.advance(COLLECT)
        self.reload()
        self.told.clear()
        worker.channel.events.said_figures({"connections": 9})
        self.system.clock.advance(COLLECT)
        self.assertEqual(self.told, [])
        self.supervisor.handle_signal(SIGUSR1)
        worker.channel.events.said_figures({"connections": 10})
        self.system.clock.advance(COLLECT)
        self.assertEqual(self.told, ["STOPPING=1"])

    def test_slow_load(self) -> None:
        """
        When loading takes long the service manager is asked to wait as long as we do.
        """
        self.write()
        self.supervisor.start()
        self.system.clock.advance(SLOW)
        self.assertEqual(self.told, ["EXTEND_TIMEOUT_USEC=60000000\n"])


class WatchdogTests(SynchronousTestCase):
    """
    Signs of life.
    """

    def test_interval(self) -> None:
        """
        The time is divided, and counts only for the process that it is meant for.
        """
        self.assertEqual(watchdog_interval({"WATCHDOG_USEC": "30000000"}, 7), 30 / SIGNS)
        both = {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}
        self.assertEqual(watchdog_interval(both, 7), 30 / SIGNS)
        self.assertEqual(watchdog_interval(both, 8), 0)

    def test_none(self) -> None:
        """
        Without a time, or with nonsense, there is no watchdog.
        """
        for value in (None, "", "x", "-1", "1.5", "9" * 30, "\u0663"):
            environment = {} if value is None else {"WATCHDOG_USEC": value}
            self.assertEqual(watchdog_interval(environment, 7), 0, value)

    def test_signs(self) -> None:
        """
        Signs are given from the start on until it is stopped.
        """
        system = MemorySystem()
        signs: list[float] = []
        watchdog = Watchdog(system, 2, lambda: signs.append(system.monotonic()))
        watchdog.start()
        system.clock.pump([1, 1, 1, 1])
        self.assertEqual(signs, [0, 2, 4])
        watchdog.stop()
        system.clock.advance(10)
        self.assertEqual(signs, [0, 2, 4])
        self.assertEqual(system.clock.getDelayedCalls(), [])

    def test_off(self) -> None:
        """
        Without an interval no sign is given.
        """
        system = MemorySystem()
        signs: list[int] = []
        watchdog = Watchdog(system, 0, lambda: signs.append(1))
        watchdog.start()
        watchdog.stop()
        self.assertEqual((signs, system.clock.getDelayedCalls()), ([], []))
