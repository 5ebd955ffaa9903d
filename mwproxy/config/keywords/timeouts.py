"""
The C{timeout} keywords, and the old spellings that HAProxy refuses too.
"""

from __future__ import annotations

import dataclasses

from mwproxy.config import model
from mwproxy.config.line import Line
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import PROXY, keyword
from mwproxy.core.values import BadValue, parse_time_ms


def _store(line: Line, proxy: model.Proxy, slot: str, missing_in: str = "") -> None:
    """
    Read the value and put it in its place.

    @param slot: Its name in L{model.Timeouts}.

    @param missing_in: The kind of section where it has no effect; empty for none.
    """
    if not line.args:
        raise ConfigError(f"'{line.name}' expects an integer value (in milliseconds)")
    text = line.args[0]
    if len(line.args) > 1:
        raise ConfigError(
            f"'{line.name}' : unexpected extra argument '{line.args[1]}' after value '{text}'."
        )
    try:
        value = parse_time_ms(text)
    except BadValue as error:
        if str(error).startswith("timer overflow"):
            raise ConfigError(
                f"timer overflow in argument '{text}' to '{line.name}' "
                "(maximum value is 2147483647 ms or ~24.8 days)"
            ) from None
        raise ConfigError(f"{error} in '{line.name}'") from None
    if proxy.kind == missing_in:
        other = "backend" if missing_in == "frontend" else "frontend"
        line.warning(
            f"'{line.name}' will be ignored because {proxy.kind} '{proxy.name}' "
            f"has no {other} capability"
        )
    mark = (proxy.kind, proxy.name, slot)
    before = proxy.timeouts
    if mark in before.written and proxy.kind != "defaults" and getattr(before, slot) != value:
        line.warning(f"overwriting '{line.name}' which was already specified")
    after = dataclasses.replace(before, written=before.written | {mark})
    # HAProxy keeps 0 as "no limit", which is what None says here.
    setattr(after, slot, value or None)
    proxy.timeouts = after


@keyword("timeout client", sections=PROXY, high=None, syntax="<timeout>")
def kw_timeout_client(line: Line, proxy: model.Proxy) -> None:
    """
    Limit the inactivity of clients.
    """
    _store(line, proxy, "client", "backend")


@keyword("timeout server", sections=PROXY, high=None, syntax="<timeout>")
def kw_timeout_server(line: Line, proxy: model.Proxy) -> None:
    """
    Limit the inactivity of servers.
    """
    _store(line, proxy, "server", "frontend")


@keyword("timeout connect", sections=PROXY, high=None, syntax="<timeout>")
def kw_timeout_connect(line: Line, proxy: model.Proxy) -> None:
    """
    Limit the time a connection to a server may take.
    """
    _store(line, proxy, "connect", "frontend")


@keyword("timeout queue", sections=PROXY, high=None, syntax="<timeout>")
def kw_timeout_queue(line: Line, proxy: model.Proxy) -> None:
    """
    Limit the time spent waiting for a server with a free place.
    """
    _store(line, proxy, "queue", "frontend")


@keyword("timeout check", sections=PROXY, high=None, syntax="<timeout>")
def kw_timeout_check(line: Line, proxy: model.Proxy) -> None:
    """
    Limit the time a health check waits once connected.
    """
    _store(line, proxy, "check", "frontend")


@keyword("timeout http-request", sections=PROXY, high=None, syntax="<timeout>")
def kw_timeout_http_request(line: Line, proxy: model.Proxy) -> None:
    """
    Limit the time until a request's head is complete.
    """
    _store(line, proxy, "http_request")


@keyword("timeout http-keep-alive", sections=PROXY, high=None, syntax="<timeout>")
def kw_timeout_http_keep_alive(line: Line, proxy: model.Proxy) -> None:
    """
    Limit the time a client may wait before its next request.
    """
    _store(line, proxy, "http_keep_alive")


@keyword("timeout tunnel", sections=PROXY, high=None, syntax="<timeout>")
def kw_timeout_tunnel(line: Line, proxy: model.Proxy) -> None:
    """
    Limit the inactivity of tunnels, on both sides.
    """
    _store(line, proxy, "tunnel", "frontend")


@keyword("timeout client-fin", sections=PROXY, high=None, syntax="<timeout>")
def kw_timeout_client_fin(line: Line, proxy: model.Proxy) -> None:
    """
    Limit the inactivity of clients of half-closed connections.
    """
    _store(line, proxy, "client_fin", "backend")


@keyword("timeout server-fin", sections=PROXY, high=None, syntax="<timeout>")
def kw_timeout_server_fin(line: Line, proxy: model.Proxy) -> None:
    """
    Limit the inactivity of servers of half-closed connections.
    """
    _store(line, proxy, "server_fin", "frontend")


@keyword("timeout tarpit", sections=PROXY, high=None, syntax="<timeout>")
def kw_timeout_tarpit(line: Line, proxy: model.Proxy) -> None:
    """
    Set how long tarpitted requests are kept waiting.
    """
    _store(line, proxy, "tarpit")


@keyword("timeout", sections=PROXY, high=None, syntax="<name> <timeout>")
def kw_timeout(line: Line, proxy: model.Proxy) -> None:
    """
    Refuse a timeout that does not exist.
    """
    raise ConfigError(
        "'timeout' supports 'client', 'server', 'connect', 'check', 'queue', 'http-keep-alive', "
        "'http-request', 'tunnel', 'tarpit', 'client-fin' and 'server-fin' "
        f"(got '{line.args[0] if line.args else ''}')"
    )


def _renamed(line: Line, new: str) -> None:
    raise ConfigError(
        f"the '{line.name}' directive is not supported anymore since HAProxy 2.1. Use '{new}'."
    )


@keyword("clitimeout", sections=PROXY, high=None)
def kw_clitimeout(line: Line, proxy: model.Proxy) -> None:
    """
    Refuse the old spelling of C{timeout client}.
    """
    _renamed(line, "timeout client")


@keyword("contimeout", sections=PROXY, high=None)
def kw_contimeout(line: Line, proxy: model.Proxy) -> None:
    """
    Refuse the old spelling of C{timeout connect}.
    """
    _renamed(line, "timeout connect")


@keyword("srvtimeout", sections=PROXY, high=None)
def kw_srvtimeout(line: Line, proxy: model.Proxy) -> None:
    """
    Refuse the old spelling of C{timeout server}.
    """
    _renamed(line, "timeout server")
