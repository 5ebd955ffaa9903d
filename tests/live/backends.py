"""
Live backends to test with.
"""

from __future__ import annotations

from typing import Any

from mwproxy.balance.farm import make_balancer
from mwproxy.config import model
from mwproxy.core.addresses import parse_address
from mwproxy.core.diagnostics import Severity, Where
from mwproxy.live import states
from mwproxy.live.proxies import Backend, WorkerState
from mwproxy.live.servers import Server

START = 1000.0


class Client:
    """
    As much of a stream and its session as balance algorithms look at.
    """

    def __init__(self, host: str = "192.0.2.1") -> None:
        self.session = self
        self.client_host = host


def make_section(*servers: dict[str, Any], **attributes: Any) -> model.Proxy:
    """
    Describe a backend C{be1}.

    @param servers: Settings of C{s1}, C{s2}, …; C{address} and C{check} (a dictionary) apart.

    @param attributes: Attributes of the section.
    """
    section = model.Proxy("backend", "be1")
    for name, value in attributes.items():
        setattr(section, name, value)
    for position, settings in enumerate(servers, 1):
        words = dict(settings)
        address = parse_address(words.pop("address", f"127.0.0.{position}:80"), default_port=0)
        check = words.pop("check", None)
        made = model.ServerSettings(**words)
        if check is not None:
            made.check = model.CheckSettings(enabled=True, **check)
        where = Where("test.cfg", position)
        section.servers.append(model.Server(f"s{position}", address, made, where))
    return section


def make_backend(*servers: dict[str, Any], **attributes: Any) -> Backend:
    """
    Make a live backend C{be1} with a balancer, see L{make_section}.

    @return: The backend; what is said of it is in C{said(backend)}.
    """
    state = WorkerState(model.Configuration(), START, 0.0)
    backend = Backend(make_section(*servers, **attributes), state)
    state.backends[backend.name] = backend
    states.begin(backend, START)
    make_balancer(backend)
    return backend


def picks(backend: Backend, count: int, host: str = "192.0.2.1") -> list[str]:
    """
    Pick servers that end their streams at once.

    @return: Their names, C{-} for none.
    """
    names = []
    for _ in range(count):
        server = backend.balancer.pick(Client(host))
        names.append(server.name if server is not None else "-")
    return names


def take(backend: Backend, avoid: Server | None = None) -> Server | None:
    """
    Pick a server and put a stream on it.
    """
    server = backend.balancer.pick(Client(), avoid)
    if server is not None:
        server.current += 1
        backend.balancer.load_changed(server)
    return server


def give_back(server: Server) -> None:
    """
    End a stream.
    """
    server.current -= 1
    server.backend.balancer.load_changed(server)


def listen(backend: Backend) -> tuple[list[str], list[tuple[int, str]]]:
    """
    Note what is printed and logged.

    @return: Lists that are filled: texts with their label, and log lines with their level.
    """
    printed: list[str] = []
    logged: list[tuple[int, str]] = []

    def say(severity: Severity, text: str) -> None:
        printed.append(f"{severity.value}: {text}")

    backend.worker.say = say
    backend.log = lambda level, line: logged.append((level, line.decode()))
    return printed, logged
