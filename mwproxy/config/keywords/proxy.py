"""
What a proxy is: C{mode}, limits, name and number, on or off.
"""

from __future__ import annotations

from mwproxy.config import model
from mwproxy.config.capability import (
    ignored_in_backend,
    ignored_in_frontend,
    refuse_in_defaults,
)
from mwproxy.config.line import Line
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import PROXY, keyword
from mwproxy.core.values import BadValue, parse_integer


@keyword("mode", sections=PROXY, high=1, syntax="{ tcp | http | spop }")
def kw_mode(line: Line, proxy: model.Proxy) -> None:
    """
    Choose what connections speak; C{spop} is for backends whose servers are SPOE agents.
    """
    value = line.args[0] if line.args else ""
    if value == "health":
        raise ConfigError(
            "'mode health' doesn't exist anymore. Please use 'http-request return status 200' "
            "instead."
        )
    if value == "log":
        raise ConfigError("'mode log' is not supported by mwproxy")
    if value == "spop" and proxy.kind in ("frontend", "listen"):
        raise ConfigError(f"'mode spop' is for backends of agents only, not for '{proxy.kind}'.")
    if value not in ("tcp", "http", "spop"):
        raise ConfigError(f"unknown proxy mode '{value}'.")
    proxy.mode = value


def _number(line: Line, extra: str = "") -> int:
    """
    @param extra: What to say beyond that an integer is expected.
    """
    try:
        return parse_integer(line.args[0] if line.args else "", 0, 2**31 - 1)
    except BadValue:
        got = f" (got '{line.args[0]}')" if line.args else ""
        raise ConfigError(f"'{line.name}' expects an integer argument{extra}{got}.") from None


@keyword("maxconn", sections=PROXY, high=1, syntax="<conns>")
def kw_maxconn(line: Line, proxy: model.Proxy) -> None:
    """
    Limit the concurrent connections of a frontend, 0 for the process's limit.
    """
    if not ignored_in_backend(line, proxy, " Maybe you want 'fullconn' instead ?"):
        proxy.maxconn = _number(line) or None


@keyword("backlog", sections=PROXY, high=1, syntax="<conns>")
def kw_backlog(line: Line, proxy: model.Proxy) -> None:
    """
    Set how many connections the system queues for listeners that do not say it.
    """
    if not ignored_in_backend(line, proxy):
        proxy.backlog = _number(line) or None


@keyword("fullconn", sections=PROXY, high=1, syntax="<conns>")
def kw_fullconn(line: Line, proxy: model.Proxy) -> None:
    """
    Set at how many connections servers with C{minconn} reach their C{maxconn}.
    """
    if not ignored_in_frontend(line, proxy, " Maybe you want 'maxconn' instead ?"):
        proxy.fullconn = _number(line) or None


@keyword("retries", sections=PROXY, high=1, syntax="<value>")
def kw_retries(line: Line, proxy: model.Proxy) -> None:
    """
    Set how often a failed connection to a server is tried again.
    """
    if not ignored_in_frontend(line, proxy):
        proxy.retries = _number(line, " (dispatch counts for one)")


@keyword("description", sections=PROXY, high=None, syntax="<string>")
def kw_description(line: Line, proxy: model.Proxy) -> None:
    """
    Describe the proxy for people.
    """
    refuse_in_defaults(line, proxy)
    if not line.args:
        raise ConfigError("'description' expects a string argument.")
    proxy.description = " ".join(line.args)


@keyword("id", sections=PROXY, high=1, syntax="<value>")
def kw_id(line: Line, proxy: model.Proxy) -> None:
    """
    Set the number of the proxy in statistics.
    """
    refuse_in_defaults(line, proxy)
    if not line.args:
        raise ConfigError("'id' expects an integer argument.")
    try:
        proxy.number = parse_integer(line.args[0], 1, 2**31 - 1)
    except BadValue:
        raise ConfigError("custom id has to be > 0.") from None


@keyword("disabled", sections=PROXY)
def kw_disabled(line: Line, proxy: model.Proxy) -> None:
    """
    Turn the proxy off.
    """
    proxy.disabled = True


@keyword("enabled", sections=PROXY)
def kw_enabled(line: Line, proxy: model.Proxy) -> None:
    """
    Turn the proxy on, which C{defaults} may have turned off.
    """
    proxy.disabled = False
