"""
Tests for L{mwproxy.master.supervisor}.
"""

from __future__ import annotations

import json
import socket
from signal import SIGHUP, SIGINT, SIGKILL, SIGTERM, SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2

from mwproxy.core.levels import Level
from mwproxy.process.ipc import CHANNEL_VERSION
from mwproxy.process.sockets import CannotBind, ListenerSpec
from tests.master.fixture import SupervisorTestCase


class StopTests(SupervisorTestCase):
    """
    The end.
    """

    def test_each_signal_goes_to_everybody(self) -> None:
        """
        SIGTERM, SIGINT and SIGUSR1 are passed on, the service manager is told, and workers in
        waiting are dismissed.
        """
        for signum in (SIGTERM, SIGINT, SIGUSR1):
            self.setUp()
            (worker,) = self.start()
            standby = self.system.workers()[1]
            self.supervisor.handle_signal(signum)
            self.assertEqual((worker.signals, standby.signals), ([signum], [SIGTERM]))
            self.assertEqual(self.told[-1], "STOPPING=1")
            self.assertEqual(self.said[-1], "W Exiting Master process...")

    def test_statuses(self) -> None:
        """
        The master exits with 0 after SIGTERM and SIGUSR1, and with 130 after SIGINT.
        """
        for signum, status, expected in (
            (SIGTERM, 143, 0),
            (SIGUSR1, 0, 0),
            (SIGINT, 130, 130),
        ):
            self.setUp()
            (worker,) = self.start()
            self.supervisor.handle_signal(signum)
            worker.exit(status)
            self.assertEqual(self.over, [])
            self.system.workers()[1].exit(143)
            self.assertEqual(self.over, [expected])
            self.assertEqual(self.said[-1], f"W All workers exited. Exiting... ({expected})")

    def test_a_standby_that_does_not_go(self) -> None:
        """
        The end does not wait for ever for workers in waiting.
        """
        (worker,) = self.start()
        self.supervisor.handle_signal(SIGTERM)
        worker.exit(143)
        self.system.clock.advance(2)
        self.assertEqual(self.over, [0])

    def test_reload_while_stopping(self) -> None:
        """
        SIGUSR2 during a soft stop takes it back: a new worker serves.
        """
        (old,) = self.start()
        self.supervisor.handle_signal(SIGUSR1)
        self.supervisor.handle_signal(SIGUSR2)
        (new,) = self.starting()
        new.hello()
        new.ready()
        old.exit(0)
        self.assertEqual((self.over, self.kinds()), ([], ["master 1", "worker 0"]))

    def test_reloads_in_line_when_it_stops(self) -> None:
        """
        Reloads that were asked for before a stop do not take it back: they are answered, and the
        master ends.
        """
        (old,) = self.start()
        first, (new,) = self.reload()
        second, _ = self.reload()
        self.supervisor.handle_signal(SIGTERM)
        self.assertFalse(self.successResultOf(second).success)
        self.assertEqual(self.said[-1], "W Reloads that wait are given up: the master stops.")
        new.exit(143)
        self.assertFalse(self.successResultOf(first).success)
        self.assertEqual(self.told[-1], "STOPPING=1")
        old.exit(143)
        self.system.clock.advance(2)
        self.assertEqual((self.over, self.instance.reloads), ([0], 1))

    def test_soft_stop_during_a_reload(self) -> None:
        """
        A worker that loads when a soft stop begins has nothing to finish: it is ended at once.
        """
        (old,) = self.start()
        first, (new,) = self.reload()
        self.supervisor.handle_signal(SIGUSR1)
        self.assertEqual((old.signals, new.signals), ([SIGUSR1], [SIGTERM]))
        new.exit(143)
        self.assertFalse(self.successResultOf(first).success)
        old.exit(0)
        self.system.clock.advance(2)
        self.assertEqual(self.over, [0])

    def test_reloads_in_line_at_exit_on_failure(self) -> None:
        """
        Nor do they hold up exit-on-failure.
        """
        (old,) = self.start()
        _, (new,) = self.reload()
        second, _ = self.reload()
        old.exit(139)
        self.assertFalse(self.successResultOf(second).success)
        new.exit(143)
        self.system.clock.advance(2)
        self.assertEqual(self.over, [139])

    def test_a_stopped_worker_is_woken(self) -> None:
        """
        SIGTERM and SIGINT let a worker that is stopped go on, so that it hears them; SIGUSR1
        leaves it as it is.
        """
        for signum in (SIGTERM, SIGINT, SIGUSR1):
            self.setUp()
            self.start()
            self.supervisor.handle_signal(signum)
            woken = "wake 101" in self.system.log
            self.assertEqual(woken, signum != SIGUSR1)

    def test_asked_to_stop_once_more(self) -> None:
        """
        SIGTERM or SIGINT that comes again after a second kills what is left, and the status tells
        of it; one that comes at once is just passed on.
        """
        (worker,) = self.start()
        self.supervisor.handle_signal(SIGTERM)
        self.supervisor.handle_signal(SIGTERM)
        self.assertEqual(worker.signals, [SIGTERM, SIGTERM])
        self.system.clock.advance(1)
        self.supervisor.handle_signal(SIGINT)
        self.assertEqual(worker.signals, [SIGTERM, SIGTERM, SIGKILL])
        self.assertEqual(self.said[-1], "W Asked to stop once more: killing what is left.")
        worker.exit(137)
        self.system.clock.advance(2)
        self.assertEqual(self.over, [137])
        self.assertFalse(any("unexpectedly" in text for text in self.said))

    def test_a_soft_stop_is_no_request_to_kill(self) -> None:
        """
        SIGTERM ends a soft stop, however long that lasts; SIGUSR1 again changes nothing.
        """
        (worker,) = self.start()
        self.supervisor.handle_signal(SIGUSR1)
        self.system.clock.advance(60)
        self.supervisor.handle_signal(SIGUSR1)
        self.supervisor.handle_signal(SIGTERM)
        self.assertEqual(worker.signals, [SIGUSR1, SIGUSR1, SIGTERM])

    def test_stop_while_starting(self) -> None:
        """
        A master stopped before its first worker is READY exits with 0.
        """
        self.write()
        self.supervisor.start()
        (worker,) = self.starting()
        self.supervisor.handle_signal(SIGTERM)
        worker.exit(143)
        self.assertEqual(self.over, [0])

    def test_pause_and_resume(self) -> None:
        """
        SIGTTOU and SIGTTIN are passed on and change nothing else.
        """
        (worker,) = self.start()
        self.supervisor.handle_signal(SIGTTOU)
        self.supervisor.handle_signal(SIGTTIN)
        self.assertEqual(worker.signals, [SIGTTOU, SIGTTIN])

    def test_paused_meanwhile(self) -> None:
        """
        Workers that load are told whether they shall be paused; one that could not be told yet is
        when it is READY, and one that only starts gets no signal, which would stop it.
        """
        self.start()
        self.supervisor.handle_signal(SIGTTOU)
        _, (worker,) = self.reload()
        (box,) = worker.orders()
        self.assertIs(json.loads(box["order"])["paused"], True)
        self.supervisor.handle_signal(SIGTTIN)
        worker.channel.events.said_status("READY", {"paused": True})
        self.assertEqual(worker.signals, [SIGTTIN, SIGTTIN])
        _, (worker,) = self.reload()
        self.supervisor.handle_signal(SIGTTOU)
        self.assertEqual(worker.signals, [])
        worker.channel.events.said_hello(CHANNEL_VERSION, "1", worker.pid)
        worker.channel.events.said_status("READY", {"paused": False})
        self.assertEqual(worker.signals, [SIGTTOU])

    def test_paused_by_somebody_else(self) -> None:
        """
        A worker that was signaled itself tells, and its successor is paused too; one that leaves
        has no say.
        """
        (old,) = self.start()
        old.channel.events.said_status("PAUSED", {})
        new = self.serve_next()
        (box,) = new.orders()
        self.assertIs(json.loads(box["order"])["paused"], True)
        old.channel.events.said_status("RESUMED", {})
        self.assertIs(self.instance.paused, True)
        new.channel.events.said_status("RESUMED", {})
        self.assertIs(self.instance.paused, False)

    def test_sighup_reloads(self) -> None:
        """
        SIGHUP does what SIGUSR2 does.
        """
        self.start()
        self.supervisor.handle_signal(SIGHUP)
        self.assertEqual(len(self.starting()), 1)


