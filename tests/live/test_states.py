"""
Tests for L{mwproxy.live.states}. The messages are those that HAProxy prints and logs.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.live import states
from mwproxy.live.servers import Admin, Operational, Server
from mwproxy.live.states import announce
from tests.live.backends import START, listen, make_backend

CLI = "changed from CLI"
NONE_LEFT = "0 sessions active, 0 requeued, 0 remaining in queue."
NONE_MOVED = "0 sessions requeued, 0 total in queue."


class MessageTests(SynchronousTestCase):
    """
    Tests for what is said of each transition.
    """

    def setUp(self) -> None:
        self.backend = make_backend({}, {}, {"backup": True})
        self.first, self.second, self.backup = self.backend.servers

    def texts(self, messages: list[states.Message]) -> list[str]:
        """
        Extract what is printed.
        """
        return [message.text for message in messages]

    def test_down_by_check(self) -> None:
        """
        A server that fails is told with the reason, and what is left.
        """
        reason = (
            'reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms'
        )
        self.assertEqual(
            self.texts(states.set_down(self.first, START, reason)),
            [f"Server be1/s1 is DOWN, {reason}. 1 active and 1 backup servers left. {NONE_LEFT}"],
        )

    def test_counts(self) -> None:
        """
        Streams that run, moved elsewhere and still wait are counted.
        """
        self.first.current = 3
        self.first.queue.append(object())
        self.backend.worker.on_server_down.append(lambda server: 2)
        self.assertEqual(
            self.texts(states.set_down(self.first, START)),
            [
                "Server be1/s1 is DOWN. 1 active and 1 backup servers left. "
                "3 sessions active, 2 requeued, 1 remaining in queue."
            ],
        )

    def test_running_on_backup(self) -> None:
        """
        When the last active server goes, the backups are mentioned; when they go too, there
        is an alert.
        """
        states.set_down(self.first, START)
        self.assertEqual(
            self.texts(states.set_down(self.second, START)),
            [
                "Server be1/s2 is DOWN. 0 active and 1 backup servers left. "
                f"Running on backup. {NONE_LEFT}"
            ],
        )
        printed, logged = listen(self.backend)
        announce(self.backend, states.set_down(self.backup, START, CLI))
        text = (
            "Backup Server be1/s3 is DOWN, changed from CLI. 0 active and 0 backup servers left. "
            f"{NONE_LEFT}"
        )
        self.assertEqual(
            printed, [f"WARNING: {text}", "ALERT: backend 'be1' has no server available!"]
        )
        self.assertEqual(logged, [(1, text), (0, "backend be1 has no server available!")])

    def test_up(self) -> None:
        """
        A server that returns is told with those that are online.
        """
        states.set_down(self.first, START)
        self.backend.worker.on_server_up.append(lambda server: 4)
        messages = states.set_up(
            self.first, START, "reason: Layer7 check passed, code: 200, check duration: 1ms"
        )
        self.assertEqual(
            self.texts(messages),
            [
                "Server be1/s1 is UP, reason: Layer7 check passed, code: 200, check duration: 1ms. "
                "2 active and 1 backup servers online. 4 sessions requeued, 0 total in queue."
            ],
        )
        self.assertEqual(messages[0].level, 5)

    def test_stopping(self) -> None:
        """
        A server that wants no new streams is told as stopping, and as up when it wants some.
        """
        self.assertEqual(
            self.texts(states.set_stopping(self.first, START, CLI)),
            [
                "Server be1/s1 is stopping, changed from CLI. 1 active and 1 backup servers "
                f"online. {NONE_MOVED}"
            ],
        )
        self.assertEqual(self.texts(states.set_stopping(self.first, START, CLI)), [])
        self.assertEqual(
            self.texts(states.set_up(self.first, START)),
            [f"Server be1/s1 is UP. 2 active and 1 backup servers online. {NONE_MOVED}"],
        )

    def test_maintenance(self) -> None:
        """
        Maintenance is told when it begins and ends.
        """
        messages = states.set_maint(self.first, START)
        self.assertEqual(
            self.texts(messages),
            [
                "Server be1/s1 is going DOWN for maintenance. "
                f"1 active and 1 backup servers left. {NONE_LEFT}"
            ],
        )
        self.assertEqual(messages[0].level, 1)
        self.assertEqual(self.texts(states.set_maint(self.first, START)), [])
        self.assertEqual(
            self.texts(states.set_ready(self.first, START)),
            ["Server be1/s1 is UP/READY (leaving forced maintenance)."],
        )
        self.assertEqual(self.texts(states.set_ready(self.first, START)), [])

    def test_maintenance_of_a_dead_server(self) -> None:
        """
        A server that was down enters maintenance without alert.
        """
        states.set_down(self.backup, START)
        messages = states.set_maint(self.backup, START)
        self.assertEqual(
            self.texts(messages), ["Backup Server be1/s3 was DOWN and now enters maintenance."]
        )
        self.assertEqual(messages[0].level, 5)

    def test_drain(self) -> None:
        """
        Drain is told when it begins and ends; it is a notice, also when the server dies.
        """
        self.assertEqual(
            self.texts(states.set_drain(self.first, START)),
            [
                "Server be1/s1 enters drain state. 1 active and 1 backup servers online. "
                f"{NONE_MOVED}"
            ],
        )
        self.assertEqual(self.texts(states.set_drain(self.first, START)), [])
        messages = states.set_down(self.first, START, CLI)
        self.assertEqual(
            self.texts(messages),
            [
                "Server be1/s1 is DOWN, changed from CLI. 1 active and 1 backup servers left. "
                f"{NONE_LEFT}",
                "Server be1/s1 remains in forced drain mode.",
            ],
        )
        self.assertEqual([message.level for message in messages], [5, 5])
        self.assertEqual(
            self.texts(states.set_up(self.first, START, CLI)),
            [
                "Server be1/s1 is UP, changed from CLI. 1 active and 1 backup servers online. "
                f"{NONE_MOVED}",
                "Server be1/s1 remains in forced drain mode.",
            ],
        )
        self.assertEqual(
            self.texts(states.set_ready(self.first, START)),
            ["Server be1/s1 is UP (leaving forced drain)."],
        )

    def test_drain_of_a_dead_server(self) -> None:
        """
        Drain of a server that is down tells what is left.
        """
        states.set_down(self.backup, START)
        self.assertEqual(
            self.texts(states.set_drain(self.backup, START)),
            [
                "Backup Server be1/s3 enters drain state. 2 active and 0 backup servers left. "
                f"{NONE_LEFT}"
            ],
        )
        self.assertEqual(
            self.texts(states.set_ready(self.backup, START)),
            ["Backup Server be1/s3 is DOWN (leaving forced drain)."],
        )

    def test_maintenance_to_drain(self) -> None:
        """
        From maintenance a server may come back just for drain.
        """
        states.set_maint(self.first, START)
        self.assertEqual(
            self.texts(states.set_drain(self.first, START)),
            [
                "Server be1/s1 is UP/DRAIN (leaving forced maintenance).",
                "Server be1/s1 remains in forced drain mode.",
            ],
        )
        self.assertEqual(self.first.admin, Admin.FORCED_DRAIN)


class EffectTests(SynchronousTestCase):
    """
    Tests for what transitions do.
    """

    def setUp(self) -> None:
        self.backend = make_backend({"check": {}}, {"check": {}, "backup": True})
        self.server, self.backup = self.backend.servers
        self.heard: list[tuple[str, str]] = []
        self.backend.worker.on_server_up.append(lambda server: self.note("up", server))
        self.backend.worker.on_server_down.append(lambda server: self.note("down", server))

    def note(self, what: str, server: Server) -> int:
        """
        Note what a hook is told.
        """
        self.heard.append((what, server.name))
        return 0

    def test_counts(self) -> None:
        """
        The backend counts what is usable, and load balancing follows.
        """
        self.assertEqual((self.backend.active, self.backend.backups), (1, 1))
        states.set_down(self.server, START)
        self.assertEqual((self.backend.active, self.backend.backups), (0, 1))
        self.assertIs(self.backend.balancer.pick(None), self.backup)

    def test_hooks(self) -> None:
        """
        The data plane hears of servers that go and come, not of what changes nothing for it.
        """
        states.set_down(self.server, START)
        states.set_down(self.server, START)
        states.set_up(self.server, START)
        states.set_drain(self.server, START)
        states.set_ready(self.server, START)
        states.set_weight(self.server, 7, START)
        states.set_weight(self.server, 0, START)
        states.set_weight(self.server, 1, START)
        words = [what for what, _ in self.heard]
        self.assertEqual(words, ["down", "up", "down", "up", "down", "up"])

    def test_downtime_of_a_server(self) -> None:
        """
        Time spent down adds up; the present one is counted from C{down_since}.
        """
        states.set_down(self.server, START + 1)
        self.assertEqual((self.server.down_since, self.server.last_change), (START + 1, START + 1))
        states.set_up(self.server, START + 4)
        self.assertEqual((self.server.downtime, self.server.down_since), (3.0, 0.0))
        states.set_maint(self.server, START + 10)
        states.set_ready(self.server, START + 12)
        self.assertEqual(self.server.downtime, 5.0)
        self.assertEqual(self.server.counters.chkdown, 2)
        self.assertEqual(self.server.last_change, START + 12)

    def test_downtime_of_a_backend(self) -> None:
        """
        A backend is down while it has neither active servers nor backups.
        """
        states.set_down(self.server, START + 1)
        self.assertEqual(self.backend.counters.chkdown, 0)
        states.set_maint(self.backup, START + 2)
        self.assertEqual((self.backend.counters.chkdown, self.backend.down_since), (1, START + 2))
        states.set_up(self.server, START + 5)
        self.assertEqual((self.backend.downtime, self.backend.down_since), (3.0, 0.0))
        self.assertEqual(self.backend.last_change, START + 5)

    def test_health(self) -> None:
        """
        Declared up or down, a server is entirely so; out of maintenance it must prove itself.
        """
        states.declare_healthy(self.server, False)
        self.assertEqual(self.server.health, 0)
        states.declare_healthy(self.server, True)
        self.assertEqual(self.server.health, 4)
        states.set_maint(self.server, START)
        states.set_ready(self.server, START)
        self.assertEqual(self.server.health, 2)

    def test_maintenance_hides_health(self) -> None:
        """
        In maintenance a server can be declared neither up nor down nor stopping.
        """
        states.set_maint(self.server, START)
        for change in (states.set_up, states.set_down, states.set_stopping):
            self.assertEqual(change(self.server, START), [])
        self.assertIs(self.server.operational, Operational.STOPPED)

    def test_disabled_in_the_file(self) -> None:
        """
        That the file said C{disabled} is remembered, and means nothing once the server is ready.
        """
        self.server.admin = Admin.FORCED_MAINT | Admin.CONFIG_MAINT
        self.server.operational = Operational.STOPPED
        self.server.refresh_usable()
        states.set_ready(self.server, START)
        self.assertEqual(self.server.admin, Admin.CONFIG_MAINT)
        self.assertTrue(self.server.usable_now)
        states.set_drain(self.server, START)
        self.assertFalse(self.server.usable_now)
        states.set_ready(self.server, START)
        self.assertTrue(self.server.usable_now)
        self.assertEqual(states.set_ready(self.server, START), [])

    def test_nowhere_whatever_is_asked(self) -> None:
        """
        A server without address stays in maintenance, whatever is asked of it; then it is as was
        asked last.
        """
        self.server.admin = Admin.RESOLUTION_MAINT | Admin.FORCED_MAINT
        self.server.operational = Operational.STOPPED
        self.server.sockaddr = None
        self.server.refresh_usable()
        for change in (states.set_ready, states.set_drain):
            self.assertEqual(change(self.server, START), [])
            self.assertTrue(self.server.admin & Admin.RESOLUTION_MAINT)
            self.assertFalse(self.server.up)
        self.server.sockaddr = ("127.0.0.1", 80)
        states.set_resolved(self.server, START)
        self.assertEqual(self.server.admin, Admin.FORCED_DRAIN)
        self.assertFalse(self.server.usable_now)
        states.set_ready(self.server, START)
        self.assertTrue(self.server.usable_now)

    def test_maintenance_adds_up(self) -> None:
        """
        One C{set_ready} ends maintenance of all kinds.
        """
        states.set_maint(self.server, START)
        states.set_maint(self.server, START, Admin.CONFIG_MAINT)
        self.assertEqual(self.server.admin, Admin.FORCED_MAINT | Admin.CONFIG_MAINT)
        states.set_ready(self.server, START)
        self.assertTrue(self.server.usable_now)

    def test_without_address(self) -> None:
        """
        A server whose name has no address cannot be made ready.
        """
        states.set_maint(self.server, START, Admin.RESOLUTION_MAINT)
        self.assertEqual(states.set_ready(self.server, START), [])
        self.assertTrue(self.server.admin & Admin.RESOLUTION_MAINT)

    def test_weight(self) -> None:
        """
        Weight 0 keeps new streams away and alerts when nothing is left; the server stays up.
        """
        states.set_maint(self.backup, START)
        messages = states.set_weight(self.server, 0, START)
        self.assertEqual(
            [message.text for message in messages], ["backend 'be1' has no server available!"]
        )
        self.assertTrue(self.server.up)
        self.assertFalse(self.server.usable_now)
        self.assertEqual(states.set_weight(self.server, 5, START), [])
        self.assertTrue(self.server.usable_now)

    def test_slowstart(self) -> None:
        """
        With C{slowstart} a server that comes back starts, and runs when the time is over.
        """
        backend = make_backend({"slowstart_ms": 10_000, "weight": 100})
        server = backend.servers[0]
        self.assertIs(server.operational, Operational.RUNNING)
        states.set_maint(server, START)
        states.set_ready(server, START)
        self.assertIs(server.operational, Operational.STARTING)
        shares = [server.share]
        for seconds in (0, 1, 5, 10, 11):
            states.warm(server, START + seconds)
            shares.append(server.share)
        self.assertEqual(shares, [1, 1, 160, 800, 1600, 1600])
        self.assertIs(server.operational, Operational.RUNNING)

    def test_begin(self) -> None:
        """
        A backend that begins without usable server is down from its begin.
        """
        backend = make_backend({"disabled": True})
        self.assertEqual((backend.down_since, backend.last_change), (START, START))
        self.assertEqual(backend.servers[0].down_since, START)
        self.assertEqual(backend.counters.chkdown, 0)
