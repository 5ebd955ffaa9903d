"""
Tests for L{mwproxy.console.worker_commands.sess}.
"""

from __future__ import annotations

from math import inf
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.console.session import WorkerConsole
from mwproxy.console.session_text import duration
from mwproxy.core.levels import Level
from mwproxy.live.sessions import Session, Stream
from tests.console.sessions import connected
from tests.observe.worker import START, a_worker


class ClosableSession(Session):
    """
    A session that notes that it was closed.
    """

    closed = False
    stream: Any
    fd: int
    inbuf: bytes
    out: bytes
    expiry: float

    def close(self) -> None:
        """
        Note it.
        """
        self.closed = True


class SessTests(SynchronousTestCase):
    """
    Tests of commands about sessions.
    """

    def setUp(self) -> None:
        self.worker = a_worker()
        self.worker.now = START + 75
        self.one = self.make(1, "fe", "127.0.0.1", START)
        self.two = self.make(0x1F, "tcpl", "", START + 74)
        stream = self.one.stream = Stream(self.one)
        stream.backend = self.worker.backends["be1"]
        stream.server = stream.backend.servers[0]
        self.session = WorkerConsole(self.worker, Level.ADMIN, "i")
        self.wire = connected(self.session)
        self.wire.clear()

    def make(self, number: int, frontend: str, host: str, accepted: float) -> ClosableSession:
        """
        Make a session.
        """
        session = ClosableSession()
        session.number = number
        session.frontend = self.worker.frontends[frontend]
        session.client_host, session.client_port = host, 35972
        session.own_host, session.own_port = "127.0.0.1", 80
        session.accepted = accepted
        session.requests = 1
        session.stream = None
        self.worker.sessions.add(session)
        return session

    def say(self, text: str) -> list[str]:
        """
        Run a command.

        @return: The lines of the answer.
        """
        self.session.dataReceived(f"{text}\n".encode())
        return self.wire.text().removesuffix("\n").splitlines()

    def test_list(self) -> None:
        """
        Sessions are listed, oldest first, the asking one last.
        """
        lines = self.say("show sess")
        self.assertEqual(len(lines), 3)
        self.assertTrue(
            lines[0].startswith(
                "0x1: proto=tcpv4 src=127.0.0.1:35972 fe=fe be=be1 srv=s1 ts=00 epoch=0x0 "
                "age=1m15s calls=0 "
            )
        )
        self.assertIn("0x1f: proto=unix_stream src=unix:1 fe=tcpl be=<NONE> srv=<none>", lines[1])
        self.assertIn("fe=GLOBAL be=<NONE> srv=<none>", lines[2])

    def test_selectors(self) -> None:
        """
        Age, frontend, backend and server select.
        """
        for words, expected in (
            ("older 60s", 1),
            ("older 1", 2),
            ("frontend tcpl", 1),
            ("backend be1", 1),
            ("server be1/s1", 1),
            ("server be1/s2", 0),
            ("0x1f", 3),
        ):
            found = [line for line in self.say(f"show sess {words}") if line]
            self.assertEqual(len(found), expected, words)

    def test_figures(self) -> None:
        """
        A line tells what waits, where the server side is, which descriptors there are, and which
        side's timeout ends the session when.
        """
        one, stream = self.one, self.one.stream
        one.fd, one.inbuf, one.out = 7, b"abc", b"x"
        one.expiry = self.worker.now + 38
        for times, state, left in (
            ({}, 0, "rex=38s|rex=|c_exp="),
            ({"queued_at": 1.0}, 2, "rex=38s|rex=|c_exp="),
            ({"assigned_at": 1.0}, 5, "rex=|rex=|c_exp=38s"),
            ({"connected_at": 1.0}, 8, "rex=|rex=38s|c_exp="),
        ):
            for name, value in times.items():
                setattr(stream, name, value)
            mine, servers, connecting = left.split("|")
            self.assertIn(
                " calls=0 rate=0 cpu=0 lat=0 rq[f=0h,i=3,an=00h,ax=] rp[f=0h,i=1,an=00h,ax=] "
                f"scf=[8,0h,fd=7,{mine},wex=] scb=[{state},0h,fd=-1,{servers},wex=] "
                f"exp=38s rc=0 {connecting}",
                self.say("show sess")[0],
            )

    def test_age_of_the_stream(self) -> None:
        """
        The age is that of the exchange, not of the connection.
        """
        self.one.stream.begun = START + 70
        self.assertIn(" age=5s ", self.say("show sess 1")[0])

    def test_suspicious(self) -> None:
        """
        C{susp} shows who has no timeout, and who is still there though it has passed; with others
        that select.
        """
        now = self.worker.now
        for one, two, found in (
            (inf, inf, ["0x1", "0x1f"]),
            (now + 1, inf, ["0x1f"]),
            (now - 0.5, now - 2, ["0x1f"]),
            (now, now, []),
        ):
            self.one.expiry, self.two.expiry = one, two
            lines = self.say("show sess susp")
            self.assertEqual([line.split(":")[0] for line in lines if line], found)
        self.one.expiry = self.two.expiry = inf
        self.assertEqual(len(self.say("show sess susp frontend fe")), 1)
        self.assertIn("accepted", "".join(self.say("show sess all susp")))

    def test_details(self) -> None:
        """
        C{all} tells more of each.
        """
        self.assertEqual(len(self.say("show sess all")), 9)

    def test_bad_selectors(self) -> None:
        """
        Words that cannot be understood are refused.
        """
        self.assertEqual(
            self.say("show sess older x"), ["Expects a duration in seconds behind 'older'."]
        )
        self.assertEqual(self.say("show sess backend"), ["Expects a name behind 'backend'."])
        self.assertTrue(self.say("show sess help")[0].startswith("show sess"))

    def test_shutdown(self) -> None:
        """
        A session is ended by its number, or by the server it uses.
        """
        self.assertEqual(
            self.say("shutdown session"), ["Session pointer expected (use 'show sess')."]
        )
        self.assertEqual(
            self.say("shutdown session foo"), ["Session pointer expected (use 'show sess')."]
        )
        self.assertEqual(self.say("shutdown session 0x9"), ["No such session (use 'show sess')."])
        self.assertEqual(self.say("shutdown session 0x1f"), [])
        self.assertTrue(self.two.closed)
        self.assertEqual(self.say("shutdown sessions server be1/s1"), [])
        self.assertTrue(self.one.closed)

    def test_shutdown_ends_the_stream(self) -> None:
        """
        A stream at work is ended as such, so that it gives back what it holds.
        """
        ended: list[str] = []
        stream: Any = self.one.stream
        stream.kill = lambda: ended.append("stream")
        self.assertEqual(self.say("shutdown sessions server be1/s1"), [])
        self.assertEqual((ended, self.one.closed), (["stream"], False))

    def test_duration(self) -> None:
        """
        Ages have their two largest units.
        """
        self.assertEqual([duration(age) for age in (0, 61, 90061)], ["0s", "1m1s", "1d1h"])

    def test_unknown(self) -> None:
        """
        A session that is not there is said to be missing.
        """
        for word in ("0x77", "foo"):
            self.assertEqual(self.say(f"show sess {word}"), ["Session not found."])

    def test_several_selectors(self) -> None:
        """
        Of several selectors all must hold.
        """
        self.assertEqual(len(self.say("show sess frontend fe older 10")), 1)
        self.assertEqual(self.say("show sess frontend tcpl older 10"), [])
        text = "\n".join(self.say("show sess all frontend fe"))
        self.assertIn("accepted", text)
        self.assertNotIn("fe=tcpl", text)
