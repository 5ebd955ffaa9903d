"""
Where an expression stands: what it may use, and what is checked when all files are read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from mwproxy.core.diagnostics import NOWHERE, Diagnostics, Where
from mwproxy.live.patterns import keep_book

CONNECTION = frozenset({"connection", "internal"})
REQUEST = frozenset({"connection", "internal", "request"})
RESPONSE = frozenset({"connection", "internal", "backend", "server", "response"})
LOG = frozenset({"connection", "internal", "backend", "server", "response", "log"})
EVERY = REQUEST | RESPONSE | LOG
#: What has a value in TCP mode too.
WITHOUT_HTTP = frozenset({"connection", "internal", "backend", "server"})

#: What messages call a phase that is missing.
NEEDS = {
    "request": "HTTP request headers",
    "response": "HTTP response",
    "backend": "backend",
    "server": "server",
}


@dataclass(frozen=True, slots=True)
class Reference:
    """
    A name of a proxy or server that an argument gives.

    @ivar kind: C{"backend"}, C{"frontend"} or C{"server"}.

    @ivar keyword: Who refers to it, for the message.

    @ivar where: The line; C{owner} is the proxy it stands in.
    """

    kind: str
    name: str
    keyword: str
    owner: str
    where: Where


@dataclass(slots=True)
class Context:
    """
    One place in the configuration that is being compiled.

    @ivar proxy: The section's model.

    @ivar phases: What has a value here, see L{REQUEST} and its siblings.

    @ivar place: What messages call the place, such as C{"frontend http-request header rule"}.

    @ivar response: True where C{hdr} means the response's headers.

    @ivar ruleset: C{"tcp-request content"} or the like, empty for any other place.

    @ivar used: What is used there: fetches and named ACLs as messages call them, and where these
        have a value. Only noted where C{ruleset} is set.
    """

    proxy: Any
    where: Where = NOWHERE
    diagnostics: Diagnostics = field(default_factory=Diagnostics)
    phases: frozenset[str] = EVERY
    place: str = ""
    response: bool = False
    ruleset: str = ""
    used: list[tuple[str, frozenset[str]]] = field(default_factory=list)

    def refer(self, kind: str, name: str, keyword: str) -> None:
        """
        Note a name that must exist once all files are read.
        """
        owner = getattr(self.proxy, "name", "")
        pending(self.diagnostics).append(Reference(kind, name, keyword, owner, self.where))


_pending: WeakKeyDictionary[Diagnostics, list[Reference]] = WeakKeyDictionary()


def pending(diagnostics: Diagnostics) -> list[Reference]:
    """
    Get the names noted during one attempt to load a configuration.

    @return: The list itself.
    """
    return _pending.setdefault(diagnostics, [])


def check_references(configuration: Any, diagnostics: Diagnostics) -> None:
    """
    Alert of names of backends, frontends and servers that do not exist; let the configuration have
    the patterns that were read for it.

    @param configuration: The L{Configuration<mwproxy.config.model.Configuration>}.
    """
    keep_book(diagnostics, configuration)
    for reference in pending(diagnostics):
        problem = _missing(configuration, reference)
        if problem:
            diagnostics.alert(problem, reference.where)
    pending(diagnostics).clear()


def _missing(configuration: Any, reference: Reference) -> str:
    tail = f"referenced in arg 1 of keyword '{reference.keyword}' in proxy '{reference.owner}'"
    wanted = reference.name
    server = ""
    if reference.kind == "server":
        wanted, _slash, server = reference.name.rpartition("/")
        wanted = wanted or reference.owner
    front = reference.kind == "frontend"
    for proxy in configuration.proxies:
        if proxy.name == wanted and (proxy.has_frontend if front else proxy.has_backend):
            if server and all(known.name != server for known in proxy.servers):
                return f"unable to find server '{server}' in proxy '{wanted}', {tail}."
            if server:
                proxy.referred.add(server)
            return ""
    known = any(proxy.name == wanted for proxy in configuration.proxies)
    if known:
        side = "frontend" if front else "backend"
        return f"proxy '{wanted}', {tail}, has not {side} capability."
    kind = "proxy" if reference.kind == "server" else reference.kind
    return f"unable to find {kind} '{wanted}' {tail}."
