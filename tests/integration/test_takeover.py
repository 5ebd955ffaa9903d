"""
Generations without a master that take over from each other under load: C{-sf}, C{-x}, shared ports.
"""

from __future__ import annotations

import socket

from tests.integration.daemons import SiteTestCase

EXPOSED = "expose-fd listeners"
CHAIN = 20


class SharedPortTests(SiteTestCase):
    """
    The port is shared (SO_REUSEPORT) while one generation follows the other.
    """

    def test_chain(self) -> None:
        """
        Many in a row lose no connection, and each answers in its turn.
        """
        self.site.configure("0")
        self.site.start()
        crowd = self.site.crowd()
        for number in range(1, CHAIN + 1):
            self.site.configure(str(number))
            self.site.replace()
            self.assertEqual((self.site.ask(), self.site.ask_path()), (str(number),) * 2)
            crowd.wait_for(20)
        self.assert_nothing_lost(crowd)
        self.site.wait_alone(self.site.pids())

    def test_haproxy_and_back(self) -> None:
        """
        HAProxy is replaced, and replaces us, without losing a connection.
        """
        self.site.configure("one")
        self.site.start(product="haproxy")
        for product in ("mwproxy", "haproxy") * 2:
            crowd = self.site.crowd()
            crowd.wait_for(20)
            self.site.replace(product=product)
            crowd.wait_for(20)
            self.assert_nothing_lost(crowd)

    def test_several_processes(self) -> None:
        """
        A daemon of several processes is replaced by one of fewer, and back.
        """
        crowd = None
        for word, count in (("one", 3), ("two", 1), ("three", 2)):
            self.site.configure(word, settings=f"nbproc {count}")
            pids = self.site.start() if crowd is None else self.site.replace()
            self.assertEqual(len(pids), count)
            self.site.wait_alone(pids)
            crowd = crowd or self.site.crowd()
            crowd.wait_for(50)
            self.assertEqual(self.site.ask(), word)
        assert crowd is not None
        self.assert_nothing_lost(crowd)


class PassedSocketTests(SiteTestCase):
    """
    The listening sockets are passed from one generation to the next (C{-x}).
    """

    def test_chain(self) -> None:
        """
        Many in a row lose no connection, though the port is not shared.
        """
        self.site.configure("0", expose=EXPOSED)
        self.site.start("-dR")
        crowd = self.site.crowd()
        for number in range(1, CHAIN + 1):
            self.site.configure(str(number), expose=EXPOSED)
            self.site.replace("-dR", "-x", self.site.stats)
            self.assertEqual((self.site.ask(), self.site.ask_path()), (str(number),) * 2)
            crowd.wait_for(20)
        self.assert_nothing_lost(crowd)
        self.site.wait_alone(self.site.pids())

    def test_haproxy_and_back(self) -> None:
        """
        HAProxy and mwproxy pass sockets to each other, both ways, without losing a connection.
        """
        self.site.configure("one", expose=EXPOSED)
        self.site.start("-dR", product="haproxy")
        for product in ("mwproxy", "haproxy", "mwproxy", "mwproxy"):
            crowd = self.site.crowd()
            crowd.wait_for(20)
            self.site.replace("-dR", "-x", self.site.stats, product=product)
            self.assertEqual((self.site.ask(), self.site.ask_path()), ("one", "one"))
            crowd.wait_for(20)
            self.assert_nothing_lost(crowd)

    def test_several_processes(self) -> None:
        """
        One process gives the sockets of all, those that only siblings accept from included.
        """
        more = f"frontend other\n    bind 127.0.0.1:{self.site.port('other')} process 2\n"
        more += '    http-request return status 200 content-type text/plain string "other"\n'
        settings = "nbproc 2"
        expose = f"process 1 {EXPOSED}"
        self.site.configure("one", settings=settings, more=more, expose=expose)
        self.site.start("-dR")
        crowd = self.site.crowd()
        for word in ("two", "three"):
            self.site.configure(word, settings=settings, more=more, expose=expose)
            self.site.replace("-dR", "-x", self.site.stats)
            self.assertEqual((self.site.ask(), self.site.ask("other")), (word, "other"))
            crowd.wait_for(20)
        self.assert_nothing_lost(crowd)


class MasterTests(SiteTestCase):
    """
    Masters take over, and are taken over from.
    """

    def chain(self, *arguments: str) -> None:
        """
        Have masters and processes without a master follow each other.
        """
        self.site.configure("0")
        self.site.start(*arguments)
        for number, mode in enumerate(("-W", "-W", "-V", "-W"), 1):
            self.site.configure(str(number))
            crowd = self.site.crowd() if not arguments else None
            if crowd is not None:
                crowd.wait_for(20)
            self.site.replace(mode, *arguments)
            self.assertEqual((self.site.ask(), self.site.ask_path()), (str(number),) * 2)
            if crowd is not None:
                crowd.wait_for(20)
                self.assert_nothing_lost(crowd)

    def test_shared(self) -> None:
        """
        Where ports are shared no connection is lost.
        """
        self.chain()

    def test_released(self) -> None:
        """
        Ports that are not shared are released by a master's workers, and asked for by a master.
        """
        self.chain("-dR")

    def test_start_fails(self) -> None:
        """
        A master that cannot have all its ports leaves the older one as it was.
        """
        self.site.configure("one")
        (older,) = self.site.start("-W", "-dR")
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        more = f"frontend other\n    bind 127.0.0.1:{taken.getsockname()[1]}\n"
        self.site.configure("two", more=more)
        failed = self.site.run("-W", "-dR", "-sf", str(older))
        self.assertEqual(failed.returncode, 1)
        self.site.wait_serving("one")
        self.assertEqual(self.site.ask_path(), "one")
        self.assertEqual(self.site.pids(), [older])