class ExitTests(SupervisorTestCase):
    """
    Processes that end unasked.
    """

    def test_a_serving_worker_dies(self) -> None:
        """
        By default the death of a serving worker ends everything with its status.
        """
        first, second = self.start("    nbproc 2")
        first.exit(137)
        self.assertEqual(
            [text for text in self.said[3:] if "unexpectedly" not in text],
            [
                "A Current worker #1 (101) exited with code 137 (Killed)",
                "A exit-on-failure: killing every processes with SIGTERM",
            ],
        )
        self.assertEqual(second.signals, [SIGTERM])
        second.exit(143)
        self.system.clock.advance(2)
        self.assertEqual(self.over, [137])

    def test_no_exit_on_failure(self) -> None:
        """
        With C{no-exit-on-failure} the others stay; nobody is started again.
        """
        first, second = self.start("    master-worker no-exit-on-failure", "    nbproc 2")
        count = len(self.system.children)
        first.exit(137)
        self.assertEqual((second.signals, self.over), ([], []))
        self.assertEqual(len(self.system.children), count)
        second.exit(0)
        self.system.clock.advance(2)
        self.assertEqual(self.over, [137])

    def test_a_reload_makes_good(self) -> None:
        """
        What died before the end of a reload does not count for the exit status any more, whether
        that succeeds or fails, as long as somebody serves.
        """
        self.start("    master-worker no-exit-on-failure", "    nbproc 2")
        first, second = self.system.workers()[:2]
        first.exit(137)
        self.assertEqual(self.instance.exit_code, 137)
        _, (one, two) = self.reload()
        one.exit(1)
        two.exit(143)
        self.assertEqual(self.instance.exit_code, 0)
        self.fill()
        _, (one, two) = self.reload()
        second.exit(139)
        self.assertEqual(self.instance.exit_code, 139)
        one.ready()
        two.ready()
        self.supervisor.handle_signal(SIGTERM)
        for worker in self.system.workers():
            if worker.alive:
                worker.exit(143)
        self.system.clock.advance(2)
        self.assertEqual(self.over, [0])

    def test_a_former_worker_dies(self) -> None:
        """
        How a former worker ends is only said.
        """
        (old,) = self.start()
        self.serve_next()
        old.exit(139)
        self.assertEqual(
            self.said[-1], "W Former worker (101) exited with code 139 (Segmentation fault)"
        )
        self.assertEqual(self.over, [])

    def test_a_worker_that_hangs_up(self) -> None:
        """
        A worker whose channel broke cannot be told anything: if it does not end by itself, it is
        killed.
        """
        (worker,) = self.start()
        worker.channel.events.channel_closed()
        self.system.clock.advance(4)
        self.assertEqual(worker.signals, [])
        self.system.clock.advance(1)
        self.assertEqual(worker.signals, [SIGKILL])

    def test_the_serving_worker_dies_after_a_failed_reload(self) -> None:
        """
        A worker that serves is current, however many reloads failed.
        """
        (old,) = self.start()
        _, (new,) = self.reload()
        new.exit(1)
        old.exit(137)
        self.assertIn("A Current worker (101) exited with code 137 (Killed)", self.said)
        self.system.clock.advance(2)
        self.assertEqual(self.over, [137])

    def test_an_old_worker_keeps_the_master(self) -> None:
        """
        Without exit-on-failure the master stays as long as an old worker lives.
        """
        (old,) = self.start("    master-worker no-exit-on-failure")
        new = self.serve_next()
        new.exit(137)
        self.assertEqual((self.over, self.kinds()), ([], ["master 1", "worker 1 old"]))
        old.exit(0)
        self.system.clock.advance(2)
        self.assertEqual(self.over, [137])


