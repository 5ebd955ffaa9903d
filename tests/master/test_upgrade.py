"""
Tests for L{mwproxy.master.upgrade} and L{mwproxy.master.passage}.
"""

from __future__ import annotations

import json
import socket
import sys
from dataclasses import replace
from pathlib import Path
from signal import SIGTERM, SIGUSR1, SIGUSR2
from typing import Any

from mwproxy.config.model import Global
from mwproxy.console.master_view import ReloadResult
from mwproxy.master.passage import FormerSockets
from mwproxy.master.upgrade import Upgrade
from mwproxy.process.inheritance import FORMAT, BoundFacts, MasterFacts, SlotFacts, read
from mwproxy.process.reexec import Origin
from mwproxy.process.sockets import ListenerSpec
from tests.master.fixture import SupervisorTestCase
from tests.process.memory import MemoryProcess

GOOD = f'\nmwproxy-upgrade {{"format": {FORMAT}, "version": "9.0.0"}}\n'


def _fault() -> Any:
    raise ZeroDivisionError


class UpgradeTestCase(SupervisorTestCase):
    """
    A supervisor whose code can be changed.

    @ivar execs: What became successors were left.
    """

    def setUp(self) -> None:
        super().setUp()
        self.execs: list[MasterFacts] = []
        self.caught: list[int] = []
        self.refused: OSError | None = OSError(13, "Permission denied")

    def begin(self, *lines: str) -> MemoryProcess:
        """
        Start, with an upgrade at hand.
        """
        (worker,) = self.start(*lines)
        origin = Origin((sys.executable,), (sys.executable,), "/", {"A": "1"}, {})
        upgrade = Upgrade(self.instance, origin, self.supervisor.facts, self._code)
        self.supervisor.upgrade_with(upgrade)
        self.system.become_successor = self._exec  # type: ignore[method-assign]  # the kernel
        self.said.clear()
        return worker

    def _exec(self, origin: Origin, write: Any, descriptors: Any) -> None:
        self.execs.append(read(write(self.caught), self.instance.system.pid))
        if self.refused is not None:
            raise self.refused

    def probe(self) -> MemoryProcess:
        """
        Get the child that checks.
        """
        return [child for child in self.system.children if child.argv == [sys.executable]][-1]

    def answer(self, output: str, status: int = 0) -> None:
        """
        Let the child that checks answer and end.
        """
        child = self.probe()
        child.channel.dataReceived(output.encode())
        child.channel.connectionLost()
        child.channel = None
        child.exit(status)


