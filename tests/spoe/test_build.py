"""
Tests for L{mwproxy.spoe.build}.
"""

from __future__ import annotations

import subprocess
import sys

from mwproxy.protocols.spop.actions import Scope, SetVar
from tests.net.plane import PlaneTestCase, get, response
from tests.spoe.scene import EngineTestCase, Talk

EVENTS = """\
spoe-message client
    event on-client-session
spoe-message front
    event on-frontend-http-request
spoe-message back
    event on-backend-http-request
spoe-message server
    event on-server-session
spoe-message answer
    event on-http-response
"""


class EnginesTests(EngineTestCase):
    """
    Tests of engines in their proxies.

    @ivar expected: How many frames a request makes.
    """

    expected = 0

    def names(self, proxies: str, requests: int = 1) -> list[str]:
        """
        List the messages that are sent for requests of one client.
        """
        agent, origin = self.origin(), self.origin()
        self.begin([agent], messages=EVENTS, proxies=proxies.replace("ORIGIN", str(origin.port)))
        client = self.client()
        found: list[str] = []
        talks: list[Talk] = []
        server = None
        for _ in range(requests):
            client.send(get())
            for _ in range(self.expected):
                if not talks:
                    talks.append(self.talk(agent, "pipelining"))
                if found and found[-1] == "back" and server is None:
                    server = origin.accept()
                if found and found[-1] == "back" and server is not None:
                    server.head()
                    server.send(response())
                ids, messages = talks[0].asked()
                found += [each.name for each in messages]
                talks[0].answer(ids, SetVar(Scope.txn, "word", "x"))
            self.assertEqual(client.message()[1], b"hello")
        return found

    def test_frontend(self) -> None:
        """
        A frontend's filter hears of everything, for each request anew.
        """
        self.expected = 5
        found = self.names(
            "frontend f\n bind 127.0.0.1:8000\n filter spoe config {file}\n default_backend b\n"
            "backend b\n server s 127.0.0.1:ORIGIN\n",
            requests=2,
        )
        self.assertEqual(found, ["client", "front", "back", "server", "answer"] * 2)

    def test_backend(self) -> None:
        """
        A backend's filter hears of what happens on its side.
        """
        self.expected = 3
        found = self.names(
            "frontend f\n bind 127.0.0.1:8000\n default_backend b\n"
            "backend b\n filter spoe config {file}\n server s 127.0.0.1:ORIGIN\n"
        )
        self.assertEqual(found, ["back", "server", "answer"])

    def test_listen(self) -> None:
        """
        In a C{listen} section the backend's messages go with the frontend's.
        """
        self.expected = 4
        found = self.names(
            "listen b\n bind 127.0.0.1:8000\n filter spoe config {file}\n"
            " server s 127.0.0.1:ORIGIN\n"
        )
        self.assertEqual(found, ["client", "front", "back", "server", "answer"])

    def test_figures(self) -> None:
        """
        The worker's state has the figures of all engines.
        """
        agent = self.origin()
        self.begin([agent])
        [figures] = self.plane.state.spoe
        self.assertEqual(
            (figures.proxy, figures.engine, figures.agent, figures.backend),
            ("f", "agent", "agent", "agents"),
        )
        client = self.client()
        client.send(get())
        talk = self.talk(agent)
        talk.answer(talk.asked()[0])
        client.message()
        [server] = figures.servers()
        self.assertEqual(
            (server.name, server.state, server.connections, server.idle, server.answered),
            ("a1", "UP", 1, 1, 1),
        )


class NoFilterTests(PlaneTestCase):
    """
    Tests of workers without filters.
    """

    def test_nothing_is_built(self) -> None:
        """
        Without a filter there is no engine.
        """
        self.start("frontend f\n  bind 127.0.0.1:8000\n  http-request return status 200\n")
        self.assertIsNone(self.service._engines)
        self.assertEqual(self.plane.state.spoe, [])

    def test_nothing_is_imported(self) -> None:
        """
        Nor does a worker import what it would need.
        """
        code = (
            "import mwproxy.worker.standalone, mwproxy.worker.startup as startup, sys\n"
            "startup.import_everything()\n"
            "print(*[each for each in sys.modules if each.startswith('mwproxy.spoe.')])"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
        self.assertEqual((done.returncode, done.stdout.strip()), (0, ""), done.stderr)