class StandbyTests(SupervisorTestCase):
    """
    Workers in waiting are no business of operators.
    """

    def test_a_standby_dies(self) -> None:
        """
        One that dies is replaced after a while, and nothing else happens.
        """
        self.start()
        standby = self.system.workers()[1]
        standby.exit(137)
        self.assertEqual(self.said[-1], "W Standby worker (102) exited with code 137 (Killed)")
        self.assertEqual(len(self.system.workers()), 2)
        self.system.clock.advance(0.25)
        self.assertEqual(len(self.system.workers()), 3)

    def test_the_installed_code_changed(self) -> None:
        """
        One that was started before an upgrade is never used.
        """
        self.start()
        standby = self.system.workers()[1]
        self.code = (2,)
        _, (new,) = self.reload()
        self.assertIsNot(new, standby)
        self.assertEqual((standby.signals, standby.orders()), ([SIGTERM], []))
        new.hello()
        self.assertEqual(len(new.orders()), 1)

    def test_niceness(self) -> None:
        """
        One is nice while it starts, and not any more when it is up.
        """
        self.start()
        self.assertEqual(self.system.log, ["nice 102", "reset 102"])


class ListenerTests(SupervisorTestCase):
    """
    Listening sockets, as workers ask for them.
    """

    def test_shared_across_a_reload(self) -> None:
        """
        Both generations get the same socket; it is closed at the end.
        """
        spec = ListenerSpec("ipv4", "127.0.0.1", 0)
        self.write()
        self.supervisor.start()
        (old,) = self.starting()
        old.hello()
        fd = old.channel.events.needs_listener(spec)
        old.ready()
        self.fill()
        _, (new,) = self.reload()
        self.assertEqual(new.channel.events.needs_listener(spec), fd)
        new.ready()
        old.exit(0)
        self.assertEqual(self.instance.listeners.generations(), {2})
        self.supervisor.handle_signal(SIGTERM)
        self.assertRaises(OSError, socket.socket, fileno=fd)

    def test_only_while_loading(self) -> None:
        """
        A worker that serves, or was given up, gets no sockets.
        """
        (worker,) = self.start()
        self.assertRaises(
            CannotBind, worker.channel.events.needs_listener, ListenerSpec("ipv4", "127.0.0.1", 0)
        )

    def test_a_dead_serving_generation_keeps_its_sockets(self) -> None:
        """
        While a reload is under way the sockets of a worker that just died wait for the next.
        """
        spec = ListenerSpec("ipv4", "127.0.0.1", 0)
        self.write("    master-worker no-exit-on-failure")
        self.supervisor.start()
        (old,) = self.starting()
        old.hello()
        fd = old.channel.events.needs_listener(spec)
        old.ready()
        self.fill()
        _, (new,) = self.reload()
        old.exit(137)
        self.assertEqual(new.channel.events.needs_listener(spec), fd)
        new.ready()
        self.assertEqual((self.over, self.instance.listeners.generations()), ([], {2}))


