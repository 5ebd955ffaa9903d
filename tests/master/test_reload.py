"""
Tests for L{mwproxy.master.reload}.
"""

from __future__ import annotations

import json
from signal import SIGUSR1

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

    def test_one_in_line_brings_a_worker_back(self) -> None:
        """
        When the last worker is gone, and the one that loads fails too, a reload that waits is
        still done; when the last in line fails nothing is left.
        """
        (old,) = self.start("    master-worker no-exit-on-failure")
        first, (new,) = self.reload()
        second, _ = self.reload()
        old.exit(137)
        new.begin()
        new.exit(137)
        self.assertFalse(self.successResultOf(first).success)
        (other,) = self.starting()
        other.hello()
        other.ready()
        self.assertTrue(self.successResultOf(second).success)
        self.system.clock.advance(2)
        self.assertEqual((self.over, self.kinds()), ([], ["master 2", "worker 0"]))
        _, (new,) = self.reload()
        self.reload()
        other.exit(137)
        new.hello()
        new.begin()
        new.exit(1)
        (last,) = self.starting()
        last.hello()
        last.exit(1)
        self.system.clock.advance(2)
        self.assertEqual(self.over, [137])

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
