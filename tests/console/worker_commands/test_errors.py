"""
Tests for the console command C{show errors}.
"""

from __future__ import annotations

import re

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.console.session import WorkerConsole
from mwproxy.console.worker_commands.errors import dump
from mwproxy.core.levels import Level
from tests.console.sessions import connected
from tests.observe.worker import a_worker

REQUEST = b"GET / HTTP/1.1\r\nHost : a\r\n\xffBad\tx: 1\\2\r\n\r\n"
SHOWN = r"""
[DATE] frontend fe (#1): invalid request
  backend <NONE> (#-1), server <NONE> (#-1), event #0, src 10.0.0.1:4000
  buffer starts at 0 (including 0 out), 16343 free,
  len 41, wraps at 16384, error at position 20
  blank before the colon of a header :
  MARK
  00000  GET / HTTP/1.1\r\n
  00016  Host : a\r\n
  00026  \xFFBad\tx: 1\\2\r\n
  00039  \r\n
"""


class ErrorsTests(SynchronousTestCase):
    """
    Tests of invalid messages on the console.
    """

    def setUp(self) -> None:
        self.worker = a_worker()
        session = WorkerConsole(self.worker, Level.OPERATOR, "i")
        self.session = session
        self.wire = connected(session)
        self.wire.clear()

    def capture(self, data: bytes = REQUEST, position: int = 20) -> None:
        """
        Note an invalid request.
        """
        self.worker.errors.capture(
            1_700_000_000.5,
            self.worker.frontends["fe"],
            ("10.0.0.1", 4000),
            data,
            position,
            "blank before the colon of a header",
        )

    def respond(self) -> None:
        """
        Note an invalid response.
        """
        backend = self.worker.backends["be1"]
        self.worker.errors.capture(
            1_700_000_001.5,
            self.worker.frontends["fe"],
            ("", 0),
            b"HTTP/1.1 200 OK\r\n\r\n",
            -1,
            "no good",
            backend=backend,
            server=backend.servers[0],
        )

    def say(self, text: str) -> str:
        """
        Run a command.

        @return: The answer without its empty line and dates.
        """
        self.session.dataReceived(f"{text}\n".encode())
        answer = self.wire.text().removesuffix("\n")
        return re.sub(r"\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d\.\d{3}", "DATE", answer)

    def test_none(self) -> None:
        """
        Without any there is the count.
        """
        self.assertEqual(self.say("show errors"), "Total events captured on [DATE] : 0\n")

    def test_request(self) -> None:
        """
        A request is shown as it came, no line being empty.
        """
        self.capture()
        self.assertEqual(
            self.say("show errors"),
            "Total events captured on [DATE] : 1\n " + SHOWN.replace("MARK", ""),
        )

    def test_response(self) -> None:
        """
        A response belongs to the backend; without position the error is at its end.
        """
        self.respond()
        answer = self.say("show errors")
        self.assertIn(
            "[DATE] backend be1 (#3): invalid response\n"
            "  frontend fe (#1), server s1 (#1), event #0, src unix\n",
            answer,
        )
        self.assertIn("len 19, wraps at 16384, error at position 19\n", answer)

    def test_last_of_each(self) -> None:
        """
        Of each proxy and kind the last one is kept; all are counted.
        """
        self.capture()
        self.respond()
        self.capture(b"x\r\n", 0)
        answer = self.say("show errors")
        self.assertIn(" : 3\n", answer)
        self.assertEqual(re.findall("event #([0-9])", answer), ["1", "2"])

    def test_selection(self) -> None:
        """
        A proxy is chosen by name or number, and sees what concerns it; a kind may follow.
        """
        self.capture()
        self.respond()
        for words, events in (
            ("", ["0", "1"]),
            ("-1", ["0", "1"]),
            ("fe", ["0", "1"]),
            ("be1", ["1"]),
            ("3", ["1"]),
            ("fe request", ["0"]),
            ("fe response", ["1"]),
            ("tcpl", []),
            ("99", []),
        ):
            found = re.findall("event #([0-9])", self.say(f"show errors {words}"))
            self.assertEqual(found, events, words)
        self.assertEqual(self.say("show errors nope"), "No such proxy.\n")

    def test_long_lines(self) -> None:
        """
        Lines are cut so that no line is wider than 79 characters; the rest has a plus sign.
        """
        data = b"a" * 100 + b"\xff" * 30 + b"\r\nend"
        lines = list(dump(data))
        self.assertTrue(all(len(line) <= 80 for line in lines))
        self.assertEqual([line[:9] for line in lines][:3], ["  00000  ", "  00070+ ", "  00110+ "])
        self.assertEqual(lines[-1], "  00132  end\n")
        joined = "".join(line[9:-1] for line in lines)
        self.assertEqual(joined, "a" * 100 + r"\xFF" * 30 + r"\r\nend")
