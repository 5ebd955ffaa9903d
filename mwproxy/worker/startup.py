"""
What a worker does between the order and READY: read the files, check them, say what sockets it
needs.

Nothing here waits but for listening sockets. Each failure is said in HAProxy's words and ends the
attempt with an exit status (L{StartFailed}).
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from typing import TYPE_CHECKING

import mwproxy.rules.compiler  # noqa: F401  # installs itself as the rule compiler
from mwproxy.config import loader
from mwproxy.config.model import Bind, Configuration, Proxy
from mwproxy.config.processes import fit_processes
from mwproxy.core.diagnostics import Diagnostic, Diagnostics, Severity
from mwproxy.core.families import PACKAGES
from mwproxy.core.references import forget_references
from mwproxy.core.registry import load_family
from mwproxy.process.environment import OwnEnvironment, stats_variable
from mwproxy.process.sockets import ListenerSpec
from mwproxy.worker.build import apply_options
from mwproxy.worker.host import Host
from mwproxy.worker.order import Order

if TYPE_CHECKING:
    from mwproxy.net.trace import Trace

#: The families that are not imported by whoever uses them.
_FAMILIES = ("balances", "keywords", "health_checks", "worker_commands")
DEFAULT_BACKLOG = 1024


class StartFailed(Exception):
    """
    The worker cannot start; everything was said already.

    @ivar status: The exit status.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"exit status {status}")
        self.status = status


def import_everything() -> None:
    """
    Import all that a worker will need, so that a standby has nothing left to import.
    """
    for family in _FAMILIES:
        load_family(PACKAGES[family])


def read_configuration(order: Order, host: Host) -> tuple[Configuration, Diagnostics]:
    """
    Read and check the files.

    @param order: What to become.

    @param host: Gets the messages.

    @return: The description, not sealed yet, and the messages.

    @raise StartFailed: It cannot be used.
    """
    pid = os.getpid()
    quiet = bool(order.options.get("quiet"))

    def emit(message: Diagnostic) -> None:
        # What is not fatal is the same for all of several processes.
        if not quiet and (order.process == 1 or message.severity is Severity.ALERT):
            host.say(message.render(pid))

    def read(name: str) -> bytes:
        return order.contents[name] if name in order.contents else loader.read_file(name)

    diagnostics = Diagnostics(emit)
    forget_references()
    import_everything()
    if order.directory:
        os.chdir(order.directory)
    values = dict(order.environment)
    values["HAPROXY_LOCALPEER"] = order.options.get("localpeer") or socket.gethostname()
    environment = OwnEnvironment(values) if host.owns_environment else values
    configuration = loader.load(
        order.files,
        environment,
        diagnostics,
        diag=bool(order.options.get("diagnostics")),
        read=read,
        mark=order.mark,
    )
    if diagnostics.errors:
        raise StartFailed(1)
    fit_processes(configuration, order.processes, diagnostics)
    zero_warning = configuration.global_.zero_warning or order.options.get("zero_warning")
    if zero_warning and diagnostics.warnings:
        diagnostics.alert("Some warnings were found and 'zero-warning' is set. Aborting.")
        raise StartFailed(1)
    apply_options(configuration, order.options)
    environment["HAPROXY_CFGFILES"] = ";".join(order.files)
    consoles = stats_variable(configuration.global_.stats_sockets)
    if consoles:
        environment["HAPROXY_CLI"] = consoles
    return configuration, diagnostics


def enabled_binds(configuration: Configuration, process: int) -> list[tuple[Proxy, Bind]]:
    """
    List the listeners of one process.

    @param configuration: The description.

    @param process: The process's relative number.

    @return: Each with its section.
    """
    found = []
    for proxy in configuration.proxies:
        if proxy.disabled or not proxy.has_frontend:
            continue
        if proxy.processes and process not in proxy.processes:
            continue
        for bind in proxy.binds:
            if not bind.settings.processes or process in bind.settings.processes:
                found.append((proxy, bind))
    return found


def listener_spec(bind: Bind, proxy: Proxy | None, *, reuseport: bool) -> ListenerSpec:
    """
    Say what socket a C{bind} or C{stats socket} line needs.

    @param bind: The line.

    @param proxy: Its section, L{None} for C{stats socket}.

    @param reuseport: Whether another process may bind the same port.

    @return: What the host is asked for.
    """
    address = bind.address
    settings = bind.settings
    backlog = settings.backlog
    if backlog is None and proxy is not None:
        backlog = proxy.backlog or proxy.maxconn
    v6only: bool | None = None
    if settings.v4v6 is not None:
        v6only = not settings.v4v6
    return ListenerSpec(
        address.family,
        address.host,
        address.port,
        interface=settings.interface,
        backlog=backlog or DEFAULT_BACKLOG,
        v6only=v6only,
        mode=settings.socket_mode,
        uid=settings.uid,
        gid=settings.gid,
        reuseport=reuseport,
    )


def protocol_name(bind: Bind) -> str:
    """
    Name the protocol of a listener as messages do.
    """
    family = bind.address.family
    return {"ipv4": "tcpv4", "ipv6": "tcpv6", "unix": "unix_stream"}.get(family, family)


def start_trace(order: Order) -> Trace | None:
    """
    Make what C{-d} wants: a trace of all traffic on standard output.

    @param order: The order.

    @return: L{None} without C{-d}.
    """
    if not order.options.get("debug"):
        return None
    from mwproxy.net.trace import Trace

    def write(text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.write(text)
            sys.stdout.flush()

    return Trace(write)