class ConsoleTests(SupervisorTestCase):
    """
    What the console sees.
    """

    def test_open_worker(self) -> None:
        """
        A session is opened in the worker that is named, with its level.
        """
        (worker,) = self.start()
        before = len(worker.channel.transport.value())
        transport = worker.channel.transport
        transport.connected = True
        transport.sendFileDescriptor = lambda fd: None
        with self.supervisor.open_worker(101, Level.OPERATOR, "n") as sock:
            self.assertFalse(sock.getblocking())
        self.assertIn(b"operator", transport.value()[before:])

    def test_unknown_worker(self) -> None:
        """
        A pid that is no worker's, such as the standby's, is refused.
        """
        self.start()
        for pid in (102, 100, 4):
            self.assertRaises(LookupError, self.supervisor.open_worker, pid, Level.ADMIN, "n")

    def test_rows(self) -> None:
        """
        Old workers are listed newest first; a worker that loads is marked.
        """
        self.start()
        self.serve_next()
        self.serve_next()
        self.reload()
        rows = self.supervisor.rows()
        self.assertEqual([row.reloads for row in rows], [3, 0, 1, 2, 3])
        self.assertEqual([row.starting for row in rows], [False, True, False, False, False])

    def test_figures(self) -> None:
        """
        Figures of workers become the service manager's status, once per change.
        """
        (worker,) = self.start()
        self.told.clear()
        for _ in range(2):
            worker.channel.events.said_figures({"connections": 14})
            self.system.clock.advance(1)
        self.assertEqual(self.told, ["STATUS=Ready. workers: 1 current, 0 old; connections: 14\n"])
