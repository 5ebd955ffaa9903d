"""
Tests for L{mwproxy.worker.last_words}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.model import Configuration, Proxy, Server, ServerSettings
from mwproxy.core.addresses import Address
from mwproxy.live.proxies import Backend, Frontend, WorkerState
from mwproxy.worker.last_words import memory_use, server_states


class LastWordsTests(SynchronousTestCase):
    """
    What a worker prints about itself.
    """

    def test_states(self) -> None:
        """
        SIGHUP tells of each server, then of its proxy, in HAProxy's words.
        """
        state = WorkerState(Configuration(), 0.0, 0.0)
        state.frontends["f"] = Frontend(Proxy("frontend", "f"), state)
        proxy = Proxy("backend", "b")
        server = Server("s", Address("ipv4", "127.0.0.1", 1), ServerSettings())
        proxy.servers.append(server)
        state.backends["b"] = Backend(proxy, state)
        self.assertEqual(
            list(server_states(state)),
            [
                "SIGHUP received, dumping servers states.",
                "SIGHUP: Proxy f has no servers. Conn: act(FE+BE): 0+0, 0 pend (0 unass), "
                "tot(FE+BE): 0+0.",
                "SIGHUP: Server b/s is UP. Conn: 0 act, 0 pend, 0 tot.",
                "SIGHUP: Proxy b has no server available ! Conn: act(FE+BE): 0+0, 0 pend "
                "(0 unass), tot(FE+BE): 0+0.",
            ],
        )

    def test_order(self) -> None:
        """
        Consoles come first, the others in the order of the files.
        """
        configuration = Configuration()
        configuration.proxies = [Proxy("backend", "b"), Proxy("frontend", "f")]
        state = WorkerState(configuration, 0.0, 0.0)
        state.backends["b"] = Backend(configuration.proxies[0], state)
        state.frontends["f"] = Frontend(configuration.proxies[1], state)
        said = list(server_states(state, (1, 3)))[1:]
        self.assertEqual(
            said[0],
            "SIGHUP: Proxy GLOBAL has no servers. Conn: act(FE+BE): 1+1, 0 pend (0 unass),"
            " tot(FE+BE): 3+3.",
        )
        self.assertEqual([text.split()[2] for text in said], ["GLOBAL", "b", "f"])

    def test_farms(self) -> None:
        """
        Usable servers are counted; backups are named when only they are left.
        """
        state = WorkerState(Configuration(), 0.0, 0.0)
        proxy = Proxy("backend", "b")
        proxy.servers.append(Server("s", Address("ipv4", "127.0.0.1", 1), ServerSettings()))
        backend = state.backends["b"] = Backend(proxy, state)
        backend.active = 2
        self.assertIn(
            "Proxy b has 2 active servers and 0 backup servers available.",
            list(server_states(state))[-1],
        )
        backend.active, backend.backups = 0, 1
        self.assertIn("Proxy b is running on 1 backup servers.", list(server_states(state))[-1])

    def test_memory(self) -> None:
        """
        SIGQUIT tells of memory.
        """
        lines = list(memory_use())
        self.assertTrue(lines[0].startswith("Dumping memory usage."))
        self.assertRegex(lines[1], r"^  - peak resident size: \d+ kB$")
