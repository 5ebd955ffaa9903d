"""
Tests for L{mwproxy.stream.routing}.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mwproxy.config import model
from mwproxy.core.diagnostics import NOWHERE
from mwproxy.live.proxies import Backend, Frontend, WorkerState
from mwproxy.live.sessions import Stream
from mwproxy.stream.routing import Route, Router, is_http, seconds
from tests.rules.streams import make_stream


def live(
    front: dict[str, Any] | None = None, *backs: dict[str, Any]
) -> tuple[Frontend, dict[str, Backend]]:
    """
    Make a frontend C{f} and backends C{b0}, C{b1}, … with the given attributes.
    """
    state = WorkerState(model.Configuration(), 0.0, 0.0)
    frontend = Frontend(model.Proxy("frontend", "f", **(front or {})), state)
    backends = {
        f"b{number}": Backend(model.Proxy("backend", f"b{number}", **attributes), state)
        for number, attributes in enumerate(backs)
    }
    return frontend, backends


class RouteTests(SynchronousTestCase):
    """
    Tests for L{Route}.
    """

    def route(self, front: dict[str, Any] | None = None, **back: Any) -> Route:
        """
        Make a route from a frontend to a backend.
        """
        frontend, backends = live(front, back)
        return Route(frontend, backends["b0"])

    def test_no_timeouts(self) -> None:
        """
        What is not configured is not limited.
        """
        route = self.route()
        self.assertEqual(
            (
                route.client_timeout,
                route.server_timeout,
                route.connect_timeout,
                route.queue_timeout,
                route.tunnel_timeout,
            ),
            (inf,) * 5,
        )

    def test_timeouts(self) -> None:
        """
        C{queue} falls back to C{connect}, C{tunnel} to the shorter of C{client} and C{server}.
        """
        front = {"timeouts": model.Timeouts(client=1000)}
        route = self.route(front, timeouts=model.Timeouts(server=2000, connect=3000))
        self.assertEqual((route.queue_timeout, route.tunnel_timeout), (3.0, 1.0))
        route = self.route(front, timeouts=model.Timeouts(queue=0, tunnel=9000, connect=3000))
        self.assertEqual((route.queue_timeout, route.tunnel_timeout), (inf, 9.0))
        route = self.route({"timeouts": model.Timeouts(tunnel=4000)})
        self.assertEqual(route.tunnel_timeout, 4.0)

    def test_close_mode(self) -> None:
        """
        The stricter of both sections counts.
        """
        for front, back, expected in (
            ("keep-alive", "keep-alive", "keep-alive"),
            ("server-close", "keep-alive", "server-close"),
            ("server-close", "close", "close"),
        ):
            route = self.route({"close_mode": front}, close_mode=back)
            self.assertEqual(route.close_mode, expected)
            self.assertEqual(route.plain, expected == "keep-alive")
            self.assertEqual(route.says_close, expected != "keep-alive")
        pretend = self.route(close_mode="close", options={"http-pretend-keepalive"})
        self.assertFalse(pretend.says_close)

    def test_rules(self) -> None:
        """
        The backend's rules for responses come before those of the frontend; a section that is
        both has its rules once.
        """

        called = []

        def one(stream: object) -> None:
            called.append("one")

        def two(stream: object) -> None:
            called.append("two")

        http = {"mode": "http"}
        route = self.route(
            {"http_response": two} | http, http_response=one, http_request=one, mode="http"
        )
        assert route.response_rules is not None
        route.response_rules(None)
        self.assertEqual(called, ["one", "two"])
        self.assertIs(route.request_rules, one)
        self.assertTrue(route.keeps)
        state = WorkerState(model.Configuration(), 0.0, 0.0)
        both = model.Proxy("listen", "l", mode="http", http_request=one, http_response=two)
        route = Route(Frontend(both, state), Backend(both, state))
        self.assertEqual((route.response_rules, route.request_rules), (two, None))

    def test_rules_of_another_mode(self) -> None:
        """
        Rules for HTTP say nothing to streams of TCP mode.
        """
        route = self.route(http_response=bool, http_request=bool)
        self.assertEqual((route.response_rules, route.request_rules), (None, None))

    def test_forwardfor(self) -> None:
        """
        The backend's C{option forwardfor} wins over the frontend's.
        """
        one, two = (b"one", (), False), (b"two", (), False)
        self.assertEqual(self.route({"forwardfor": one}).forwardfor, one)
        self.assertEqual(self.route({"forwardfor": one}, forwardfor=two).forwardfor, two)

    def test_reuse(self) -> None:
        """
        C{http-reuse} decides who shares idle connections.
        """
        for reuse, first, pools in (
            ("never", False, False),
            ("safe", False, True),
            ("aggressive", False, True),
            ("always", True, True),
        ):
            route = self.route(reuse=reuse)
            self.assertEqual((route.reuses_first, route.pools), (first, pools))

    def test_options(self) -> None:
        """
        Some options are worked out once.
        """
        route = self.route(options={"abortonclose", "prefer-last-server"}, redispatch=-1)
        self.assertTrue(route.watches_client and route.stays)
        self.assertEqual((route.redispatch_each, route.retries), (-1, 3))

    def test_seconds(self) -> None:
        """
        Neither nothing nor 0 is a limit.
        """
        self.assertEqual([seconds(each) for each in (None, 0, 1500)], [inf, inf, 1.5])

    def test_is_http(self) -> None:
        """
        The mode tells.
        """
        self.assertEqual(
            [is_http(model.Proxy("frontend", "f", mode=mode)) for mode in ("http", "tcp")],
            [True, False],
        )


class RouterTests(SynchronousTestCase):
    """
    Tests for L{Router}.
    """

    def setUp(self) -> None:
        self.stream = make_stream()

    def choose(
        self,
        *switches: tuple[str, Callable[[Stream], bool] | None, Callable[[Stream], bytes] | None],
        default: str = "b0",
    ) -> str | None:
        """
        Choose a backend.

        @param switches: Target, condition and computed name of C{use_backend} lines.
        """
        lines = [
            model.Switch(target, dynamic, condition, NOWHERE)
            for target, condition, dynamic in switches
        ]
        frontend, backends = live({"use_backend": lines}, {}, {}, {})
        frontend.default_backend = backends.get(default)
        route = Router(frontend, backends).choose(self.stream)
        return None if route is None else route.backend.name

    def test_only_one(self) -> None:
        """
        Without conditions there is nothing to choose.
        """
        frontend, backends = live(None, {})
        frontend.default_backend = backends["b0"]
        router = Router(frontend, backends)
        assert router.only is not None
        self.assertIs(router.choose(self.stream), router.only)
        self.assertIs(router.route(backends["b0"]), router.only)

    def test_first_that_holds(self) -> None:
        """
        The first line whose condition holds decides, else the default.
        """
        no, yes = (lambda stream: False), (lambda stream: True)
        self.assertEqual(self.choose(("b1", no, None), ("b2", yes, None)), "b2")
        self.assertEqual(self.choose(("b1", None, None), ("b2", yes, None)), "b1")
        self.assertEqual(self.choose(("b1", no, None)), "b0")

    def test_none(self) -> None:
        """
        There may be none.
        """
        self.assertIsNone(self.choose(default=""))
        self.assertIsNone(self.choose(("b1", lambda stream: False, None), default=""))

    def test_computed(self) -> None:
        """
        A computed name chooses if it is known; if not, the next line is asked.
        """
        self.assertEqual(self.choose(("%x", None, lambda stream: b"b2")), "b2")
        self.assertEqual(self.choose(("%x", None, lambda stream: b"b9"), ("b1", None, None)), "b1")

    def test_disabled(self) -> None:
        """
        A backend that is not live (disabled) leaves the default.
        """
        self.assertEqual(self.choose(("gone", None, None), ("b1", None, None)), "b0")
