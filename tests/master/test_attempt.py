"""
Tests for L{mwproxy.master.attempt}.
"""

from __future__ import annotations

from signal import SIGKILL, SIGTERM, SIGUSR1

from mwproxy.process.ipc import CHANNEL_VERSION
from tests.master.fixture import SupervisorTestCase


class AttemptTests(SupervisorTestCase):
    """
    What becomes of the workers of a load.
    """

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
