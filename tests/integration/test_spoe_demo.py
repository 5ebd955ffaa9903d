"""
The example with an agent, as C{make run CFG=doc/examples/spoa.cfg} starts it.
"""

from __future__ import annotations

import shutil
import sys

from tests.integration.clients import fetch
from tests.integration.harness import ROOT, ProcessTestCase, Proxy
from tests.integration.test_quickstart import free_ports
from tests.integration.test_spoe_faults import Askers

PORTS = ("PORT", "AGENT_PORT", "ORIGIN_A_PORT", "ORIGIN_B_PORT")


class DemoTests(ProcessTestCase):
    """
    Tests of C{doc/examples/spoa.cfg} under twistd.
    """

    def _start(self) -> tuple[Proxy, int]:
        proxy = self.make("", product="twistd")
        shutil.copy(ROOT / "doc/examples/spoa.cfg", proxy.file)
        ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        environment = {name: str(port) for name, port in ports.items()}
        proxy.start(environment={**environment, "MWPROXY_PYTHON": sys.executable})
        proxy.wait_output("Six things to try next")
        web = ports["PORT"]
        proxy.wait(lambda: fetch(web).header("x-origin") == "a")
        proxy.wait(lambda: fetch(web, "/news").header("x-origin") == "b")
        return proxy, web

    def test_verdicts(self) -> None:
        """
        The agent denies, tags and routes.
        """
        proxy, web = self._start()
        self.assertEqual(fetch(web, "/private").status, 403)
        self.assertNotEqual(fetch(web, "/private", "x-key: sesame\r\n").status, 403)
        said = fetch(web, "/echo", "accept-language: eo\r\n").body
        self.assertRegex(said, rb"x-visitor: number \d+, language eo")
        self.assertEqual(fetch(web, "/news").header("x-origin"), "b")
        self.assertIn("gate", proxy.master_cli("@1 show spoe"))
        self.assertEqual(proxy.stop(), 0)
        self.assert_no_orphans(proxy)

    def test_reload(self) -> None:
        """
        A reload replaces the agent; no request is undecided meanwhile.
        """
        proxy, web = self._start()
        first = fetch(web).header("x-agent")
        askers = Askers(web, 4, lambda answer: "" if answer.header("x-agent") else "undecided")
        for _ in range(3):
            askers.wait_for(100)
            self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
        askers.wait_for(100)
        self.assertEqual(askers.finish(), {})
        agents = {row[0] for row in proxy.rows()["programs"] if row[1] == "agent"}
        proxy.wait(lambda: fetch(web).header("x-agent") in agents)
        self.assertNotIn(first, agents)