class UpgradeTests(UpgradeTestCase):
    """
    Tests for when a master is replaced, and what happens if it cannot be.
    """

    def failed(self) -> ReloadResult:
        """
        Get the one answer, which tells of a failure.
        """
        result: ReloadResult = self.successResultOf(self.coming)
        self.assertFalse(result.success)
        return result

    def ask(self, **how: Any) -> None:
        """
        Reload with changed code.
        """
        self.code = (2,)
        self.coming = self.supervisor.reload(**how)

    def test_unchanged(self) -> None:
        """
        With the code as it was, a reload is a reload.
        """
        self.begin()
        self.serve_next()
        self.assertEqual(self.execs, [])

    def test_the_child_that_checks(self) -> None:
        """
        The installed code is tried with the environment of the start, and reads what it would be
        left; meanwhile nothing is loaded and nobody has an answer.
        """
        self.begin()
        self.ask()
        self.assertNoResult(self.coming)
        child = self.probe()
        self.assertEqual(child.environment, {"A": "1", "MWPROXY_REEXEC": "check:3"})
        self.assertEqual((self.starting(), self.execs), ([], []))
        self.assertIn("RELOADING=1", self.told[-1])

    def test_exec(self) -> None:
        """
        When it is fit, everything is written down: the reload that is under way is the first in
        line, and counted.
        """
        worker = self.begin()
        self.caught = [SIGUSR2]
        self.ask(hard=True)
        self.supervisor.reload(by_signal=True)
        self.answer(GOOD)
        (facts,) = self.execs
        self.assertEqual(
            [(each.hard, each.by_signal, each.begun) for each in facts.requests],
            [(True, False, True), (False, True, False)],
        )
        self.assertEqual((facts.reloads, facts.serving, facts.signals), (1, 1, [SIGUSR2]))
        self.assertEqual([each.pid for each in facts.workers], [worker.pid])
        self.assertEqual(facts.log, [line for line in facts.log if "Reloading" in line])

    def test_the_kernel_refuses(self) -> None:
        """
        When the exec fails, the reload fails, the reason is told, and the next reload is tried.
        """
        self.begin()
        self.ask()
        self.answer(GOOD)
        reason = "Failed to reexecute the master process [100]: Permission denied"
        self.assertIn(f"A Cannot upgrade: {reason}", self.said)
        self.assertIn(reason, self.failed().log)
        self.assertEqual((self.instance.failed, self.kinds()), (1, ["master 1", "worker 1 old"]))
        self.ask()
        self.answer(GOOD)
        self.assertEqual((len(self.execs), self.instance.failed), (2, 2))

    def test_unfit(self) -> None:
        """
        What the child said before it died is told, and nothing is executed.
        """
        self.begin()
        self.ask()
        self.answer("Traceback:\nImportError: no x\n", 1)
        self.assertIn(
            "exited with code 1\n   | Traceback:\n   | ImportError: no x", self.failed().log
        )
        self.assertEqual(self.execs, [])

    def test_killed(self) -> None:
        """
        A child that does not answer is killed.
        """
        self.begin()
        self.ask()
        self.system.clock.advance(60)
        child = self.probe()
        self.assertEqual(child.signals, [9])
        child.channel.connectionLost()
        child.channel = None
        child.exit(137)
        self.assertIn("exited with code 137 (Killed)\n   | no answer within 60", self.failed().log)

    def test_no_process(self) -> None:
        """
        So it is when no child can be started.
        """
        self.begin()
        self.system.fails = OSError(11, "Resource temporarily unavailable")
        self.ask()
        self.assertIn(
            "Cannot upgrade: Cannot start a process: Resource temporarily unavailable",
            self.failed().log,
        )

    def test_code_in_motion(self) -> None:
        """
        While the code changes it is looked at again, but not for ever.
        """
        self.begin()
        self.ask()
        for number in range(3, 7):
            self.code = (number,)
            self.answer("half of a file", 1)
            self.assertNoResult(self.coming)
        self.answer(GOOD)
        self.assertEqual(len(self.execs), 1)
        self.ask()
        for number in range(7, 12):
            self.code = (number,)
            self.answer(GOOD)
        self.assertIn("the installed code keeps changing", self.failed().log)
        self.assertEqual(len(self.execs), 1)

    def test_stop_meanwhile(self) -> None:
        """
        A master that was told to stop meanwhile stops.
        """
        worker = self.begin()
        self.ask()
        self.supervisor.stop(SIGTERM)
        self.assertIn("Cannot upgrade: the master is about to exit", self.failed().log)
        self.assertEqual(self.probe().signals, [9])
        self.answer(GOOD)
        self.assertEqual(self.execs, [])
        self.assertEqual(worker.signals, [SIGTERM])

    def test_end_meanwhile(self) -> None:
        """
        When all ends meanwhile, the child that checks is ended too.
        """
        worker = self.begin()
        self.ask()
        worker.exit(137)
        self.assertEqual(self.probe().signals, [9])

    def test_fault(self) -> None:
        """
        A fault in our own code is a failed reload as well.
        """
        self.begin()
        self.instance.listeners.facts = _fault  # type: ignore[method-assign]
        self.ask()
        self.assertIn("Cannot upgrade: an internal error", self.failed().log)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_never(self) -> None:
        """
        C{re-exec never} of the file that is to be loaded counts, and is told of.
        """
        self.begin()
        self.write("    master-worker re-exec never")
        self.ask()
        self.assertTrue(any("the master does not" in line for line in self.said), self.said)
        self.starting()[0].hello()
        self.starting()[0].ready()
        self.assertTrue(self.successResultOf(self.coming).success)
        self.assertEqual(self.execs, [])

    def test_never_of_old(self) -> None:
        """
        When the file cannot be read, what is served counts.
        """
        self.begin("    master-worker re-exec never")
        self.write("    nbproc x")
        self.ask()
        self.failed()
        self.assertEqual(self.execs, [])

    def test_always(self) -> None:
        """
        With C{re-exec always} the master is replaced with the code as it was.
        """
        self.begin("    master-worker re-exec always")
        self.coming = self.supervisor.reload()
        self.answer(GOOD)
        self.assertEqual(len(self.execs), 1)


