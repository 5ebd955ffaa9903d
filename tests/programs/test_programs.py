"""
Tests for L{mwproxy.programs.programs}.
"""

from __future__ import annotations

from signal import SIGKILL, SIGTERM, SIGUSR1

from tests.master.fixture import SupervisorTestCase

ONE = ("program one", "    command /bin/one -x")
QUIET_ONE = (*ONE, "    no option start-on-reload")
TWO = ("program two", "    command /bin/two", "    user nobody", "    group nogroup")


class ProgramTests(SupervisorTestCase):
    """
    C{program} sections under a master.
    """

    def test_start(self) -> None:
        """
        Programs start before the worker, in the order of the file, through the launcher that gives
        them their user and group.
        """
        self.start(*ONE, *TWO)
        one, two = self.system.programs()
        self.assertEqual(one.argv[-5:-3], ["", ""])
        self.assertEqual(one.argv[-2:], ["/bin/one", "-x"])
        self.assertEqual(two.argv[-4:-2], ["nogroup", "nobody"])
        self.assertEqual(
            self.said[:3],
            [
                f"N New program 'one' ({one.pid}) forked",
                f"N New program 'two' ({two.pid}) forked",
                f"N Initializing new worker ({self.system.workers()[0].pid})",
            ],
        )
        self.assertEqual(self.kinds(), ["master 0", "worker 0", "one 0", "two 0"])

    def test_environment(self) -> None:
        """
        Programs get the initial environment and HAProxy's public variables.
        """
        self.start("    setenv EXTRA yes", *ONE)
        (one,) = self.system.programs()
        self.assertEqual(one.environment["EXTRA"], "yes")
        self.assertEqual(one.environment["HAPROXY_MWORKER"], "1")
        self.assertEqual(one.environment["HAPROXY_CFGFILES"], str(self.file))
        self.assertNotIn("NOTIFY_SOCKET", one.environment)

    def test_reload(self) -> None:
        """
        A reload signals the running instance before the new worker is READY, and starts another.
        """
        self.start(*ONE)
        _, (worker,) = self.reload()
        old, _new = self.system.programs()
        self.assertEqual(old.signals, [SIGUSR1])
        worker.ready()
        self.assertEqual(self.kinds()[-2:], ["one 0", "one 1 old"])
        old.exit(0)
        self.assertEqual(
            self.said[-1], f"W Former program 'one' ({old.pid}) exited with code 0 (Exit)"
        )

    def test_hard_reload(self) -> None:
        """
        A hard reload sends SIGTERM.
        """
        self.start(*ONE)
        self.reload(hard=True)
        self.assertEqual(self.system.programs()[0].signals, [SIGTERM])

    def test_no_start_on_reload(self) -> None:
        """
        Without C{start-on-reload} the instance is signaled all the same, stays current, and no
        other is started.
        """
        self.start(*QUIET_ONE)
        self.reload()
        (one,) = self.system.programs()
        self.assertEqual(one.signals, [SIGUSR1])
        self.assertEqual(self.kinds()[-1], "one 1")

    def test_the_section_is_gone(self) -> None:
        """
        A program whose section disappeared is signaled and becomes old.
        """
        self.start(*ONE)
        self.write()
        self.reload()
        self.assertEqual(self.system.programs()[0].signals, [SIGUSR1])
        self.assertEqual(self.kinds()[-1], "one 1 old")

    def test_a_configuration_that_cannot_be_read(self) -> None:
        """
        Nothing is started and nothing is signaled then.
        """
        self.start(*ONE)
        self.write("program broken")
        self.reload()
        (one,) = self.system.programs()
        self.assertEqual(one.signals, [])

    def test_a_crash_ends_everything(self) -> None:
        """
        A current program that fails ends the instance with its status.
        """
        (worker,) = self.start(*ONE)
        (one,) = self.system.programs()
        one.exit(137)
        self.assertEqual(
            self.said[-2:],
            [
                f"A Current program 'one' ({one.pid}) exited with code 137 (Killed)",
                "A exit-on-failure: killing every processes with SIGTERM",
            ],
        )
        worker.exit(143)
        self.system.clock.advance(2)
        self.assertEqual(self.over, [137])

    def test_a_clean_exit(self) -> None:
        """
        A program that ends with 0 is only reported, and not started again.
        """
        (worker,) = self.start(*ONE)
        (one,) = self.system.programs()
        one.exit(0)
        self.assertEqual(worker.signals, [])
        self.assertEqual(len(self.system.programs()), 1)

    def test_soft_stop(self) -> None:
        """
        A program that dies of the SIGUSR1 of a soft stop does not make it a hard one.
        """
        (worker,) = self.start(*ONE)
        self.supervisor.handle_signal(SIGUSR1)
        self.system.programs()[0].exit(138)
        self.assertEqual(worker.signals, [SIGUSR1])
        worker.exit(0)
        self.system.clock.advance(2)
        self.assertEqual(self.over, [0])

    def test_the_master_waits_for_programs(self) -> None:
        """
        The master stays until its last program is gone.
        """
        (worker,) = self.start(*ONE)
        self.supervisor.handle_signal(SIGTERM)
        worker.exit(143)
        self.system.clock.advance(100)
        self.assertEqual(self.over, [])
        self.system.programs()[0].exit(143)
        self.system.clock.advance(2)
        self.assertEqual(self.over, [0])

    def test_the_rest_of_the_group(self) -> None:
        """
        What a program leaves behind in its group is terminated, then killed.
        """
        self.start(*ONE)
        (one,) = self.system.programs()
        self.system.groups.add(one.pid)
        self.system.log.clear()
        one.exit(0)
        for _ in range(20):
            self.system.clock.advance(0.05)
        signals = [line for line in self.system.log if not line.endswith(" 0")]
        self.assertEqual(
            signals[:2], [f"group {one.pid} {SIGTERM.value}", f"group {one.pid} {SIGKILL.value}"]
        )
        self.assertEqual(len(self.supervisor.programs.running), 1)
        self.system.groups.clear()
        self.system.clock.advance(0.05)
        self.assertEqual(self.supervisor.programs.running, [])

    def test_at_start_a_failing_program_decides(self) -> None:
        """
        When a program fails while the first worker loads, the master's status is the program's.
        """
        self.write(*ONE)
        self.supervisor.start()
        (worker,) = self.starting()
        self.system.programs()[0].exit(4)
        self.assertEqual(worker.signals, [SIGTERM])
        worker.exit(143)
        self.system.clock.advance(2)
        self.assertEqual(self.over, [4])
