"""
Tests for L{mwproxy.master.reload}.
"""

from __future__ import annotations

import json
from signal import SIGKILL, SIGTERM, SIGUSR1

from mwproxy.process.ipc import CHANNEL_VERSION
from tests.master.fixture import SupervisorTestCase


class StartTests(SupervisorTestCase):
    """
    The first configuration.
    """

    def test_messages_and_service_manager(self) -> None:
        """
        A good start says two notices and tells the service manager once.
        """
        self.start()
        self.assertEqual(self.said, ["N Initializing new worker (101)", "N Loading success."])
        self.assertEqual(self.told, ["READY=1\nMAINPID=100\nSTATUS=Ready.\n"])
        self.assertEqual(self.kinds(), ["master 0", "worker 0"])

    def test_the_order(self) -> None:
        """
        A worker is told files, command line, its numbers, and how the environment differs.
        """
        (worker,) = self.start()
        (box,) = worker.orders()
        self.assertEqual((box["generation"], box["process"]), (b"1", b"1"))
        order = json.loads(box["order"])
        self.assertEqual(order["files"], [str(self.file)])
        self.assertEqual(order["environment"]["HAPROXY_MWORKER"], "1")
        self.assertEqual(order["processes"], 1)

    def test_a_worker_that_fails_ends_the_master(self) -> None:
        """
        The first worker's exit status is the master's.
        """
        self.write()
        answer = self.supervisor.start()
        (worker,) = self.starting()
        worker.hello()
        worker.exit(3)
        self.assertFalse(self.successResultOf(answer).success)
        self.assertEqual(self.said[1:], ["A Failed to load worker (101) exited with code 3 (Exit)"])
        self.assertEqual(self.over, [3])

    def test_a_file_that_cannot_be_read_ends_the_master(self) -> None:
        """
        Without a configuration no worker is started, and the exit status is 1.
        """
        self.supervisor.start()
        self.assertEqual(
            self.said,
            [
                "A config : Cannot open configuration file/directory "
                f"{self.file} : No such file or directory"
            ],
        )
        self.assertEqual((self.over, self.system.children), ([1], []))

    def test_several_workers(self) -> None:
        """
        With C{nbproc} the generation is READY when all of its workers are.
        """
        self.write("    nbproc 2")
        answer = self.supervisor.start()
        first, second = self.starting()
        first.hello()
        first.ready()
        second.hello()
        self.assertNoResult(answer)
        second.ready()
        self.assertTrue(self.successResultOf(answer).success)
        self.assertEqual(
            self.said[:2],
            ["N Initializing new worker #1 (101)", "N Initializing new worker #2 (102)"],
        )


