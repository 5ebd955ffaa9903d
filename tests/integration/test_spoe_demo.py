"""
The example with an agent, as C{make run CFG=doc/examples/spoa.cfg} starts it, and that of the page.
"""

from __future__ import annotations

import re
import shutil
import signal
import sys

from tests.integration.clients import fetch
from tests.integration.harness import ROOT, ProcessTestCase, Proxy
from tests.integration.test_quickstart import free_ports
from tests.integration.test_spoe_faults import Askers
from tests.spoa.processes import AgentTestCase

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


class PageTests(AgentTestCase):
    """
    What C{doc/spoe.md} has a newcomer do, word by word but for the ports.
    """

    def files(self) -> list[str]:
        """
        Read the page.

        @return: The agent, what it is asked, the proxy, the program.
        """
        page = (ROOT / "doc/spoe.md").read_text()
        page = page[page.index('<a id="five-minutes">') : page.index("## The demo")]
        found = re.findall(r"^```(\w*)\n(.*?)^```$", page, re.M | re.S)
        blocks = [text for kind, text in found if kind != "sh"]
        self.assertEqual(len(blocks), 4)
        return blocks

    def prepare(self, text: str, spoe: str, port: int, **changes: str) -> Proxy:
        """
        Start the proxy, with the engine's file beside it.
        """
        proxy = self.make("")
        (proxy.directory / "check.spoe").write_text(spoe)
        text = text.replace("config check.spoe", f"config {proxy.directory}/check.spoe")
        text = text.replace("127.0.0.1:12345", f"127.0.0.1:{port}")
        proxy.configure(text.replace("127.0.0.1:8080", "<listen:web>"), **changes)
        proxy.start()
        proxy.wait_ready()
        return proxy

    def test_by_hand(self) -> None:
        """
        The agent blocks what it should; without it nothing passes.
        """
        code, spoe, config, _ = self.files()
        agent = self.started(code)
        proxy = self.prepare(config, spoe, agent.port)
        self.assertEqual(proxy.get("web").body, b"welcome\n")
        self.assertEqual(proxy.get("web", "/admin").status, 403)
        agent.signal(signal.SIGTERM)
        self.assertEqual(agent.wait_exit(), 0)
        self.assertEqual(proxy.get("web").status, 503)

    def test_as_a_program(self) -> None:
        """
        As a program the agent is replaced by a reload, with what has changed in it.
        """
        code, spoe, config, program = self.files()
        (port,) = free_ports(1)
        agent = self.agent(code)
        config = config.replace("    option spop-check\n", "").replace("12345 check", "12345")
        program = program.replace("mwproxy spoa check:agent", "<command>")
        command = f"{sys.executable} -m mwproxy spoa {agent.file}"
        text = "global\n    master-worker\n" + config + program
        proxy = self.prepare(text, spoe, port, command=command)
        self.assertEqual(proxy.get("web", "/admin").status, 403)
        agent.file.write_text(code.replace("/admin", "/other"))
        self.assertEqual(proxy.reload().splitlines()[0], "Success=1")
        proxy.wait(lambda: proxy.get("web", "/other").status == 403)
        self.assertEqual(proxy.get("web", "/admin").body, b"welcome\n")
