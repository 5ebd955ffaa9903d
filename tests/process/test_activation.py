"""
Tests for L{mwproxy.process.activation}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mwproxy.process.activation import find_passed, passed_sockets


class PassedTests(SynchronousTestCase):
    """
    What a service manager passed.
    """

    def test_names(self) -> None:
        """
        Descriptors begin at 3 and are named in order; those without a name get systemd's.
        """
        environment = {"LISTEN_PID": "7", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "web:admin"}
        self.assertEqual(passed_sockets(environment, 7), [("web", 3), ("admin", 4), ("unknown", 5)])
        del environment["LISTEN_FDNAMES"]
        self.assertEqual([name for name, _ in passed_sockets(environment, 7)], ["unknown"] * 3)

    def test_not_for_us(self) -> None:
        """
        What is meant for another process, or is said by halves, does not count.
        """
        for environment in (
            {},
            {"LISTEN_PID": "8", "LISTEN_FDS": "1"},
            {"LISTEN_FDS": "1"},
            {"LISTEN_PID": "7"},
            {"LISTEN_PID": "7", "LISTEN_FDS": "-1"},
            {"LISTEN_PID": "7", "LISTEN_FDS": "0", "LISTEN_FDNAMES": "web"},
        ):
            self.assertEqual(passed_sockets(environment, 7), [])

    @settings(derandomize=True, max_examples=100)
    @given(st.dictionaries(st.sampled_from(["LISTEN_FDS", "LISTEN_FDNAMES"]), st.text(max_size=12)))
    def test_any_environment(self, environment: dict[str, str]) -> None:
        """
        Whatever the variables say, it is a list of names and consecutive descriptors.
        """
        found = passed_sockets({**environment, "LISTEN_PID": "7"}, 7)
        self.assertEqual([fd for _, fd in found], list(range(3, 3 + len(found))))


class FindTests(SynchronousTestCase):
    """
    Finding one by its name.
    """

    def setUp(self) -> None:
        self.passed = [("web", 3), ("admin", 4), ("web", 5)]

    def _refusal(self, name: str, position: int, passed: list[tuple[str, int]]) -> str:
        return str(self.assertRaises(LookupError, find_passed, name, position, passed))

    def test_found(self) -> None:
        """
        The only one of its name needs no number; of several each has its own, from 1.
        """
        self.assertEqual(find_passed("admin", 0, self.passed), 4)
        self.assertEqual(find_passed("admin", 1, self.passed), 4)
        self.assertEqual([find_passed("web", number, self.passed) for number in (1, 2)], [3, 5])

    def test_refused(self) -> None:
        """
        The message says what there is.
        """
        self.assertEqual(self._refusal("web", 0, []), "the service manager passed no sockets")
        self.assertEqual(
            self._refusal("wbe", 0, self.passed),
            "no socket named 'wbe' was passed, only 'web', 'admin'",
        )
        self.assertEqual(
            self._refusal("web", 0, self.passed),
            "2 sockets named 'web' were passed, write fd@web:1 to fd@web:2",
        )
        self.assertEqual(
            self._refusal("web", 3, self.passed), "only 2 sockets named 'web' were passed"
        )
