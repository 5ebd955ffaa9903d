"""
Tests for L{mwproxy.console.audit}, and for what sessions note in it.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.console.audit import COMMAND, performed, refused_handshake
from mwproxy.console.master_session import MasterConsole
from mwproxy.console.master_view import ReloadResult
from mwproxy.console.session import WorkerConsole
from mwproxy.console.state import ConsoleState
from mwproxy.core.levels import Level
from tests.console.sessions import FakeReactor, FakeView, connected
from tests.observe.worker import a_worker

GONE = Failure(ConnectionDone())


class LineTests(SynchronousTestCase):
    """
    Tests of the line.
    """

    def setUp(self) -> None:
        self.state = ConsoleState(Level.ADMIN, address="unix@/m.sock", who="uid=0,pid=7")

    def test_fields(self) -> None:
        """
        Who, where from, with which level, where, what, and how it ended; of an answer the first
        line.
        """
        self.assertEqual(
            performed(self.state, ["reload"], None, "master", "Success=1\n--\n[NOTICE] x\n"),
            "audit: peer=uid=0,pid=7 socket=unix@/m.sock level=admin target=master "
            'command="reload" result="Success=1"',
        )

    def test_payload(self) -> None:
        """
        A payload may be a secret: only its size is written.
        """
        line = performed(self.state, ["set", "map", "m"], "key é\n", "5", "ok")
        self.assertIn('command="set map m <<7 bytes>>"', line)
        self.assertNotIn("key", line)

    def test_blank_in_a_word(self) -> None:
        """
        A word with a blank in it is told from two words, and nothing is lost of an empty one.
        """
        for words, shown in (
            (["a b", "c"], r"a\x20b c"),
            (["a", "b", "c"], "a b c"),
            (["a", "", "b"], "a  b"),
            ([], ""),
        ):
            line = performed(self.state, words, None, "5", "ok")
            self.assertIn(f' command="{shown}" ', line)

    def test_one_line(self) -> None:
        """
        Nothing in a command or an answer looks like another field or another line.
        """
        words = ["set", 'x" result="ok', "a\nb", "c\\d", "\udcff"]
        line = performed(self.state, words, None, "5", 'no "such"\nthing')
        self.assertIn(r'command="set x\x22\x20result=\x22ok a\x0ab c\x5cd \xff"', line)
        self.assertTrue(line.endswith(r'result="no \x22such\x22"'))

    def test_long(self) -> None:
        """
        A long command is cut.
        """
        line = performed(self.state, ["set", "x" * 5000], None, "5", "y" * 5000)
        self.assertLess(len(line), COMMAND + 400)
        self.assertIn('xxx..." result="yyy', line)

    def test_nothing_known(self) -> None:
        """
        A field is never empty.
        """
        line = performed(ConsoleState(Level.USER), ["x"], None, "5", "ok")
        self.assertIn("peer=unknown socket=unknown level=user", line)

    def test_handshake(self) -> None:
        """
        Who is refused by TLS is noted too.
        """
        line = refused_handshake("1.2.3.4:5", "ipv4@0.0.0.0:9", 'it has\nexpired "x"')
        expected = 'audit: peer=1.2.3.4:5 socket=ipv4@0.0.0.0:9 result="TLS: it has"'
        self.assertEqual(line, expected)


class MasterTests(SynchronousTestCase):
    """
    Tests of what the master's sessions note.
    """

    def setUp(self) -> None:
        self.view = FakeView()
        self.session = MasterConsole(self.view, FakeReactor(), Level.OPERATOR)
        self.session.state.who = "uid=5,pid=6"
        self.wire = connected(self.session)
        self.addCleanup(self.session.connectionLost, GONE)

    def say(self, text: str) -> None:
        """
        Send a line.
        """
        self.session.dataReceived(text.encode() + b"\n")

    def finish(self, result: ReloadResult) -> None:
        """
        End the reload.
        """
        coming: Deferred[Any] = self.view.reloads[0][1]
        coming.callback(result)

    def test_what_shows(self) -> None:
        """
        What changes nothing is not noted, nor what concerns only the connection.
        """
        for text in ("show proc", "show version", "help", "prompt", "no-such", "@7 x", "user"):
            self.say(text)
        self.assertEqual(self.view.audited, [])

    def test_at_its_end(self) -> None:
        """
        A reload is noted when it has ended, with how.
        """
        self.say("reload")
        self.assertEqual(self.view.audited, [])
        self.finish(ReloadResult(False, "log\n", 1))
        [line] = self.view.audited
        self.assertIn('level=operator target=master command="reload" result="Success=0"', line)

    def test_client_left(self) -> None:
        """
        It is noted too when nobody waits for it any more.
        """
        self.say("reload")
        self.session.connectionLost(GONE)
        self.finish(ReloadResult(True, "log\n", 1))
        [line] = self.view.audited
        self.assertIn('command="reload" result="Success=1"', line)

    def test_refused(self) -> None:
        """
        So is who may not.
        """
        self.say("user")
        self.say("reload")
        [line] = self.view.audited
        self.assertIn('level=user target=master command="reload"', line)
        self.assertIn('result="refused: Permission denied"', line)


class WorkerTests(SynchronousTestCase):
    """
    Tests of what a worker's sessions note.
    """

    def test_commands(self) -> None:
        """
        Each command of a line that changes something has its own line, whether it was done or not.
        """
        noted: list[str] = []
        session = WorkerConsole(
            a_worker(), Level.ADMIN, address="master", who="uid=1,pid=2", say=noted.append
        )
        connected(session)
        self.addCleanup(session.connectionLost, GONE)
        session.dataReceived(b"show info;set weight be1/s1 1;set weight be1/no 1;echo\n")
        first, second = noted
        self.assertIn("peer=uid=1,pid=2 socket=master level=admin target=", first)
        self.assertIn('command="set weight be1/s1 1" result="ok"', first)
        self.assertIn('command="set weight be1/no 1" result="', second)
        self.assertNotIn('"ok"', second)
