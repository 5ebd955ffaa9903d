"""
Tests for L{mwproxy.process.child}.
"""

from __future__ import annotations

from signal import SIGTERM, SIGUSR1

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.child import LifeCore, Phase, life_machine, resume_life


class LifeTests(SynchronousTestCase):
    """
    The life of a worker as its master sees it.
    """

    def setUp(self) -> None:
        self.signals: list[int] = []
        self.orders: list[bool] = []
        core = LifeCore(self.signals.append, lambda: self.orders.append(True))
        self.life = life_machine(core)

    def test_a_standby_gets_its_order_at_once(self) -> None:
        """
        A worker that waits is sent its order when its time comes.
        """
        self.life.said_hello()
        self.assertEqual((self.life.phase(), self.orders), (Phase.STANDBY, []))
        self.life.load()
        self.assertEqual((self.life.phase(), self.orders), (Phase.STARTING, [True]))

    def test_a_booting_worker_gets_its_order_with_its_hello(self) -> None:
        """
        A worker that cannot listen yet is sent its order as soon as it can.
        """
        self.life.load()
        self.assertEqual((self.life.phase(), self.orders), (Phase.STARTING, []))
        self.life.said_hello()
        self.assertEqual(self.orders, [True])

    def test_asked_to_leave_twice(self) -> None:
        """
        A worker that is leaving already is not signaled again: a second SIGUSR1 must not
        shorten its soft stop.
        """
        self._serve()
        self.life.leave()
        self.life.leave()
        self.assertEqual((self.life.phase(), self.signals), (Phase.LEAVING, [SIGUSR1]))

    def test_a_leaving_worker_can_be_terminated(self) -> None:
        """
        A hard reload, or too many of them, ends a soft stop.
        """
        self._serve()
        self.life.leave()
        self.life.terminate()
        self.assertEqual(self.signals, [SIGUSR1, SIGTERM])

    def test_a_worker_without_configuration_just_goes(self) -> None:
        """
        A worker in waiting that is asked to leave has nothing to finish.
        """
        self.life.said_hello()
        self.life.leave()
        self.assertEqual(self.signals, [SIGTERM])

    def test_late_words_of_a_dead_worker(self) -> None:
        """
        What arrives after the end changes nothing.
        """
        self._serve()
        self.life.died()
        self.life.said_ready()
        self.life.leave()
        self.life.terminate()
        self.life.died()
        self.assertEqual((self.life.phase(), self.signals), (Phase.DEAD, []))

    def _serve(self) -> None:
        self.life.said_hello()
        self.life.load()
        self.life.said_ready()

    def test_resumed_in_service(self) -> None:
        """
        A worker that served before serves on; nothing that happened is done again.
        """
        core = LifeCore(self.signals.append, lambda: self.orders.append(True))
        life = resume_life(core, leaving=False)
        self.assertEqual((life.phase(), self.signals, self.orders), (Phase.CURRENT, [], []))
        life.leave()
        life.leave()
        self.assertEqual((life.phase(), self.signals), (Phase.LEAVING, [SIGUSR1]))

    def test_resumed_while_leaving(self) -> None:
        """
        One that was asked to leave is not asked again, but can be terminated.
        """
        core = LifeCore(self.signals.append, lambda: self.orders.append(True))
        life = resume_life(core, leaving=True)
        life.leave()
        self.assertEqual((life.phase(), self.signals), (Phase.LEAVING, []))
        life.terminate()
        self.assertEqual(self.signals, [SIGTERM])
