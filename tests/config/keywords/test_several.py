"""
Tests for L{mwproxy.config.keywords.several}.
"""

from __future__ import annotations

from tests.config.loading import LoadingTestCase

FRONTEND = "frontend f\n mode http\n timeout client 1s\n bind 127.0.0.1:1\n"


class SeveralTests(LoadingTestCase):
    """
    Keywords about some of several processes.
    """

    def test_bind_process(self) -> None:
        """
        Sections take it from C{defaults}, and may say otherwise.
        """
        configuration = self.load(
            "defaults\n bind-process 1 3-4\n"
            + FRONTEND
            + FRONTEND.replace("f\n", "g\n", 1)
            + " bind-process all\n"
        )
        found = [sorted(proxy.processes) for proxy in configuration.proxies]
        self.assertEqual(found, [[1, 3, 4], []])
        self.assertEqual(self.messages, [])

    def test_mistakes(self) -> None:
        """
        Sets that are none are refused.
        """
        [alert] = self.alerts(FRONTEND + " bind-process 1,2\n")
        self.assertIn("'bind-process' : '1,2' is not a valid number/range.", alert)
        [alert] = self.alerts(FRONTEND + " bind-process\n")
        self.assertIn("'bind-process' expects 'all', 'odd', 'even', or a list of ranges.", alert)
        [alert] = self.alerts("global\n stats bind-process x\n" + FRONTEND)
        self.assertIn("'stats bind-process' : 'x' is not a valid number/range.", alert)
        [alert] = self.alerts("global\n cpu-map 1\n" + FRONTEND)
        self.assertIn("parsing [1.cfg:2] : cpu-map expects a process number", alert)

    def test_stats_bind_process(self) -> None:
        """
        Consoles may be limited all together.
        """
        configuration = self.load("global\n stats bind-process 2\n" + FRONTEND)
        self.assertEqual(configuration.global_.stats_processes, {2})

    def test_cpu_map(self) -> None:
        """
        Lines add up; what concerns other threads than the first has no effect, which is said.
        """
        configuration = self.load(
            "global\n cpu-map 1 0\n cpu-map 1/1 2\n cpu-map auto:2-3 4-5\n" + FRONTEND
        )
        self.assertEqual(configuration.global_.cpu_map, {1: {0, 2}, 2: {4}, 3: {5}})
        self.assertEqual(self.messages, [])
        configuration = self.load("global\n cpu-map 1/2 0\n" + FRONTEND)
        self.assertEqual(configuration.global_.cpu_map, {})
        [message] = self.messages
        self.assertIn("'cpu-map' has no effect in mwproxy; these threads do not exist", message)
