"""
Tests for L{mwproxy.config.processes}.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config.model import Configuration
from mwproxy.config.processes import fit_processes, parse_numbers, parse_processes
from mwproxy.core.diagnostics import ConfigError, Diagnostics
from tests.config.loading import LoadingTestCase


class ParseTests(SynchronousTestCase):
    """
    Sets of processes as they are written.
    """

    def test_sets(self) -> None:
        """
        Names, numbers and ranges, in either direction or without end.
        """
        self.assertEqual(len(parse_numbers("all", "x")), 64)
        self.assertEqual(sorted(parse_numbers("odd", "x"))[:3], [1, 3, 5])
        self.assertEqual(sorted(parse_numbers("even", "x"))[-2:], [62, 64])
        for text in ("2-4", "4-2"):
            self.assertEqual(parse_numbers(text, "x"), {2, 3, 4})
        self.assertEqual(parse_numbers("63-", "x"), {63, 64})

    def test_joined(self) -> None:
        """
        Several sets add up; all processes are the same as no limit.
        """
        self.assertEqual(parse_processes(["1", "3-4"], "x"), {1, 3, 4})
        self.assertEqual(parse_processes(["odd", "even"], "x"), frozenset())

    def test_mistakes(self) -> None:
        """
        What is no set is refused.
        """
        for text in ("", "x", "1,2", "-1", "1a", "1-2-3", "\u0661"):
            error = self.assertRaises(ConfigError, parse_numbers, text, "'process'")
            self.assertEqual(str(error), f"'process' : '{text}' is not a valid number/range.")
        for text in ("0", "65", "1-65"):
            error = self.assertRaises(ConfigError, parse_numbers, text, "'process'")
            self.assertEqual(
                str(error),
                f"'process' : '{text}' is not a valid number/range. It supports numbers from 1 to"
                " 64.",
            )

    @given(st.text(max_size=8))
    def test_any_text(self, text: str) -> None:
        """
        Any text is a set or refused.
        """
        try:
            numbers = parse_numbers(text, "x")
        except ConfigError:
            return
        self.assertTrue(numbers <= set(range(1, 65)) and numbers)


class FitTests(LoadingTestCase):
    """
    What is limited to processes, and which run.
    """

    def fit(self, text: str, count: int) -> tuple[Configuration, list[str]]:
        """
        Read a configuration for a number of processes.

        @return: It, and the warnings.
        """
        configuration = self.load(text)
        self.assertEqual(self.diagnostics.errors, 0, self.messages)
        found = Diagnostics()
        fit_processes(configuration, count, found)
        return configuration, [message.text for message in found.messages]

    def processes(self, configuration: Configuration) -> list[list[int]]:
        """
        List the processes of each bind.
        """
        binds = [bind for proxy in configuration.proxies for bind in proxy.binds]
        return [sorted(bind.settings.processes) for bind in binds]

    def test_all_is_well(self) -> None:
        """
        Nothing is changed, and nothing said, where all fits.
        """
        configuration, warnings = self.fit(
            "global\n nbproc 2\n stats socket /s1 process 1\n stats socket /s2 process 2\n"
            "frontend f\n mode http\n timeout client 1s\n bind :1\n bind :2 process 2\n"
            " bind :3 process odd\n".replace("\\\n", "\n"),
            2,
        )
        self.assertEqual(warnings, [])
        self.assertEqual(self.processes(configuration)[:2], [[], [2]])
        self.assertEqual(configuration.global_.nbproc, 2)

    def test_a_process_that_does_not_run(self) -> None:
        """
        One process that does not run becomes the first one, a range becomes all, with a warning.
        """
        configuration, warnings = self.fit(
            "frontend f\n mode http\n timeout client 1s\n bind 127.0.0.1:1 process 3\n"
            " bind 127.0.0.1:2 process 3-4\n",
            2,
        )
        self.assertEqual(self.processes(configuration), [[1], []])
        self.assertEqual(len(warnings), 2)
        self.assertIn(
            "Proxy 'f': the process number specified on the 'process' directive of 'bind"
            " 127.0.0.1:1' at [",
            warnings[0],
        )
        self.assertIn("by forcing it to run on the proxy's first process only.", warnings[0])
        self.assertIn("'bind 127.0.0.1:2' at [", warnings[1])
        self.assertIn("so that all of the proxy's processes are used.", warnings[1])

    def test_a_process_that_the_section_does_not_cover(self) -> None:
        """
        So does one that C{bind-process} leaves out.
        """
        configuration, warnings = self.fit(
            "frontend f\n mode http\n timeout client 1s\n bind-process 2-3\n"
            " bind 127.0.0.1:1 process 1\n",
            3,
        )
        self.assertEqual(self.processes(configuration), [[2]])
        self.assertEqual(len(warnings), 1)

    def test_a_section_that_runs_nowhere(self) -> None:
        """
        A section of processes that do not run is said to be not started.
        """
        _, warnings = self.fit(
            "frontend f\n mode http\n timeout client 1s\n bind-process 3\n bind :1\n"
            "frontend g\n disabled\n mode http\n timeout client 1s\n bind-process 3\n bind :2\n",
            2,
        )
        self.assertEqual(
            warnings,
            [
                "Proxy 'f': 'bind-process' names none of the processes that 'nbproc 2' runs: it is"
                " not started."
            ],
        )

    def test_backends_follow(self) -> None:
        """
        A backend runs where the frontends do that use it.
        """
        configuration, _ = self.fit(
            "frontend f\n bind-process 1\n bind :1\n mode tcp\n default_backend b\n"
            "frontend g\n bind :2\n mode tcp\n use_backend c\n"
            "backend b\n mode tcp\n bind-process 2\n"
            "backend c\n mode tcp\n bind-process 2\n"
            "backend d\n mode tcp\n",
            2,
        )
        found = {each.name: sorted(each.processes) for each in configuration.proxies}
        self.assertEqual(found, {"f": [1], "g": [], "b": [1, 2], "c": [], "d": []})

    def test_shared_consoles(self) -> None:
        """
        A console that several processes answer on is warned of, unless it is bound to one.
        """
        text = "global\n{} stats socket /s\nfrontend f\n mode http\n timeout client 1s\n bind :1\n"
        configuration, warnings = self.fit(text.format(""), 2)
        self.assertEqual(
            warnings,
            [
                "stats socket will not work as expected in multi-process mode (nbproc > 1), you"
                " should force process binding globally using 'stats bind-process' or per socket"
                " using the 'process' attribute."
            ],
        )
        configuration, warnings = self.fit(text.format(" stats bind-process 2\n"), 2)
        self.assertEqual(warnings, [])
        self.assertEqual(configuration.global_.stats_sockets[0].settings.processes, {2})
        configuration, warnings = self.fit(text.format(""), 1)
        self.assertEqual(warnings, [])
        self.assertEqual(configuration.global_.stats_sockets[0].settings.processes, frozenset())
