"""
Tests of C{mwproxy/rules/actions/bodies.py}.
"""

from __future__ import annotations

# ruff: noqa: E501  # messages stand whole
from collections.abc import Callable
from math import inf
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.core.diagnostics import ConfigError
from mwproxy.rules.ruleset import Wait
from tests.rules.streams import RULES, rule


class Body:
    """
    A stream whose body is on its way.
    """

    def __init__(self, missing: int) -> None:
        self.missing = missing
        self.asked: list[tuple[int, float]] = []

    def needs_body(self, least: int) -> bool:
        """
        Tell whether more is needed.
        """
        return self.missing > 0

    def await_body(self, least: int, seconds: float, go_on: Callable[[None], object]) -> None:
        """
        Get it at once.
        """
        self.asked.append((least, seconds))
        go_on(None)


class WaitForBodyTests(SynchronousTestCase):
    """
    Tests of C{wait-for-body}.
    """

    def _asked(self, action: Any) -> tuple[int, float]:
        stream = Body(1)
        wait = action(stream)
        self.assertIsInstance(wait, Wait)
        told: list[object] = []
        wait.begin(told.append)
        self.assertEqual(told, [None])
        return stream.asked[0]

    def test_arguments(self) -> None:
        """
        C{time} and C{at-least} come in any order; no time is no limit.
        """
        for text, asked in (
            ("time 500ms", (0, 0.5)),
            ("time 2 at-least 1k", (1024, 0.002)),
            ("at-least 5 time 1s", (5, 1.0)),
            ("time 0", (0, inf)),
        ):
            action = rule(["wait-for-body", *text.split()])
            self.assertTrue(action.waits)  # type: ignore[attr-defined]
            self.assertEqual(self._asked(action), asked)

    def test_nothing_to_wait_for(self) -> None:
        """
        A stream whose body is there goes on.
        """
        self.assertIsNone(rule(["wait-for-body", "time", "1s"])(Body(0)))

    def test_buffer_request(self) -> None:
        """
        C{option http-buffer-request} waits for the whole body.
        """
        self.assertEqual(self._asked(RULES.buffer_request(1500)), (0, 1.5))
        self.assertEqual(self._asked(RULES.buffer_request(None)), (0, inf))

    def test_messages(self) -> None:
        """
        Mistakes are told in HAProxy's words.
        """
        for text, message in (
            ("", "expects time <time> [ at-least <bytes> ]."),
            ("at-least 1k", "expects time <time> [ at-least <bytes> ]."),
            ("time", "missing argument for 'time'."),
            ("time x", "invalid time 'x' for 'time'."),
            ("time 1s at-least", "missing argument for 'at-least'."),
            ("time 1s at-least x", "invalid size 'x' for 'at-least'."),
        ):
            words = ["wait-for-body", *text.split()]
            error = str(self.assertRaises(ConfigError, rule, words))
            self.assertEqual(error.partition(" rule : ")[2], message)
        self.assertRaises(ConfigError, rule, ["wait-for-body", "time", "1s"], "http-response")
        error = str(self.assertRaises(ConfigError, rule, ["wait-for-body", "time", "1s", "foo"]))
        self.assertEqual(
            error,
            "'http-request wait-for-body' expects either 'if' or 'unless' followed by a condition but found 'foo'.",
        )
