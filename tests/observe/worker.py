"""
A worker's state with a bit of everything, for tests of figures and consoles.
"""

from __future__ import annotations

from mwproxy.config import model
from mwproxy.core.addresses import Address
from mwproxy.core.levels import Level
from mwproxy.live.proxies import Backend, Frontend, WorkerState
from mwproxy.live.states import begin

START = 1000.0


class FakeListener:
    """
    A listener as the console sees it.
    """

    def __init__(self, bind: model.Bind) -> None:
        self.bind = bind
        self.current = 3


class FakeBalancer:
    """
    A balancer that takes notice.
    """

    tracks_load = False
    live_weights = True
    sticky = False

    def __init__(self) -> None:
        self.updates = 0

    def pick(self, stream: object, avoid: object = None) -> None:
        """
        Choose nobody.
        """

    def update(self) -> None:
        """
        Count.
        """
        self.updates += 1

    def load_changed(self, server: object) -> None:
        """
        Take no notice.
        """


def a_server(name: str, port: int, **settings: object) -> model.Server:
    """
    Describe a server.
    """
    return model.Server(
        name,
        Address("ipv4", "127.0.0.1", port),
        model.ServerSettings(**settings),  # type: ignore[arg-type]  # tests know the names
    )


def a_configuration() -> model.Configuration:
    """
    Describe a frontend C{fe}, a TCP C{listen} section C{tcpl} and a backend C{be1}.
    """
    fe = model.Proxy("frontend", "fe", number=1, mode="http", default_backend="be1")
    bind = model.Bind(Address("ipv4", "127.0.0.1", 8002), model.BindSettings(name="lis1"))
    tcpl = model.Proxy("listen", "tcpl", number=2, maxconn=77, binds=[bind])
    tcpl.options = {"socket-stats"}
    tcpl.servers = [a_server("t1", 9001)]
    be1 = model.Proxy("backend", "be1", number=3, mode="http")
    check = model.CheckSettings(enabled=True)
    be1.servers = [
        a_server("s1", 9002, weight=10, check=check, cookie="a"),
        a_server("s2", 9003, backup=True, disabled=True),
        a_server("s3", 9004, maxconn=5, maxqueue=9),
    ]
    settings = model.Global(maxconn=1000, node="here")
    settings.stats_sockets = [
        model.Bind(Address("unix", "/run/s"), model.BindSettings(level=Level.ADMIN)),
        model.Bind(Address("ipv4", "127.0.0.1", 8009), model.BindSettings()),
    ]
    return model.Configuration(global_=settings, proxies=[fe, tcpl, be1])


def a_worker() -> WorkerState:
    """
    Make it live.

    @return: The state, at L{START}.
    """
    state = WorkerState(a_configuration(), START, 1_700_000_000.0)
    for proxy in state.configuration.proxies:
        if proxy.has_frontend:
            frontend = state.frontends[proxy.name] = Frontend(proxy, state)
            frontend.listeners = [FakeListener(each) for each in proxy.binds]
        if proxy.has_backend:
            backend = state.backends[proxy.name] = Backend(proxy, state)
            begin(backend, START)
            backend.balancer = FakeBalancer()
    state.frontends["fe"].default_backend = state.backends["be1"]
    return state
