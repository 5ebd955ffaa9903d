"""
The environment that workers and programs start from, and the variables that HAProxy predefines.

Everything starts from the copy that the first process was started with; names that only
concern the service manager or our own machinery are taken out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mwproxy import __version__
from mwproxy.core.addresses import parse_address
from mwproxy.core.values import BadValue
from mwproxy.process.settings import REEXEC_VARIABLE

#: The HAProxy release whose configuration language is followed.
COMPATIBLE_BRANCH = "3.2"

HIDDEN = frozenset(
    (
        "NOTIFY_SOCKET",
        "WATCHDOG_PID",
        "WATCHDOG_USEC",
        "LISTEN_PID",
        "LISTEN_FDS",
        "LISTEN_FDNAMES",
        "HAPROXY_MWORKER_REEXEC",
        "HAPROXY_MWORKER_WAIT_ONLY",
        "HAPROXY_PROCESSES",
        "HAPROXY_MASTER_CLI",
        "HAPROXY_CLI",
        "HAPROXY_CFGFILES",
        "HAPROXY_MWORKER",
        REEXEC_VARIABLE,
    )
)


def initial_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """
    Take the copy that children start from.

    @param environment: As the process was started.

    @return: Without what must not reach children.
    """
    return {name: value for name, value in environment.items() if name not in HIDDEN}


def predefine(
    initial: Mapping[str, str],
    *,
    master: bool,
    files: Iterable[str] = (),
    startup_version: str = __version__,
) -> dict[str, str]:
    """
    Add HAProxy's predefined variables.

    @param initial: From L{initial_environment}.

    @param master: Whether a master runs.

    @param files: The loaded files, empty while the first is still being read.

    @param startup_version: What the process was started as, before any upgrade.

    @return: The environment that configuration is read with.
    """
    environment = dict(initial)
    environment["HAPROXY_STARTUP_VERSION"] = startup_version
    environment["HAPROXY_BRANCH"] = COMPATIBLE_BRANCH
    if master:
        environment["HAPROXY_MWORKER"] = "1"
    joined = ";".join(files)
    if joined:
        environment["HAPROXY_CFGFILES"] = joined
    return environment


def console_variable(sockets: Iterable[str]) -> str:
    """
    Make the value of C{HAPROXY_MASTER_CLI}.

    @param sockets: The C{-S} options as given.

    @return: Addresses in HAProxy's form, joined by semicolons in reverse order; empty for none.
    """
    found = []
    for option in sockets:
        text = option.split(",", 1)[0]
        try:
            address = parse_address(text)
        except BadValue:
            continue
        if address.family == "unix":
            found.append(f"unix@{address.host}")
        elif address.family == "ipv6":
            found.append(f"ipv6@[{address.host}]:{address.port}")
        elif address.family in ("ipv4", "name"):
            found.append(f"ipv4@{address.host}:{address.port}")
        else:
            found.append(str(address))
    return ";".join(reversed(found))