class ReloadTests(SupervisorTestCase):
    """
    Every configuration after the first.
    """

    def test_the_standby_takes_over(self) -> None:
        """
        A reload starts no process: the worker in waiting loads, and only when it is READY the
        serving one is asked to leave.
        """
        (old,) = self.start()
        count = len(self.system.children)
        answer, (new,) = self.reload()
        self.assertEqual(len(self.system.children), count)
        self.assertEqual((len(new.orders()), old.signals), (1, []))
        new.ready()
        self.assertEqual(old.signals, [SIGUSR1])
        result = self.successResultOf(answer)
        self.assertEqual((result.success, result.generation), (True, 2))
        self.assertEqual(self.kinds(), ["master 1", "worker 0", "worker 1 old"])

    def test_answer_and_messages(self) -> None:
        """
        The answer's log has the messages of this reload alone.
        """
        self.start()
        answer, (new,) = self.reload()
        new.say("[WARNING]  (102) : from the worker")
        new.ready()
        self.assertEqual(
            self.successResultOf(answer).log,
            "[NOTICE]   (100) : Reloading mwproxy\n"
            "[NOTICE]   (100) : Initializing new worker (102)\n"
            "[WARNING]  (102) : from the worker\n"
            "[NOTICE]   (100) : Loading success.\n",
        )

    def test_service_manager(self) -> None:
        """
        The service manager learns when a reload began, and that we are ready again.
        """
        self.start()
        self.system.clock.advance(5)
        self.told.clear()
        self.serve_next()
        self.assertEqual(
            self.told,
            [
                "RELOADING=1\nSTATUS=Reloading Configuration.\nMONOTONIC_USEC=5000000\n",
                "READY=1\nMAINPID=100\nSTATUS=Ready.\n",
            ],
        )

    def test_a_worker_that_fails_changes_nothing(self) -> None:
        """
        When the new worker dies the serving one never notices, and failures add up until a reload
        succeeds.
        """
        (old,) = self.start()
        for count in (1, 2):
            answer, (new,) = self.reload()
            new.exit(1)
            self.assertFalse(self.successResultOf(answer).success)
            self.assertEqual((self.instance.failed, old.signals), (count, []))
            self.fill()
        self.assertEqual(self.told[-1], "READY=1\nSTATUS=Reload failed!\n")
        self.assertEqual(self.kinds(), ["master 2", "worker 2 old"])
        self.serve_next()
        self.assertEqual(self.instance.failed, 0)

    def test_a_configuration_that_cannot_be_read_changes_nothing(self) -> None:
        """
        An error that the master itself finds starts nothing and counts as a failure.
        """
        (old,) = self.start()
        count = len(self.system.children)
        self.write("    nbproc many")
        answer, starting = self.reload()
        result = self.successResultOf(answer)
        self.assertEqual((result.success, starting, old.signals), (False, [], []))
        self.assertEqual((self.instance.failed, len(self.system.children)), (1, count))
        self.assertEqual(
            self.told[-1],
            "READY=1\n"
            "STATUS=Reload failed (master failed to load or to parse new configuration)!\n",
        )

    def test_a_second_reload_waits(self) -> None:
        """
        Reloads are served one after the other, each answered for its own content.
        """
        self.start()
        first, (one,) = self.reload()
        second, _ = self.reload()
        one.ready()
        self.assertTrue(self.successResultOf(first).success)
        self.assertNoResult(second)
        (two,) = self.starting()
        two.exit(1)
        self.assertFalse(self.successResultOf(second).success)

    def test_signals_in_line_are_one(self) -> None:
        """
        However many signals arrive during a reload, one more reload follows.
        """
        self.start()
        self.reload()
        (one,) = self.starting()
        for _ in range(5):
            self.supervisor.reload(by_signal=True)
        one.ready()
        (two,) = self.starting()
        two.hello()
        two.ready()
        self.assertEqual((self.starting(), self.instance.reloads), ([], 2))

    def test_hard_reload(self) -> None:
        """
        A hard reload terminates the former worker.
        """
        (old,) = self.start()
        self.serve_next(hard=True)
        self.assertEqual(old.signals, [SIGTERM])
        self.assertIn("N Reloading mwproxy (hard-reload)", self.said)

    def test_one_look_for_several(self) -> None:
        """
        However many workers a generation has, the installed code is looked at once for them.
        """
        self.start("    nbproc 3")
        self.looks = 0
        self.reload()
        self.assertEqual(self.looks, 1)

    def test_one_of_several_fails(self) -> None:
        """
        When one worker of a generation dies, the rest of it goes too: terminated while loading,
        softly when it serves already.
        """
        self.start("    nbproc 3")
        answer, (one, two, three) = self.reload()
        one.ready()
        two.exit(1)
        self.assertEqual((one.signals, three.signals), ([SIGUSR1], [SIGTERM]))
        self.assertNoResult(answer)
        three.exit(143)
        self.assertFalse(self.successResultOf(answer).success)

    def test_never_ready(self) -> None:
        """
        A worker that says nothing for a minute is killed, and the reload fails.
        """
        self.start()
        answer, (new,) = self.reload()
        new.begin()
        self.system.clock.advance(60)
        self.assertEqual(new.signals, [SIGKILL])
        new.exit(137)
        self.assertFalse(self.successResultOf(answer).success)
        self.assertIn("A Worker (102) is not ready after 60 seconds, killing it.", self.said)

    def test_killed_before_it_began(self) -> None:
        """
        A worker that was killed before it took note of its configuration is replaced, once.
        """
        self.start()
        answer, (new,) = self.reload()
        new.exit(137)
        self.assertEqual(
            self.said[-2:],
            [
                "W Worker (102) exited with code 137 (Killed) before it began to load, "
                "starting another one.",
                "N Initializing new worker (103)",
            ],
        )
        (other,) = self.starting()
        other.hello()
        other.ready()
        self.assertTrue(self.successResultOf(answer).success)

    def test_killed_twice(self) -> None:
        """
        When the replacement is killed too, the reload has failed.
        """
        self.start()
        answer, (new,) = self.reload()
        new.exit(137)
        (other,) = self.starting()
        other.exit(137)
        self.assertFalse(self.successResultOf(answer).success)
        self.assertEqual(
            self.said[-1], "A Failed to load worker (103) exited with code 137 (Killed)"
        )

    def test_killed_after_it_began(self) -> None:
        """
        A worker that is killed while it loads fails the reload: the configuration may be why.
        """
        self.start()
        answer, (new,) = self.reload()
        new.begin()
        new.exit(139)
        self.assertFalse(self.successResultOf(answer).success)

    def test_never_begins(self) -> None:
        """
        A worker that does not react to its configuration is killed and replaced.
        """
        self.start()
        answer, (new,) = self.reload()
        self.system.clock.advance(15)
        self.assertEqual(new.signals, [SIGKILL])
        self.assertIn("A Worker (102) does not answer since 15 seconds, killing it.", self.said)
        new.exit(137)
        (other,) = self.starting()
        other.hello()
        other.ready()
        self.assertTrue(self.successResultOf(answer).success)

    def test_never_starts(self) -> None:
        """
        A process that is only starting has more time: that costs it something, and others may have
        the machine.
        """
        self.start()
        standby = self.system.workers()[1]
        standby.exit(137)
        answer, (new,) = self.reload()
        self.system.clock.advance(59)
        self.assertEqual(new.signals, [])
        self.system.clock.advance(1)
        self.assertEqual(new.signals, [SIGKILL])
        self.assertEqual(
            self.said[-1], "A Worker (103) has not started within 60 seconds, killing it."
        )
        new.exit(137)
        self.starting()[0].hello()
        self.starting()[0].ready()
        self.assertTrue(self.successResultOf(answer).success)

    def test_the_replacement_hangs_too(self) -> None:
        """
        One that takes the place of another has its own time, and not more of it.
        """
        self.start("    master-worker ready-timeout 20s")
        answer, (new,) = self.reload()
        self.system.clock.advance(15)
        new.exit(137)
        (other,) = self.starting()
        other.hello()
        self.system.clock.advance(10)
        other.begin()
        self.system.clock.advance(19)
        self.assertEqual(other.signals, [])
        self.system.clock.advance(1)
        self.assertEqual(other.signals, [SIGKILL])
        self.assertEqual(self.said[-1], "A Worker (103) is not ready after 20 seconds, killing it.")
        self.system.clock.advance(100)
        self.assertEqual(other.signals, [SIGKILL])
        other.exit(137)
        self.assertFalse(self.successResultOf(answer).success)
        self.assertEqual(self.supervisor._reloads.attempt, None)

    def test_another_version_of_the_channel(self) -> None:
        """
        A worker whose installed code speaks another channel is not used; the operator is told.
        """
        self.start()
        self.code = (2,)
        answer, (new,) = self.reload()
        new.hello(CHANNEL_VERSION + 1)
        self.assertEqual((new.signals, new.orders()), ([SIGTERM], []))
        new.exit(143)
        self.assertFalse(self.successResultOf(answer).success)
        self.assertEqual(
            self.said[-1], "A The installed version 0.1.0 needs a new master: restart it."
        )


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
