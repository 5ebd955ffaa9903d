"""
Tests for L{mwproxy.programs.rests}, under a master.
"""

from __future__ import annotations

from signal import SIGKILL, SIGQUIT, SIGTERM, SIGUSR1

from tests.master.fixture import SupervisorTestCase

ONE = ("program one", "    command /bin/one")
AGAIN = (*ONE, "    restart always backoff 1s:4s limit 3")


class RestTests(SupervisorTestCase):
    """
    Tests for programs that are started again.
    """

    def test_restart(self) -> None:
        """
        One that ends is started again after its pause, and nothing else ends.
        """
        (worker,) = self.start(*AGAIN)
        (one,) = self.system.programs()
        one.exit(9)
        self.assertEqual(
            self.said[-2:],
            [
                f"A Current program 'one' ({one.pid}) exited with code 9 (Exit)",
                "N Starting program 'one' again in 1 s",
            ],
        )
        (row,) = (row for row in self.supervisor.rows() if row.name)
        self.assertEqual((row.pid, row.version), (0, "restarting"))
        self.system.clock.advance(1)
        self.assertEqual(len(self.system.programs()), 2)
        self.assertEqual((self.kinds()[-1], worker.signals), ("one 0", []))

    def test_crash_loop(self) -> None:
        """
        The pause doubles; at the limit it is given up, and what C{no-exit-on-failure} says counts.
        """
        self.start(*AGAIN)
        for pause in (1, 2, 4):
            self.system.programs()[-1].exit(9)
            self.system.clock.advance(pause - 0.1)
            before = len(self.system.programs())
            self.system.clock.advance(0.1)
            self.assertEqual(len(self.system.programs()), before + 1)
        self.system.programs()[-1].exit(9)
        self.assertIn(
            "A Program 'one' is not started again: 3 restarts in a row did not last.", self.said
        )
        self.assertIn("A exit-on-failure: killing every processes with SIGTERM", self.said)
        self.assertEqual(self.instance.exit_code, 9)

    def test_one_that_lasted(self) -> None:
        """
        After a minute it counts from the beginning.
        """
        self.start(*AGAIN)
        for _ in range(10):
            self.system.clock.advance(1)
            self.system.clock.advance(60)
            self.system.programs()[-1].exit(9)
        self.assertEqual(self.instance.killing, False)

    def test_stop(self) -> None:
        """
        A stop forgets who waits to be started, and starts nobody.
        """
        (worker,) = self.start(*AGAIN)
        self.system.programs()[0].exit(9)
        self.supervisor.handle_signal(SIGTERM)
        worker.exit(143)
        self.system.clock.advance(5)
        self.assertEqual((self.over, len(self.system.programs())), ([0], 1))

    def test_stop_a_running_one(self) -> None:
        """
        One that goes since it was asked to is not started again.
        """
        self.start(*AGAIN)
        self.supervisor.handle_signal(SIGUSR1)
        self.system.programs()[0].exit(0)
        self.system.clock.advance(5)
        self.assertEqual(len(self.system.programs()), 1)

    def test_policies(self) -> None:
        """
        C{stop} ends all even with C{no-exit-on-failure}, C{ignore} and C{degrade} nothing even
        without.
        """
        for lines, policy, ends in (
            (["master-worker no-exit-on-failure"], "stop", True),
            ([], "ignore", False),
            ([], "degrade", False),
        ):
            (worker,) = self.start(*lines, *ONE, f"    on-failure {policy}")
            self.system.programs()[0].exit(9)
            self.assertEqual(worker.signals, [SIGTERM] if ends else [])
            self.assertEqual(self.instance.exit_code, 9 if ends else 0)
            self.assertEqual(
                self.supervisor.programs.degraded(), ["one"] if policy == "degrade" else []
            )
            self.setUp()

    def test_degraded_until_a_reload(self) -> None:
        """
        A reload starts a degraded program anew.
        """
        self.start(*ONE, "    on-failure degrade")
        self.system.programs()[0].exit(9)
        self.serve_next()
        self.assertEqual(self.supervisor.programs.degraded(), [])
        self.assertEqual(self.kinds()[-1], "one 0")
        self.assertEqual(len(self.system.programs()), 2)

    def test_kept_or_not(self) -> None:
        """
        A section with HAProxy's keywords alone is started anew by each reload; one that has any of
        mwproxy's own is not, unless it says so.
        """
        for lines, signals in (
            ((), [SIGUSR1]),
            (("    stop-timeout 3s",), []),
            (("    stop-timeout 3s", "    option start-on-reload"), [SIGUSR1]),
            (("    stop-timeout 3s", "    no option start-on-reload"), [SIGUSR1]),
            (("    stop-timeout 3s", "    no option keep-unchanged"), [SIGUSR1]),
            (("    option start-on-reload", "    option keep-unchanged"), []),
        ):
            self.start(*ONE, *lines)
            self.serve_next()
            self.assertEqual(self.system.programs()[0].signals, signals, lines)
            self.setUp()

    def test_keep_unchanged(self) -> None:
        """
        A reload does not touch a program that is as it was; another command, another variable and
        a hard reload start it anew.
        """
        lines = ("    setenv A 1", *ONE, "    option keep-unchanged")
        self.start(*lines)
        self.serve_next()
        (one,) = self.system.programs()
        self.assertEqual((one.signals, self.kinds()[-1]), ([], "one 1"))
        self.write("    setenv A 2", *lines[1:])
        self.serve_next()
        self.assertEqual(one.signals, [SIGUSR1])
        self.write("    setenv A 2", "program one", "    command /bin/one -x", lines[-1])
        self.serve_next()
        self.serve_next()
        self.serve_next(hard=True)
        self.assertEqual(
            [each.signals for each in self.system.programs()][1:],
            [[SIGUSR1, SIGUSR1, SIGTERM], [SIGTERM], []],
        )

    def test_stop_signal(self) -> None:
        """
        It takes the place of the signals that ask to go; after C{stop-timeout} the group is
        killed.
        """
        self.start(*ONE, "    stop-signal QUIT", "    stop-timeout 3s")
        (one,) = self.system.programs()
        self.system.groups.add(one.pid)
        self.write()
        self.serve_next()
        self.assertEqual(one.signals, [SIGQUIT])
        self.system.clock.advance(2.9)
        self.assertNotIn(f"group {one.pid} {SIGKILL.value}", self.system.log)
        self.system.clock.advance(0.1)
        self.assertIn(f"group {one.pid} {SIGKILL.value}", self.system.log)
        self.assertEqual(
            self.said[-1], f"W Program 'one' ({one.pid}) has not gone within 3 seconds, killing it."
        )

    def test_stays_and_is_not_killed(self) -> None:
        """
        One that a reload signals without starting another stays current: C{stop-timeout} is not
        for it.
        """
        self.start(*ONE, "    stop-timeout 3s", "    no option start-on-reload")
        self.serve_next()
        self.system.clock.advance(10)
        self.assertEqual([line for line in self.system.log if line.startswith("group")], [])
        self.assertEqual(self.system.programs()[0].signals, [SIGUSR1])

    def test_ready_again(self) -> None:
        """
        After a restart it has to be ready again; one that is not in its time is killed, and counts
        as failed.
        """
        self.write(*AGAIN, "    ready line up timeout 2s")
        self.supervisor.start()
        (one,) = self.supervisor.programs.running
        one._is_ready()
        (worker,) = self.starting()
        worker.hello()
        worker.ready()
        self.system.programs()[0].exit(9)
        self.system.clock.advance(1)
        again = self.system.programs()[1]
        self.system.groups.add(again.pid)
        self.system.clock.advance(2)
        self.assertIn(
            f"A Program 'one' ({again.pid}) is not ready after 2 seconds: it has printed no line"
            " that matches 'up'.",
            self.said,
        )
        self.assertIn(f"group {again.pid} {SIGKILL.value}", self.system.log)
        self.system.groups.clear()
        again.exit(137)
        self.system.clock.advance(2)
        self.assertEqual(len(self.system.programs()), 3)
        self.assertEqual(worker.signals, [])
