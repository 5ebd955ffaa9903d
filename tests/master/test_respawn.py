"""
Tests for L{mwproxy.master.respawn}, and with it for L{mwproxy.master.patience}.
"""

from __future__ import annotations

import json
from signal import SIGKILL, SIGTERM, SIGUSR1, SIGUSR2

from twisted.internet.interfaces import IUNIXTransport
from zope.interface import directlyProvides

from mwproxy.master.respawn import STEADY
from mwproxy.process.sockets import CannotBind, ListenerSpec
from tests.master.fixture import SupervisorTestCase
from tests.process.memory import MemoryProcess

RESPAWN = "    master-worker respawn limit 3"


class RespawnTests(SupervisorTestCase):
    """
    A serving worker that dies.
    """

    def die(self, worker: MemoryProcess, status: int = 137) -> MemoryProcess:
        """
        Let a worker die.

        @return: The one that replaces it, which loads.
        """
        worker.exit(status)
        self.system.clock.advance(0)
        (new,) = self.starting()
        return new

    def test_replaced_at_once(self) -> None:
        """
        A dead worker is replaced by the one in waiting, with the order that it had, and nothing
        else happens; another one waits then.
        """
        (old,) = self.start(RESPAWN)
        standby = self.system.workers()[1]
        new = self.die(old)
        self.assertIs(new, standby)
        (first,), (again,) = old.orders(), new.orders()
        self.assertEqual((again["generation"], again["process"]), (b"1", b"1"))
        self.assertEqual(json.loads(again["order"]), json.loads(first["order"]))
        new.ready()
        self.assertEqual(self.kinds(), ["master 0", "worker 0"])
        self.assertEqual(
            self.said[2:],
            [
                "A Current worker (101) exited with code 137 (Killed), replacing it (1 of 3).",
                "N Worker (102) serves in place of the dead one.",
            ],
        )
        self.assertEqual(len(self.fill()), 1)
        self.supervisor.handle_signal(SIGTERM)
        new.exit(143)
        self.system.clock.advance(2)
        self.assertEqual(self.over, [0])

    def test_whatever_its_status(self) -> None:
        """
        What the master did not ask for is a death, be it a clean exit or SIGTERM from elsewhere.
        """
        for status in (0, 1, 130, 143):
            self.setUp()
            (old,) = self.start(RESPAWN)
            self.die(old, status).ready()
            self.assertEqual((self.over, self.kinds()), ([], ["master 0", "worker 0"]))

    def test_the_accepted_text(self) -> None:
        """
        What is loaded is what was accepted, whatever the files say by now.
        """
        (old,) = self.start(RESPAWN)
        text = self.file.read_bytes()
        self.file.write_text("half a fi")
        transport = self.system.workers()[1].channel.transport
        transport.connected = True
        directlyProvides(transport, IUNIXTransport)
        new = self.die(old)
        self.assertEqual(transport.contents, {str(self.file): text})
        new.exit(1)

    def test_again_and_again(self) -> None:
        """
        Replacements that do not last come later and later; at the limit the death counts as
        without C{respawn}, with its status.
        """
        (worker,) = self.start(RESPAWN)
        worker = self.die(worker)
        for pause in (0.25, 0.5):
            worker.ready()
            self.fill()
            worker.exit(139)
            self.assertEqual((self.starting(), self.over), ([], []))
            self.system.clock.advance(pause - 0.01)
            self.assertEqual(self.starting(), [])
            self.system.clock.advance(0.01)
            (worker,) = self.starting()
        worker.ready()
        worker.exit(139)
        self.assertEqual(
            [text for text in self.said[-5:-1] if "unexpectedly" not in text],
            [
                "A Worker (104) is not replaced any more: 3 in a row did not last.",
                "A Current worker (104) exited with code 139 (Segmentation fault)",
                "A exit-on-failure: killing every processes with SIGTERM",
            ],
        )
        self.system.clock.advance(2)
        self.assertEqual(self.over, [139])

    def test_with_no_exit_on_failure(self) -> None:
        """
        With C{no-exit-on-failure} the others stay when one is given up.
        """
        first, second = self.start(
            "    master-worker respawn limit 1 no-exit-on-failure", "    nbproc 2"
        )
        new = self.die(first)
        new.exit(1)
        self.assertEqual((self.over, second.signals), ([], []))
        self.assertIn("W Current worker #1 (103) exited with code 1 (Exit)", self.said)
        self.system.clock.advance(100)
        self.assertEqual(self.kinds(), ["master 0", "worker 0"])

    def test_a_steady_one(self) -> None:
        """
        One that has served for a while begins a new count, and is replaced at once.
        """
        (worker,) = self.start("    master-worker respawn limit 1")
        for _ in range(5):
            worker = self.die(worker)
            worker.ready()
            self.fill()
            self.system.clock.advance(STEADY)
        self.assertEqual(self.over, [])

    def test_only_the_dead_one(self) -> None:
        """
        Of several workers only the dead one is replaced, under its number.
        """
        first, second = self.start(RESPAWN, "    nbproc 2")
        new = self.die(second)
        self.assertEqual(new.orders()[0]["process"], b"2")
        self.assertEqual(json.loads(new.orders()[0]["order"])["process"], 2)
        new.ready()
        self.assertEqual(
            [(row.pid, row.relative) for row in self.supervisor.rows()[1:]], [(101, 1), (103, 2)]
        )
        self.assertEqual(first.signals, [])

    def test_both_at_once(self) -> None:
        """
        The master outlives the death of all its workers.
        """
        first, second = self.start(RESPAWN, "    nbproc 2")
        first.exit(137)
        second.exit(137)
        self.system.clock.advance(0)
        workers = self.starting()
        self.assertEqual([worker.orders()[0]["process"] for worker in workers], [b"1", b"2"])
        for worker in workers:
            worker.ready()
        self.assertEqual(self.kinds(), ["master 0", "worker 0", "worker 0"])

    def test_the_listening_sockets(self) -> None:
        """
        A replacement gets the sockets that stayed open, while it loads and not longer.
        """
        spec = ListenerSpec("ipv4", "127.0.0.1", 0)
        self.write(RESPAWN)
        self.supervisor.start()
        (old,) = self.starting()
        old.hello()
        fd = old.channel.events.needs_listener(spec)
        old.ready()
        self.fill()
        new = self.die(old)
        self.assertEqual(new.channel.events.needs_listener(spec), fd)
        new.ready()
        self.assertRaises(CannotBind, new.channel.events.needs_listener, spec)

    def test_one_that_hangs(self) -> None:
        """
        A replacement that does not become READY in time is killed and replaced.
        """
        (old,) = self.start("    master-worker respawn ready-timeout 20s")
        new = self.die(old)
        new.begin()
        self.system.clock.advance(19)
        self.assertEqual(new.signals, [])
        self.system.clock.advance(1)
        self.assertEqual(new.signals, [SIGKILL])
        self.assertEqual(self.said[-1], "A Worker (102) is not ready after 20 seconds, killing it.")
        new.exit(137)
        self.fill()
        self.system.clock.advance(0.25)
        self.assertEqual(len(self.starting()), 1)

    def test_one_that_does_not_begin(self) -> None:
        """
        One that does not even begin is killed earlier.
        """
        (old,) = self.start(RESPAWN)
        new = self.die(old)
        self.system.clock.advance(15)
        self.assertEqual(new.signals, [SIGKILL])

    def test_no_process_to_be_had(self) -> None:
        """
        A system that has no process for it is asked again and again, however long.
        """
        (old,) = self.start(RESPAWN)
        self.system.workers()[1].exit(137)
        self.system.fails = OSError(11, "Resource temporarily unavailable")
        old.exit(137)
        for _ in range(20):
            self.system.clock.advance(30)
        self.assertIn("A Cannot start a worker: Resource temporarily unavailable", self.said)
        self.assertEqual(self.over, [])
        self.system.fails = None
        self.system.clock.advance(30)
        (new,) = self.starting()
        new.hello()
        new.ready()
        self.assertEqual(self.kinds(), ["master 0", "worker 0"])

    def test_a_reload_meanwhile(self) -> None:
        """
        A reload that succeeds makes an end of replacements, of those that load as of those that
        are due.
        """
        first, second = self.start(RESPAWN, "    nbproc 2")
        loading = self.die(first)
        self.write(RESPAWN)
        answer, _ = self.reload()
        second.exit(137)
        (fresh,) = (each for each in self.starting() if each is not loading)
        fresh.ready()
        self.assertTrue(self.successResultOf(answer).success)
        self.assertEqual(loading.signals, [SIGUSR1])
        loading.exit(0)
        self.system.clock.advance(60)
        self.assertEqual(self.kinds(), ["master 1", "worker 0"])
        self.assertEqual(self.said[-1], "W Former worker (103) exited with code 0 (Exit)")

    def test_after_a_failed_reload(self) -> None:
        """
        The worker that serves is replaced after a reload that failed too, and listed as it was.
        """
        (old,) = self.start(RESPAWN)
        _, (bad,) = self.reload()
        bad.exit(1)
        self.fill()
        new = self.die(old)
        new.ready()
        self.assertEqual(self.kinds(), ["master 1", "worker 1 old"])

    def test_a_stop_meanwhile(self) -> None:
        """
        A stop makes an end of replacements, and what dies then is not replaced.
        """
        first, second = self.start(RESPAWN, "    nbproc 2")
        first.exit(137)
        self.supervisor.handle_signal(SIGTERM)
        self.system.clock.advance(1)
        self.assertEqual(self.starting(), [])
        second.exit(143)
        self.system.clock.advance(2)
        self.assertEqual(self.over, [0])

    def test_a_stop_that_is_taken_back(self) -> None:
        """
        A reload during a soft stop serves anew, and its worker is replaced again.
        """
        (old,) = self.start(RESPAWN)
        self.supervisor.handle_signal(SIGUSR1)
        self.supervisor.handle_signal(SIGUSR2)
        (new,) = self.starting()
        new.hello()
        new.ready()
        old.exit(0)
        self.fill()
        self.die(new).ready()
        self.assertEqual(self.over, [])

    def test_a_former_worker(self) -> None:
        """
        A worker that leaves is not replaced, however it ends.
        """
        (old,) = self.start(RESPAWN)
        self.serve_next()
        count = len(self.system.children)
        old.exit(139)
        self.system.clock.advance(1)
        self.assertEqual(len(self.system.children), count)

    def test_the_first_one(self) -> None:
        """
        A first configuration that does not load ends the master: there was nothing to replace.
        """
        self.write(RESPAWN)
        self.supervisor.start()
        (worker,) = self.starting()
        worker.hello()
        worker.exit(1)
        self.assertEqual(self.over, [1])
