"""
The environment that workers and programs start from, and the variables that HAProxy predefines.

Everything starts from the copy that the first process was started with; names that only
concern the service manager or our own machinery are taken out.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mwproxy import __version__
from mwproxy.core.addresses import Address, parse_address
from mwproxy.core.values import BadValue
from mwproxy.process.settings import REEXEC_VARIABLE

if TYPE_CHECKING:
    from mwproxy.config.model import Bind

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


class OwnEnvironment(dict[str, str]):
    """
    The environment of this very process, as a dictionary: what is changed here is changed there, so
    that the configuration's C{setenv} reaches whoever looks later.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        """
        @param values: What the environment becomes, whole.
        """
        super().__init__()
        os.environ.clear()
        self.update(values)

    def __setitem__(self, name: str, value: str) -> None:
        super().__setitem__(name, value)
        # Names that the system cannot have are known to the configuration alone.
        with contextlib.suppress(OSError, ValueError):
            os.environ[name] = value

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        os.environ.pop(name, None)

    def setdefault(self, name: str, default: str = "") -> str:
        """
        Set a variable unless it is set.
        """
        if name not in self:
            self[name] = default
        return self[name]

    def pop(self, name: str, default: Any = None) -> Any:
        """
        Remove a variable.

        @return: Its value.
        """
        if name not in self:
            return default
        value = self[name]
        del self[name]
        return value

    def update(self, values: Mapping[str, str]) -> None:  # type: ignore[override]  # of one kind
        """
        Set variables.
        """
        for name, value in values.items():
            self[name] = value


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
            found.append(_spelled(parse_address(text)))
        except BadValue:
            continue
    return ";".join(reversed(found))


def stats_variable(binds: Iterable[Bind]) -> str:
    """
    Make the value of C{HAPROXY_CLI}.

    @param binds: The C{stats socket} lines.

    @return: Addresses in HAProxy's form, joined by semicolons in their order; empty for none.
    """
    return ";".join(_spelled(bind.address) for bind in binds)


def _spelled(address: Address) -> str:
    if address.family == "unix":
        return f"unix@{address.host}"
    if address.family == "ipv6":
        return f"ipv6@[{address.host}]:{address.port}"
    if address.family in ("ipv4", "name"):
        return f"ipv4@{address.host}:{address.port}"
    return str(address)
