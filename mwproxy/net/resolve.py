"""
Where servers are: their addresses are found once, when the configuration is loaded.

Names are asked of the C library, as C{init-addr} says (configuration manual 5.2); that blocks, as
in HAProxy. There is no server-state file, so the method C{last} finds nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

from mwproxy.core.addresses import Address
from mwproxy.core.diagnostics import Diagnostics
from mwproxy.live.proxies import WorkerState
from mwproxy.live.servers import Admin, Operational, Server

#: What C{connect} takes, and the C{AF_} constant.
Place = tuple[Any, int]

_DEFAULT_METHODS = ("last", "libc")
#: Bytes of C{sun_path} behind the NUL that marks an abstract name.
_ABSTRACT_ROOM = 107


class CannotResolve(Exception):
    """
    There is no address for a name.
    """


def place_of(address: Address, family: int = socket.AF_UNSPEC) -> Place:
    """
    Find out what to connect to.

    @param address: An address of any family but C{fd} and C{sockpair}.

    @param family: Of which family the address of a name has to be.

    @return: What C{connect} takes and its family.

    @raise CannotResolve: Its name has no address, or it is nothing to connect to.
    """
    if address.family == "ipv4":
        return (address.host, address.port), socket.AF_INET
    if address.family == "ipv6":
        return (address.host, address.port, 0, 0), socket.AF_INET6
    if address.family == "unix":
        return address.host, socket.AF_UNIX
    if address.family == "abns":
        return "\0" + address.host + "\0" * (
            _ABSTRACT_ROOM - len(address.host.encode())
        ), socket.AF_UNIX
    if address.family == "abnsz":
        return "\0" + address.host, socket.AF_UNIX
    if address.family != "name":
        raise CannotResolve(f"nothing can connect to '{address}'")
    try:
        found = socket.getaddrinfo(address.host, address.port, family, socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise CannotResolve(f"could not resolve address '{address.host}'") from None
    return found[0][4], found[0][0]


def resolve_servers(
    state: WorkerState,
    diagnostics: Diagnostics,
    *,
    ignore_failures: bool = False,
    family: int = socket.AF_UNSPEC,
) -> None:
    """
    Find the addresses of all servers and of their checks.

    @param state: The live state; C{sockaddr} and C{family} of its servers are set. To be called
        before L{mwproxy.live.states.begin}.

    @param diagnostics: Where failures are told.

    @param ignore_failures: True (C{-dr}) to start servers without address in maintenance.

    @param family: The only family that names are asked for (C{-4}).
    """
    known: dict[tuple[str, int], Place | None] = {}
    failed = False
    for backend in state.backends.values():
        for server in backend.servers:
            if not _resolve_server(server, known, diagnostics, ignore_failures, family):
                failed = True
            if not _resolve_check(server, diagnostics, family):
                failed = True
    if failed:
        diagnostics.alert("config : Failed to initialize server(s) addr.")


def resolve_added(server: Server) -> None:
    """
    Find the address of a server that the console has added. Names are not asked for, which would
    block the traffic: such a server stays in maintenance until the console gives it an address.

    @param server: The server; its C{sockaddr} and C{family} are set.
    """
    address = server.description.address
    if address.family == "name":
        _disable(server)
    else:
        server.sockaddr, server.family = place_of(address)
    check = server.description.settings.check.address
    if check is not None:
        server.check_sockaddr, server.check_family = place_of(check)


def _resolve_server(
    server: Server,
    known: dict[tuple[str, int], Place | None],
    diagnostics: Diagnostics,
    ignore_failures: bool,
    family: int,
) -> bool:
    line = server.description
    address = line.address
    if address.family != "name":
        try:
            server.sockaddr, server.family = place_of(address)
        except CannotResolve as error:
            diagnostics.alert(f"{_said_of(server)} : {error}.")
            return False
        return True
    at = _said_of(server)
    asked = False
    methods = line.settings.init_addr or _DEFAULT_METHODS
    for method in (*methods, "none") if ignore_failures else methods:
        if method == "last":
            continue
        if method == "libc":
            asked = True
            found = _ask(address, known, family)
            if found is None:
                continue
            server.sockaddr, server.family = found
            return True
        if method == "none":
            _disable(server)
            if asked:
                diagnostics.warning(
                    f"{at} : could not resolve address '{address.host}', disabling server."
                )
            return True
        server.sockaddr, server.family = _configured(method, address.port)
        if asked:
            diagnostics.warning(
                f"{at} : could not resolve address '{address.host}', "
                "falling back to configured address."
            )
        return True
    diagnostics.alert(f"{at} : could not resolve address '{address.host}'.")
    return False


def _resolve_check(server: Server, diagnostics: Diagnostics, family: int) -> bool:
    line = server.description
    address = line.settings.check.address
    if address is None:
        return True
    try:
        server.check_sockaddr, server.check_family = place_of(address, family)
    except CannotResolve as error:
        diagnostics.alert(f"{_said_of(server)} : 'addr' : {error}.")
        return False
    return True


def _said_of(server: Server) -> str:
    where = server.description.where
    return f"config : [{where}] : 'server {server.backend.name}/{server.name}'"


def _ask(address: Address, known: dict[tuple[str, int], Place | None], family: int) -> Place | None:
    question = (address.host, address.port)
    if question not in known:
        try:
            known[question] = place_of(address, family)
        except CannotResolve:
            known[question] = None
    return known[question]


def _configured(text: str, port: int) -> Place:
    return place_of(Address(f"ipv{ipaddress.ip_address(text).version}", text, port))


def _disable(server: Server) -> None:
    server.admin |= Admin.RESOLUTION_MAINT
    server.operational = Operational.STOPPED
    server.refresh_usable()
