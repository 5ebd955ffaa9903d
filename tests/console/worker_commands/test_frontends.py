"""
Tests for L{mwproxy.console.worker_commands.frontends}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.console.session import WorkerConsole
from mwproxy.core.levels import Level
from mwproxy.live.servers import Server
from tests.console.sessions import connected
from tests.observe.worker import a_worker


class NotedListener:
    """
    A listener that notes what it is told.
    """

    def __init__(self) -> None:
        self.told: list[str] = []

    def pause(self) -> None:
        """
        Note it.
        """
        self.told.append("pause")

    def resume(self) -> None:
        """
        Note it.
        """
        self.told.append("resume")

    def resume_when_room(self) -> None:
        """
        Note it.
        """
        self.told.append("room")

    def limit_rate(self) -> None:
        """
        Note it.
        """
        self.told.append("rate")

    def close(self) -> None:
        """
        Note it.
        """
        self.told.append("close")


class FrontendCommandTests(SynchronousTestCase):
    """
    Tests of what changes frontends and limits.
    """

    def setUp(self) -> None:
        self.worker = a_worker()
        self.said: list[str] = []
        self.worker.say = lambda severity, text: self.said.append(text)
        self.listener = NotedListener()
        self.frontend = self.worker.frontends["fe"]
        self.frontend.listeners = [self.listener]
        self.worker.frontends["tcpl"].listeners = []
        self.session = WorkerConsole(self.worker, Level.ADMIN, "i")
        self.wire = connected(self.session)
        self.wire.clear()

    def say(self, text: str) -> str:
        """
        Run a command.

        @return: The answer without its empty line.
        """
        self.session.dataReceived(f"{text}\n".encode())
        return self.wire.text().removesuffix("\n")

    def test_disable_and_enable(self) -> None:
        """
        A frontend can be disabled once and enabled once.
        """
        self.assertEqual(self.say("enable frontend fe"), "All sockets are already enabled.\n")
        self.assertEqual(self.say("disable frontend fe"), "")
        self.assertEqual(self.frontend.state, "PAUSED")
        self.assertEqual(self.say("disable frontend #1"), "All sockets are already disabled.\n")
        self.assertEqual(self.say("enable frontend fe"), "")
        self.assertEqual(self.frontend.state, "OPEN")
        self.assertEqual(self.listener.told, ["pause", "resume"])
        self.assertEqual(self.said, ["Paused frontend fe.", "Resumed frontend fe."])

    def test_shutdown(self) -> None:
        """
        A frontend is shut down for good.
        """
        self.assertEqual(self.say("shutdown frontend fe"), "")
        self.assertEqual(self.frontend.state, "STOP")
        self.assertEqual(self.say("shutdown frontend fe"), "Frontend was already shut down.\n")
        self.assertIn("cannot enable", self.say("enable frontend fe"))
        self.assertIn("cannot disable", self.say("disable frontend fe"))
        self.assertEqual(self.said, ["Proxy fe stopped (cumulated conns: FE: 0, BE: 0)."])

    def test_who(self) -> None:
        """
        The frontend must exist.
        """
        self.assertEqual(self.say("disable frontend x"), "No such frontend.\n")
        self.assertEqual(self.say("disable frontend"), "A frontend name is expected.\n")

    def test_maxconn_of_frontend(self) -> None:
        """
        A new limit lets listeners try again.
        """
        self.assertEqual(self.say("set maxconn frontend fe 12"), "")
        self.assertEqual(self.frontend.maxconn, 12)
        self.assertEqual(self.listener.told, ["room"])
        self.assertEqual(self.say("set maxconn frontend fe"), "Integer value expected.\n")
        self.assertEqual(self.say("set maxconn frontend fe x"), "Expects an integer value.\n")
        self.assertEqual(self.say("set maxconn frontend fe 99999999999"), "Value out of range.\n")

    def test_maxconn_of_process(self) -> None:
        """
        The process's limit cannot exceed the first one; 0 restores it.
        """
        self.assertEqual(self.say("set maxconn global 5"), "")
        self.assertEqual(self.worker.maxconn, 5)
        self.assertEqual(self.say("set maxconn global 1001"), "Value out of range.\n")
        self.say("set maxconn global 0")
        self.assertEqual(self.worker.maxconn, 1000)

    def test_maxconn_of_server(self) -> None:
        """
        A server with a new limit gets streams that wait.
        """
        served: list[Server] = []

        def hook(server: Server) -> int:
            served.append(server)
            return 0

        self.worker.on_server_up.append(hook)
        server = self.worker.backends["be1"].servers[2]
        self.assertEqual(self.say("set maxconn server be1/s3 50"), "")
        self.assertEqual((server.maxconn, served), (50, [server]))
        for words, expected in (
            ("be1/s3", "Require <maxconn>.\n"),
            ("be1/s3 x", "maxconn string empty or preceded by garbage\n"),
            ("be1/s3 10x", "Trailing garbage in maxconn string\n"),
            ("be1/s9 10", "No such server.\n"),
        ):
            self.assertEqual(self.say(f"set maxconn server {words}"), expected)

    def test_logged(self) -> None:
        """
        What happens to a frontend goes to its log too.
        """
        logged: list[tuple[int, bytes]] = []
        self.frontend.log = lambda level, line: logged.append((level, line))
        self.say("disable frontend fe")
        self.assertEqual(logged, [(4, b"Paused frontend fe.")])

    def test_rate_limits(self) -> None:
        """
        Limits of rates reach the listeners; what limits nothing is shown all the same.
        """
        for number, name in enumerate(
            ("connections", "sessions", "ssl-sessions", "http-compression"), 10
        ):
            self.assertEqual(self.say(f"set rate-limit {name} global {number}"), "")
        self.assertEqual(self.worker.connection_limit.limit, 10)
        self.assertEqual(self.worker.session_limit.limit, 11)
        self.assertEqual(self.listener.told, ["rate"] * 4)
        self.say("disable frontend fe")
        self.say("set rate-limit connections global 10")
        self.assertEqual(self.listener.told[-1], "rate")
        info = self.say("show info")
        for line in (
            "ConnRateLimit: 10",
            "SessRateLimit: 11",
            "SslRateLimit: 12",
            "CompressBpsRateLim: 13312",
        ):
            self.assertIn(f"\n{line}\n", info)

    def test_bad_rate_limits(self) -> None:
        """
        Other limits, and values that are none, are refused.
        """
        for words in ("", "foo", "connections", "connections fe 5", "foo global 5"):
            self.assertIn("'set rate-limit' only supports :", self.say(f"set rate-limit {words}"))
        for words, expected in (
            ("", "Expects an integer value.\n"),
            ("x", "Expects an integer value.\n"),
            ("-1", "Value out of range.\n"),
            ("9" * 50, "Value out of range.\n"),
        ):
            self.assertEqual(self.say(f"set rate-limit connections global {words}"), expected)
