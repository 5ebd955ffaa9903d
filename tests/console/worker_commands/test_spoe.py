"""
Tests for the console command C{show spoe}.
"""

from __future__ import annotations

import json

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.console.session import WorkerConsole
from mwproxy.console.worker_commands.spoe import code_words
from mwproxy.core.levels import Level
from mwproxy.live.spoe import AgentFigures, EngineFigures
from tests.console.sessions import connected
from tests.observe.worker import a_worker

SHOWN = """\
engine www/iprep (agent agent, backend agents)
  connections=2 idle=1 in_flight=3 waiting=0 opened=5
  processed=10 failed=3 skipped=0 refused=1 repeated=0 strays=0
  latency_ms p50=2.000 p99=2.000 max=2.000
  error 1 (timeout): 2
  error 257 (I/O error): 1
  server a UP connections=2 connecting=0 idle=1 in_flight=3 waiting=0 opened=5 failed=0 answered=7
"""


class SpoeTests(SynchronousTestCase):
    """
    Tests of the engines on the console.
    """

    def setUp(self) -> None:
        self.worker = a_worker()
        figures = EngineFigures("iprep", "agent", "www", "agents")
        figures.connections, figures.idle, figures.in_flight, figures.opened = 2, 1, 3, 5
        figures.processed, figures.failed, figures.refused = 10, 3, 1
        figures.codes.update({257: 1, 1: 2})
        figures.latencies.add(0.002)
        figures.servers = lambda: [AgentFigures("a", "UP", 2, 0, 1, 3, 0, 5, 0, 7)]
        self.worker.spoe = [figures, EngineFigures("other", "x", "api", "agents")]
        self.session = WorkerConsole(self.worker, Level.ADMIN, "i")
        self.wire = connected(self.session)

    def say(self, line: str) -> str:
        """
        Give a command.

        @return: The answer.
        """
        self.wire.clear()
        self.session.dataReceived(line.encode() + b"\n")
        return self.wire.text().removesuffix("\n")

    def test_one(self) -> None:
        """
        An engine is shown with its errors and servers.
        """
        self.assertEqual(self.say("show spoe www"), SHOWN)
        self.assertEqual(self.say("show spoe www/iprep"), SHOWN)

    def test_all(self) -> None:
        """
        Without a name all are shown; those that have done nothing too.
        """
        answer = self.say("show spoe")
        self.assertIn(SHOWN, answer)
        self.assertIn("engine api/other (agent x, backend agents)\n  connections=0", answer)

    def test_none(self) -> None:
        """
        A name that there is not is refused, and so are words too many.
        """
        self.assertIn("No such SPOE engine.", self.say("show spoe nowhere"))
        self.assertIn("No such SPOE engine.", self.say("show spoe www/other"))
        self.assertIn("expects", self.say("show spoe www iprep"))
        self.worker.spoe = []
        self.assertEqual(self.say("show spoe").strip(), "")

    def test_json(self) -> None:
        """
        The same as JSON.
        """
        [found] = json.loads(self.say("show spoe www json"))
        self.assertEqual(found["latency_us"], {"p50": 2000, "p99": 2000, "max": 2000, "count": 1})
        self.assertEqual(
            found["errors"],
            [
                {"code": 1, "reason": "timeout", "count": 2},
                {"code": 257, "reason": "I/O error", "count": 1},
            ],
        )
        self.assertEqual(found["servers"][0]["answered"], 7)
        self.assertEqual(found["in_flight"], 3)

    def test_clear(self) -> None:
        """
        C{clear counters all} begins them anew, C{clear counters} does not.
        """
        self.say("clear counters")
        self.assertEqual(self.worker.spoe[0].processed, 10)
        self.say("clear counters all")
        self.assertEqual((self.worker.spoe[0].processed, self.worker.spoe[0].connections), (0, 2))

    def test_words(self) -> None:
        """
        Each code has words.
        """
        self.assertEqual(code_words(2), "no server or too many waiting")
        self.assertEqual(code_words(260), "invalid frame received")
        self.assertEqual(code_words(298), "status 42")
        self.assertEqual(code_words(7), "code 7")
