"""
Tests for L{mwproxy.programs.change}, under a master.
"""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path
from signal import SIGTERM, SIGUSR1
from typing import Any

from mwproxy.process.child import Phase
from mwproxy.process.sockets import CannotBind, ListenerSpec
from tests.master.fixture import SupervisorTestCase
from tests.process.memory import MemoryProcess

ONE = ("program one", "    command /bin/one", "    option start-on-reload")
READY = (*ONE, "    ready notify timeout 10s")


class ChangeTests(SupervisorTestCase):
    """
    Tests for programs that a load waits for.
    """

    def notify(self, program: MemoryProcess) -> None:
        """
        Send what sd_notify sends, from a process that is gone by then.
        """
        address = program.environment["NOTIFY_SOCKET"].replace("@", "\0", 1)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            pid = os.fork()  # of another process group than the program
            if not pid:
                os.setpgid(0, 0)
                sock.sendto(b"STATUS=up\nREADY=1\n", address)
                os._exit(0)
            os.waitpid(pid, 0)
        for reader in list(self.system.readers):
            reader.doRead()

    def begin(self, *lines: str) -> MemoryProcess:
        """
        Start with a program that is not ready yet.
        """
        self.write(*lines)
        self.supervisor.start()
        return self.system.programs()[0]

    def serve(self) -> MemoryProcess:
        (worker,) = self.starting()
        if not self.instance.serving:
            worker.hello()
        worker.ready()
        self.fill()
        return worker

    def start_ready(self, *lines: str) -> tuple[MemoryProcess, MemoryProcess]:
        program = self.begin(*lines)
        self.notify(program)
        return program, self.serve()

    def test_start(self) -> None:
        """
        The workers of a start load when all programs are ready, and the service manager is told
        how long that may take.
        """
        one = self.begin(*READY)
        self.assertEqual(self.starting(), [])
        self.assertEqual(self.told, ["EXTEND_TIMEOUT_USEC=10000000\n"])
        self.notify(one)
        self.assertIn(f"N Program 'one' ({one.pid}) is ready", self.said)
        self.serve()
        self.assertEqual(self.kinds(), ["master 0", "worker 0", "one 0"])

    def test_start_too_late(self) -> None:
        """
        A program that is not ready in time ends the start, with what is missing.
        """
        one = self.begin(*READY)
        self.system.clock.advance(10)
        self.assertIn(
            f"A Program 'one' ({one.pid}) is not ready after 10 seconds: it has not sent READY=1"
            " to NOTIFY_SOCKET.",
            self.said,
        )
        self.assertIn(SIGTERM, one.signals)
        one.exit(143)
        self.system.clock.advance(2)
        self.assertEqual(self.over, [1])

    def test_start_with_one_that_fails(self) -> None:
        """
        One that ends before it is ready ends the start with its status.
        """
        one = self.begin(*READY)
        one.exit(5)
        self.assertIn(
            f"A Current program 'one' ({one.pid}) exited with code 5 (Exit) before it was ready",
            self.said,
        )
        self.system.clock.advance(2)
        self.assertEqual(self.over, [5])

    def test_start_without_one_that_may_fail(self) -> None:
        """
        With C{on-failure degrade} the start goes on, and it is listed.
        """
        one = self.begin(*READY, "    on-failure degrade")
        one.exit(5)
        self.serve()
        self.assertEqual(self.kinds(), ["master 0", "worker 0", "one 0"])
        (row,) = (row for row in self.supervisor.rows() if row.name)
        self.assertEqual((row.pid, row.version), (0, "degraded"))
        self.system.clock.advance(2)
        self.assertIn("; degraded: one", self.told[-1])

    def test_reload(self) -> None:
        """
        The former instance goes when the new workers serve, not before.
        """
        one, _ = self.start_ready(*READY)
        answer = self.supervisor.reload()
        _, new = self.system.programs()
        self.assertEqual((self.starting(), one.signals), ([], []))
        self.notify(new)
        self.assertEqual(one.signals, [])
        self.serve()
        self.assertTrue(self.successResultOf(answer).success)
        self.assertEqual((one.signals, new.signals), ([SIGUSR1], []))

    def test_reload_too_late(self) -> None:
        """
        A reload whose program does not get ready fails, and the former instance stays what it was.
        """
        one, worker = self.start_ready(*READY)
        answer = self.supervisor.reload()
        _, new = self.system.programs()
        self.system.clock.advance(10)
        self.assertFalse(self.successResultOf(answer).success)
        self.assertEqual((one.signals, new.signals, worker.signals), ([], [SIGTERM], []))
        self.assertEqual(self.kinds()[-2:], ["one 1", "one 0 old"])
        self.system.groups.add(new.pid)
        self.system.clock.advance(5)
        self.assertIn(f"group {new.pid} 9", self.system.log)
        self.system.groups.clear()
        new.exit(137)
        self.system.clock.advance(2)
        self.assertEqual((self.over, self.kinds()[-1]), ([], "one 1"))

    def test_reload_with_a_bad_worker(self) -> None:
        """
        When the workers do not come to serve, the new instance goes and the former stays.
        """
        one, _ = self.start_ready(*READY)
        answer = self.supervisor.reload()
        new = self.system.programs()[1]
        self.notify(new)
        (worker,) = self.starting()
        worker.begin()
        worker.exit(1)
        self.assertFalse(self.successResultOf(answer).success)
        self.assertEqual((one.signals, new.signals), ([], [SIGTERM]))

    def test_reload_that_loses_its_program(self) -> None:
        """
        One that was ready and dies before the workers are makes the reload fail.
        """
        one, _ = self.start_ready(*READY)
        answer = self.supervisor.reload()
        new = self.system.programs()[1]
        self.notify(new)
        (worker,) = self.starting()
        new.exit(1)
        worker.exit(143)
        self.assertFalse(self.successResultOf(answer).success)
        self.assertEqual((self.over, one.signals), ([], []))

    def test_former_restarts_meanwhile(self) -> None:
        """
        A former instance that dies during the reload is started again if the reload fails, and not
        if it succeeds.
        """
        again = (*READY, "    restart always backoff 50ms")
        for succeeds in (False, True):
            one, _ = self.start_ready(*again)
            self.supervisor.reload()
            new = self.system.programs()[1]
            one.exit(1)
            if succeeds:
                self.notify(new)
                self.serve()
            else:
                self.system.clock.advance(10)
            self.system.clock.advance(1)
            self.assertEqual(len(self.system.programs()), 2 if succeeds else 3)
            self.setUp()

    def test_stop_while_it_waits(self) -> None:
        """
        A stop waits for no program to be ready.
        """
        one = self.begin(*READY)
        self.supervisor.handle_signal(SIGTERM)
        self.assertIn(SIGTERM, one.signals)
        one.exit(143)
        self.system.clock.advance(2)
        self.assertEqual(len(self.over), 1)

    def test_a_socket_that_cannot_be_bound(self) -> None:
        """
        A reload that cannot bind a program's socket touches nothing.
        """
        self.start(*ONE)
        self.write(*ONE, "    listen-on /no/such/directory/x")
        answer, _ = self.reload()
        self.assertFalse(self.successResultOf(answer).success)
        self.assertIn(
            "A program 'one' : cannot bind UNIX socket (No such file or directory)"
            " [/no/such/directory/x]",
            self.said,
        )
        self.assertEqual([each.signals for each in self.system.programs()], [[]])

    def test_sockets_stay(self) -> None:
        """
        A socket of a program is the same one after a restart and a reload, and closed when no
        program has it any more.
        """
        directory = tempfile.mkdtemp()
        self.addCleanup(os.rmdir, directory)
        path = Path(directory, "s")
        self.start(*ONE, "    restart always backoff 1ms", f"    listen-on {path} mode 600")
        inode, mode = path.stat().st_ino, path.stat().st_mode & 0o777
        (one,) = self.system.programs()
        self.assertIn("--listen", one.argv)
        self.assertEqual(one.environment["LISTEN_FDNAMES"], "unknown")
        one.exit(1)
        self.system.clock.advance(1)
        self.serve_next()
        self.assertEqual((path.stat().st_ino, mode), (inode, 0o600))
        self.write(*ONE)
        self.serve_next()
        self.assertFalse(path.exists())

    def test_an_address_of_a_program_and_of_a_proxy(self) -> None:
        """
        A worker cannot listen where a program does: ports can be shared, and each would get some of
        the clients.
        """
        with socket.create_server(("127.0.0.1", 0)) as sock:
            port = sock.getsockname()[1]
        self.start(*ONE, f"    listen-on 127.0.0.1:{port}")
        self.reload()
        (loading,) = (each for each in self.instance.workers if each.phase is Phase.STARTING)
        for number, refused in ((port, True), (port % 60000 + 1024, False)):
            spec = ListenerSpec("ipv4", "127.0.0.1", number)
            self.assertEqual(self.supervisor.programs.listens_on(spec), refused)
        with self.assertRaisesRegex(CannotBind, "is given to a program by 'listen-on' for"):
            self.supervisor.worker_needs(loading, ListenerSpec("ipv4", "127.0.0.1", port))

    def test_one_at_a_time(self) -> None:
        """
        With C{start-after-stop} the new instance starts when the former one has gone; if it does
        not get ready the former one is started again, once it has gone itself.
        """
        alone = (*READY, "    option start-after-stop")
        self.start_ready(*alone)
        for succeeds in (True, False):
            answer = self.supervisor.reload()
            former = self.system.programs()[-1]
            self.assertEqual(former.signals, [SIGUSR1])
            former.exit(0)
            new = self.system.programs()[-1]
            self.assertIsNot(new, former)
            if succeeds:
                self.notify(new)
                self.serve()
                self.assertTrue(self.successResultOf(answer).success)
                self.assertEqual(new.signals, [])
        self.system.clock.advance(10)
        self.assertFalse(self.successResultOf(answer).success)
        self.assertEqual(new.signals, [SIGTERM])
        self.assertIs(self.system.programs()[-1], new)
        new.exit(143)
        again = self.system.programs()[-1]
        self.assertIsNot(again, new)
        self.assertEqual(self.kinds()[-1], "one 1")
        self.assertEqual(self.over, [])

    def test_one_at_a_time_without_ready(self) -> None:
        """
        Without C{ready} nothing waits for it; a stop forgets what was to be started.
        """
        (former,) = self.start(*ONE, "    option start-after-stop")
        (one,) = self.system.programs()
        worker = self.serve_next()
        former.exit(0)
        self.assertEqual((one.signals, self.system.programs()), ([SIGUSR1], [one]))
        self.assertTrue(self.supervisor.programs.alive)
        (resting,), _ = self.supervisor.programs.more_facts()
        self.assertEqual((resting.program.name, resting.after), ("one", True))
        self.supervisor.handle_signal(SIGTERM)
        one.exit(143)
        worker.exit(143)
        self.system.clock.advance(2)
        self.assertEqual((self.over, len(self.system.programs())), ([0], 1))

    def test_another_image_starts_what_waits(self) -> None:
        """
        A successor starts what waits when the former instance has gone.
        """
        self.start(*ONE, "    option start-after-stop")
        self.serve_next()
        facts, guard = self.supervisor.programs.facts()
        resting, passed = self.supervisor.programs.more_facts()
        self.setUp()
        self.supervisor.programs.inherit(facts, guard, resting, passed)
        (one,) = (each for each in self.system.children if each.pid == facts[0].pid)
        self.system.clock.advance(0)
        self.assertEqual(self.system.programs(), [])
        one.exit(0)
        self.assertEqual(len(self.system.programs()), 1)

    def test_a_former_instance_that_does_not_go(self) -> None:
        """
        A new instance that never came to start makes the reload fail, and the former one is still
        there.
        """
        one, _ = self.start_ready(*READY, "    option start-after-stop")
        answer = self.supervisor.reload()
        self.system.clock.advance(10)
        self.assertFalse(self.successResultOf(answer).success)
        self.assertIn(
            "A Program 'one' is not ready after 10 seconds: its former instance has not gone.",
            self.said,
        )
        self.assertEqual(self.system.programs(), [one])
        one.exit(0)
        self.assertEqual(len(self.system.programs()), 2)

    def test_the_others_are_started_all_the_same(self) -> None:
        """
        A program without C{ready} is replaced even when another one fails at once: its former
        instance was asked to go.
        """
        two = ("program two", "    command /bin/two")
        self.start(*two)
        self.write(*READY, *two)
        spawn = self.system.spawn

        def fail_once(*args: Any, **more: Any) -> int:
            self.system.spawn = spawn  # type: ignore[method-assign]  # as it was
            raise OSError(11, "no more processes")

        self.system.spawn = fail_once  # type: ignore[method-assign]  # the first only
        answer = self.supervisor.reload()
        self.assertFalse(self.successResultOf(answer).success)
        former, new = self.system.programs()
        self.assertEqual((former.signals, new.argv[-1], new.signals), ([SIGUSR1], "/bin/two", []))
