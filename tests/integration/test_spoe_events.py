"""
Which events a stream meets, in what order, and with what in one NOTIFY: HAProxy and mwproxy.
"""

from __future__ import annotations

from mwproxy.config.spoe_settings import EVENTS
from tests.integration.clients import Connection
from tests.integration.harness import Proxy
from tests.integration.origins import EchoOrigin
from tests.integration.spoe_agents import ScriptedAgent
from tests.integration.spoe_scene import ROUTED, SpoeTestCase, spoe_file

#: A message for each event, of its name.
EVERY = "\n".join(f"spoe-message {event}\n    event {event}" for event in EVENTS)
FRONTEND = """\
frontend web
    bind <listen:web>
    <front>
    default_backend pages
backend pages
    <back>
    server o <origin>
"""
LISTEN = """\
listen web
    bind <listen:web>
    <front>
    <back>
    server o <origin>
"""
FILTER = "filter spoe engine test config <spoe>"

#: What a request meets in HTTP mode, and a connection in TCP mode.
OF_A_REQUEST = [
    ("on-client-session",),
    ("on-frontend-tcp-request",),
    ("on-frontend-http-request",),
    ("on-backend-tcp-request",),
    ("on-backend-http-request",),
    ("on-server-session",),
    ("on-tcp-response",),
    ("on-http-response",),
]
OF_A_CONNECTION = [names for names in OF_A_REQUEST if "http" not in names[0]]


class EventsTests(SpoeTestCase):
    """
    Tests with HAProxy as the engine.
    """

    def every(
        self, sections: str = FRONTEND, front: str = "", back: str = "", mode: str = "http"
    ) -> tuple[ScriptedAgent, Proxy]:
        """
        Start a proxy that tells an agent of all events.
        """
        agent = self.scripted()
        if mode == "http":
            origin = self.origin().address
        else:
            echo = EchoOrigin()
            self.addCleanup(echo.stop)
            origin = echo.address
        proxy = self.web(
            spoe_file(EVERY, "messages " + " ".join(EVENTS)),
            agent.address,
            config=ROUTED,
            sections=sections,
            mode=mode,
            front=front,
            back=back,
            origin=origin,
        )
        return agent, proxy

    def requests(self, agent: ScriptedAgent, proxy: Proxy) -> list[list[tuple[str, ...]]]:
        """
        Ask twice over one connection.

        @return: The NOTIFY frames of each request.
        """
        connection = Connection(proxy.port("web"))
        seen = []
        for _ in range(2):
            agent.notified.clear()
            self.assertEqual(connection.ask().status, 200)
            seen.append(agent.names)
        connection.close()
        return seen

    def test_frontend(self) -> None:
        """
        A filter of a frontend meets the events of the backend too, those of sessions with each
        request.
        """
        agent, proxy = self.every(front=FILTER)
        self.assertEqual(self.requests(agent, proxy), [OF_A_REQUEST, OF_A_REQUEST])
        events = [line.split(">")[0].partition(":on-")[2] for line in self.logged(proxy, 16)]
        self.assertEqual(events, 2 * [name[0].removeprefix("on-") for name in OF_A_REQUEST])

    def test_backend(self) -> None:
        """
        A filter of a backend meets what happens there.
        """
        agent, proxy = self.every(back=FILTER)
        expected = OF_A_REQUEST[3:]
        self.assertEqual(self.requests(agent, proxy), [expected, expected])

    def test_both(self) -> None:
        """
        With filters in both, the frontend's comes first, event by event.
        """
        agent, proxy = self.every(front=FILTER, back=FILTER)
        expected = OF_A_REQUEST[:3] + [names for names in OF_A_REQUEST[3:] for _ in range(2)]
        self.assertEqual(self.requests(agent, proxy), [expected, expected])

    def test_listen(self) -> None:
        """
        In a C{listen} section the events of both sides come at once.
        """
        agent, proxy = self.every(LISTEN, FILTER)
        expected = [
            ("on-client-session",),
            ("on-frontend-tcp-request", "on-backend-tcp-request"),
            ("on-frontend-http-request", "on-backend-http-request"),
            ("on-server-session",),
            ("on-tcp-response",),
            ("on-http-response",),
        ]
        self.assertEqual(self.requests(agent, proxy), [expected, expected])
        self.assertIn("<EVENT:on-frontend-tcp-request>", self.logged(proxy, 6)[1])

    def connection(self, agent: ScriptedAgent, proxy: Proxy) -> list[tuple[str, ...]]:
        """
        Send and receive twice over one connection.

        @return: The NOTIFY frames.
        """
        connection = Connection(proxy.port("web"))
        for data in (b"one", b"two"):
            connection.send(data)
            self.assertEqual(connection.receive_exactly(3), data)
        connection.close()
        return agent.names

    def test_tcp_frontend(self) -> None:
        """
        In TCP mode each event comes once for a connection.
        """
        agent, proxy = self.every(front=FILTER, mode="tcp")
        self.assertEqual(self.connection(agent, proxy), OF_A_CONNECTION)

    def test_tcp_backend(self) -> None:
        """
        Those of a backend likewise.
        """
        agent, proxy = self.every(back=FILTER, mode="tcp")
        self.assertEqual(self.connection(agent, proxy), OF_A_CONNECTION[2:])

    def test_tcp_both(self) -> None:
        """
        The frontend's filter first, event by event.
        """
        agent, proxy = self.every(front=FILTER, back=FILTER, mode="tcp")
        expected = OF_A_CONNECTION[:2] + [names for names in OF_A_CONNECTION[2:] for _ in range(2)]
        self.assertEqual(self.connection(agent, proxy), expected)

    def test_tcp_listen(self) -> None:
        """
        In a C{listen} section the requests of both sides come at once.
        """
        agent, proxy = self.every(LISTEN, FILTER, mode="tcp")
        expected = [
            ("on-client-session",),
            ("on-frontend-tcp-request", "on-backend-tcp-request"),
            ("on-server-session",),
            ("on-tcp-response",),
        ]
        self.assertEqual(self.connection(agent, proxy), expected)

    def test_wrong_side(self) -> None:
        """
        Events of frontends in a filter of a backend are warned of.
        """
        _, proxy = self.every(back=FILTER)
        file = proxy.values["spoe"]
        lines = EVERY.splitlines()
        first = (proxy.directory / "spoe.cfg").read_text().splitlines().index(lines[0]) + 1
        for number, event in enumerate(EVENTS):
            text = f"Proxy 'pages': frontend event used on a backend proxy at {file}:"
            wrong = event == "on-client-session" or "frontend" in event
            self.assertEqual(f"{text}{first + 2 * number}." in proxy.output, wrong, event)


class MwproxyEventsTests(EventsTests):
    """
    The same with mwproxy.
    """

    product = "mwproxy"
