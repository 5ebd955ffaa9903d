"""
Tests for L{mwproxy.stream.stages}.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config import model
from mwproxy.config.spoe_settings import EVENTS
from mwproxy.live.proxies import Backend, Frontend, Rules, WorkerState
from mwproxy.stream.stages import backend_rules, frontend_rules, response_rules


def noting(word: str) -> Callable[[Any], None]:
    """
    Make a ruleset that notes a word in the list that stands for the stream.
    """

    def note(stream: list[str]) -> None:
        stream.append(word)

    return note


def section(name: str, mode: str = "http", kind: str = "listen") -> model.Proxy:
    """
    Make a section with all rulesets.
    """
    made = model.Proxy(kind, name, mode=mode)
    for ruleset in (
        "tcp_request_content", "http_request", "tcp_response_content", "http_response"
    ):  # fmt: skip
        setattr(made, ruleset, noting(f"{name} {ruleset}"))
    return made


class StagesTests(SynchronousTestCase):
    """
    Tests of the order.
    """

    def live(self, section: model.Proxy, *, events: bool = True) -> tuple[Frontend, Backend]:
        """
        Make a section live, with a filter that asks at all events.
        """
        state = WorkerState(model.Configuration(), 0.0, 0.0)
        front, back = Frontend(section, state), Backend(section, state)
        if events:
            asked: dict[str, Rules] = {event: noting(f"{section.name} {event}") for event in EVENTS}
            front.events = back.events = asked
        return front, back

    def met(self, rules: Rules | None) -> list[str]:
        """
        List what a stream meets.
        """
        found: list[str] = []
        if rules is not None:
            self.assertIsNone(rules(found))
        return found

    def test_request_at_the_frontend(self) -> None:
        """
        Events of TCP come before C{tcp-request content}, those of HTTP before C{http-request}.
        """
        front, _ = self.live(section("f"))
        self.assertEqual(
            self.met(frontend_rules(front)),
            [
                "f on-client-session",
                "f on-frontend-tcp-request",
                "f tcp_request_content",
                "f on-frontend-http-request",
                "f http_request",
            ],
        )

    def test_tcp_mode(self) -> None:
        """
        In TCP mode there is nothing of HTTP.
        """
        front, back = self.live(section("f", "tcp"))
        other, _ = self.live(section("g", "tcp"))
        self.assertEqual(
            self.met(frontend_rules(front)),
            ["f on-client-session", "f on-frontend-tcp-request", "f tcp_request_content"],
        )
        self.assertEqual(
            self.met(backend_rules(other, back)),
            ["g on-backend-tcp-request", "f on-backend-tcp-request", "f tcp_request_content"],
        )
        self.assertEqual(
            self.met(response_rules(front, back)),
            ["f on-server-session", "f on-tcp-response", "f tcp_response_content"],
        )

    def test_request_at_the_backend(self) -> None:
        """
        A frontend's filters hear of each event before the backend's.
        """
        front, _ = self.live(section("f"))
        _, back = self.live(section("b"))
        self.assertEqual(
            self.met(backend_rules(front, back)),
            [
                "f on-backend-tcp-request",
                "b on-backend-tcp-request",
                "b tcp_request_content",
                "f on-backend-http-request",
                "b on-backend-http-request",
                "b http_request",
            ],
        )

    def test_response(self) -> None:
        """
        Events before rules; the backend's rules before the frontend's.
        """
        front, _ = self.live(section("f"))
        _, back = self.live(section("b"))
        self.assertEqual(
            self.met(response_rules(front, back)),
            [
                "f on-server-session",
                "b on-server-session",
                "f on-tcp-response",
                "b on-tcp-response",
                "b tcp_response_content",
                "f tcp_response_content",
                "f on-http-response",
                "b on-http-response",
                "b http_response",
                "f http_response",
            ],
        )

    def test_one_section(self) -> None:
        """
        A C{listen} section meets each event and each rule once.
        """
        front, back = self.live(section("l"))
        self.assertEqual(
            self.met(response_rules(front, back)),
            [
                "l on-server-session",
                "l on-tcp-response",
                "l tcp_response_content",
                "l on-http-response",
                "l http_response",
            ],
        )

    def test_no_filters(self) -> None:
        """
        Without filters there are the rules alone.
        """
        front, _ = self.live(section("f"), events=False)
        _, back = self.live(section("b"), events=False)
        self.assertIs(backend_rules(front, back), back.request_rules)
        self.assertEqual(
            self.met(response_rules(front, back)),
            [
                "b tcp_response_content",
                "b http_response",
                "f tcp_response_content",
                "f http_response",
            ],
        )
        self.assertIsNone(response_rules(*self.live(model.Proxy("listen", "x"), events=False)))