class PassageTests(UpgradeTestCase):
    """
    Tests for what a successor begins with.
    """

    def signals(self) -> list[tuple[int, int]]:
        """
        List the signals that were sent.
        """
        sent = [(each.pid, signum) for each in self.system.children for signum in each.signals]
        return sent + self.system.foreign

    def cross(self, change: Any = None) -> MasterFacts:
        """
        Go over to another image.

        @param change: Called with what was left.
        """
        self.caught = []
        self.code = (2,)
        self.supervisor.reload()
        self.answer(GOOD)
        facts = self.execs[-1]
        if change is not None:
            change(facts)
        # Sockets and children are this process's: only the objects are new.
        for each in facts.workers:
            ours, theirs = socket.socketpair()
            self.addCleanup(theirs.close)
            each.channel.fd = ours.detach()
        for listener in facts.listeners:
            found = socket.socket(fileno=listener.bound.fd)
            listener.bound.fd = found.dup().detach()
            found.detach()
        self.former, self.said = self.system, []
        settings = replace(self.instance.settings, startup_version="0.0.1")
        self.system = type(self.system)()
        self.system.clock.advance(1000)
        self.build(settings)
        self.supervisor.inherit(facts)
        self.answers = self.supervisor.awaited()
        return facts

    def test_goes_on(self) -> None:
        """
        The successor lists what there was, and does the reload that was under way.
        """
        worker = self.begin("    setenv A b", "    mworker-max-reloads 7")
        self.cross()
        self.assertEqual(self.kinds(), ["master 1", "worker 1 old"])
        self.assertEqual(self.supervisor.rows()[1].pid, worker.pid)
        self.assertEqual(self.instance.environment["A"], "b")
        self.assertEqual(self.instance.global_.mworker_max_reloads, 7)
        self.supervisor.go_on([])
        (answer,) = self.answers
        self.assertNoResult(answer)
        self.assertEqual(self.instance.reloads, 1)
        (new,) = self.starting()
        new.hello()
        new.ready()
        order = json.loads(new.orders()[0]["order"])
        self.assertEqual(order["environment"]["HAPROXY_STARTUP_VERSION"], "0.0.1")
        self.assertEqual(order["generation"], 2)
        # The old worker does not answer on its channel, so it gets the signal.
        self.system.clock.advance(1)
        self.assertTrue(self.successResultOf(answer).success)
        self.assertIn((worker.pid, SIGUSR1), self.signals())
        self.assertEqual(self.kinds(), ["master 1", "worker 0", "worker 1 old"])

    def test_signals(self) -> None:
        """
        Signals that were caught are handled after the reload has begun.
        """
        worker = self.begin()
        self.cross()
        self.supervisor.go_on([SIGTERM])
        self.assertIn((worker.pid, SIGTERM), self.signals())
        self.assertEqual(self.instance.stopping, SIGTERM)

    def test_remains(self) -> None:
        """
        Workers in waiting are ended.
        """
        self.begin()
        (standby,) = [each for each in self.system.workers() if each.alive][1:]
        facts = self.cross()
        self.assertEqual(facts.remains, [standby.pid])
        self.supervisor.go_on([])
        self.assertIn((standby.pid, SIGTERM), self.signals())

    def test_programs(self) -> None:
        """
        Programs are the same, with what the master knew of them.
        """
        self.begin("program one", "    command /bin/one -x", "    no option start-on-reload")
        (program,) = self.system.programs()
        self.cross()
        self.assertEqual(self.kinds(), ["master 1", "worker 1 old", "one 1"])
        (one,) = self.supervisor.programs.running
        self.assertEqual((one.pid, one.description.command), (program.pid, ("/bin/one", "-x")))
        self.supervisor.go_on([])
        self.assertIn((program.pid, SIGUSR1), self.signals())

    def test_a_worker_that_died_is_due(self) -> None:
        """
        The place of a worker that was to be replaced is not forgotten.
        """
        self.begin("    master-worker respawn no-exit-on-failure")

        def change(facts: MasterFacts) -> None:
            facts.slots = [SlotFacts(1, replaced=2, due=True)]
            facts.served.order = {"files": ["x"]}

        self.cross(change)
        self.system.clock.advance(0.4)
        self.assertEqual(len(self.system.workers()), 1)
        self.system.clock.advance(0.2)
        new = self.system.workers()[-1]
        new.hello()
        self.assertEqual(json.loads(new.orders()[0]["order"])["files"], ["x"])

    def test_configuration(self) -> None:
        """
        Of what was served, unknown and unsuitable values are left out.
        """
        self.begin()

        def change(facts: MasterFacts) -> None:
            facts.configuration = {"nbproc": 3, "of_later": 1, "reexec": 5, "log_targets": "x"}

        self.cross(change)
        self.assertEqual(self.instance.global_.nbproc, 3)
        self.assertEqual(self.instance.global_.reexec, Global().reexec)
        self.assertEqual(self.instance.global_.log_targets, [])


class FormerSocketsTests(SupervisorTestCase):
    """
    Tests for listening sockets of consoles.
    """

    def test_found(self) -> None:
        """
        A socket is found by its address; what nobody wants is closed with its path.
        """
        facts = []
        paths = [str(Path(self.directory, name)) for name in ("a", "b")]
        for path in paths:
            made = FormerSockets([]).bind(ListenerSpec("unix", path))
            facts.append(made.facts())
            made.sock.detach()
        former = FormerSockets([*facts, BoundFacts({"host": 1}, -1)])
        found = former.bind(ListenerSpec("unix", paths[0], mode=0o600))
        self.addCleanup(found.close)
        self.assertEqual(found.sock.fileno(), facts[0].fd)
        former.close()
        self.assertEqual([Path(path).exists() for path in paths], [True, False])
