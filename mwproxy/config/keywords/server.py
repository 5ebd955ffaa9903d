"""
C{server} and C{default-server}, and the options of both but those of checks.
"""

from __future__ import annotations

import re

from mwproxy.config import model
from mwproxy.config.line import Line
from mwproxy.config.model import ServerSettings
from mwproxy.config.server_line import (
    owner,
    parse_settings,
    take_delay,
    take_ip,
    take_number,
    take_word,
)
from mwproxy.core.addresses import Address, parse_address
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import PROXY, keyword, server_option
from mwproxy.core.values import BadValue, parse_integer

_ODD_IN_NAME = re.compile(r"[^A-Za-z0-9_:.-]")


@keyword("server", sections=PROXY, high=None, syntax="<name> <address>[:[port]] [param*]")
def kw_server(line: Line, proxy: model.Proxy) -> None:
    """
    Add a server.
    """
    if proxy.kind == "defaults":
        _alert(line, "'server' not allowed in 'defaults' section.")
    elif proxy.kind == "frontend":
        _alert(
            line,
            f"'server' not allowed because frontend '{proxy.name}' has no backend capability.",
        )
    elif len(line.args) < 2:
        _alert(line, "'server' expects <name> and <addr>[:<port>] as arguments.")
    else:
        try:
            proxy.servers.append(_parse_server(line, proxy))
        except ConfigError as error:
            _alert(line, f"'server {proxy.name}/{line.args[0]}' : {error}")


def _alert(line: Line, text: str) -> None:
    # HAProxy's server parser names the line in its own way, without "parsing".
    line.diagnostics.alert(f"config : [{line.where}] : {text}")


def _parse_server(line: Line, proxy: model.Proxy) -> model.Server:
    name, text, *words = line.args
    address = read_place(name, text)
    settings = parse_settings(line, words, proxy.default_server)
    if settings.agent.enabled and not (settings.agent.port or settings.check.port):
        raise ConfigError(f"server {name} does not have agent port. Agent check has been disabled.")
    check = settings.check
    if check.enabled and (address.port_offset or not address.port) and not check.port:
        target = check.address or address
        if target.is_ip and (not target.port or target.port_offset):
            line.diagnostics.alert(
                f"config : config: {proxy.kind} '{proxy.name}': server '{name}' has neither "
                "service port nor check port."
            )
    return model.Server(name, address, settings, line.where)


def read_place(name: str, text: str) -> Address:
    """
    Read the name and the address of a server.

    @param name: The name.

    @param text: The address.

    @return: The address.

    @raise ConfigError: One of them is none.
    """
    odd = _ODD_IN_NAME.search(name)
    if odd is not None:
        raise ConfigError(f"character '{odd[0]}' is not permitted in server name '{name}'.")
    try:
        address = parse_address(text, default_port=0)
    except BadValue as error:
        raise ConfigError(str(error)) from None
    if address.datagram:
        raise ConfigError(f"dgram-type address not acceptable in '{text}'")
    if address.family == "fd":
        raise ConfigError(f"a file descriptor is not acceptable here in '{text}'")
    if address.family == "sockpair":
        raise ConfigError("'sockpair@' on 'server' is not supported by mwproxy")
    return address


@keyword("default-server", sections=PROXY, high=None, syntax="[param*]")
def kw_default_server(line: Line, proxy: model.Proxy) -> None:
    """
    Change what holds for the servers of the lines that follow.
    """
    if proxy.kind == "frontend":
        _alert(
            line,
            f"'default-server' not allowed because frontend '{proxy.name}' has no backend "
            "capability.",
        )
        return
    try:
        if "id" in line.args:
            raise ConfigError("'id' option is not accepted in default-server sections")
        proxy.default_server = parse_settings(line, line.args, proxy.default_server)
    except ConfigError as error:
        _alert(line, str(error))


@server_option("weight", low=1, syntax="<weight>")
def server_weight(line: Line, settings: ServerSettings) -> None:
    """
    Set the share of the load, 0 to 256.
    """
    value = take_number(line)
    if not 0 <= value <= 256:
        raise ConfigError(f"weight of server {owner(line)} is not within 0 and 256 ({value}).")
    settings.weight = value


@server_option("backup")
def server_backup(line: Line, settings: ServerSettings) -> None:
    """
    Use the server only when all others are down.
    """
    settings.backup = True


@server_option("no-backup")
def server_no_backup(line: Line, settings: ServerSettings) -> None:
    """
    Undo C{backup} of C{default-server}.
    """
    settings.backup = False


@server_option("disabled")
def server_disabled(line: Line, settings: ServerSettings) -> None:
    """
    Start in maintenance.
    """
    settings.disabled = True


@server_option("enabled")
def server_enabled(line: Line, settings: ServerSettings) -> None:
    """
    Undo C{disabled} of C{default-server}.
    """
    settings.disabled = False


@server_option("maxconn", low=1, syntax="<maxconn>")
def server_maxconn(line: Line, settings: ServerSettings) -> None:
    """
    Limit the concurrent streams of the server; more are queued.
    """
    settings.maxconn = take_number(line, 0)


@server_option("minconn", low=1, syntax="<minconn>")
def server_minconn(line: Line, settings: ServerSettings) -> None:
    """
    Let the limit follow the load of the backend, from this up to C{maxconn}.
    """
    settings.minconn = take_number(line, 0)


@server_option("maxqueue", low=1, syntax="<maxqueue>")
def server_maxqueue(line: Line, settings: ServerSettings) -> None:
    """
    Limit the streams that wait for this server: beyond, they go to others. It matters with
    C{balance source}; other algorithms let all wait for the backend's next free server.
    """
    settings.maxqueue = take_number(line, 0)


@server_option("slowstart", low=1, syntax="<start_time_in_ms>")
def server_slowstart(line: Line, settings: ServerSettings) -> None:
    """
    Let the weight grow over this time when the server comes back.
    """
    settings.slowstart_ms = take_delay(line)


@server_option("cookie", low=1, syntax="<value>")
def server_cookie(line: Line, settings: ServerSettings) -> None:
    """
    Set the value that a persistence cookie has for this server.
    """
    settings.cookie = take_word(line, "a value")


@server_option("id", low=1, syntax="<id>")
def server_id(line: Line, settings: ServerSettings) -> None:
    """
    Set the number of the server in statistics and hashes.
    """
    try:
        value = parse_integer(line.args[0] if line.args else "", 1, 2**31 - 1)
    except BadValue:
        raise ConfigError("'id' : custom id has to be > 0.") from None
    settings.id = value


@server_option("send-proxy")
def server_send_proxy(line: Line, settings: ServerSettings) -> None:
    """
    Begin each connection with a PROXY header of version 1.
    """
    settings.send_proxy = 1


@server_option("no-send-proxy")
def server_no_send_proxy(line: Line, settings: ServerSettings) -> None:
    """
    Undo C{send-proxy} of C{default-server}.
    """
    if settings.send_proxy == 1:
        settings.send_proxy = 0


@server_option("send-proxy-v2")
def server_send_proxy_v2(line: Line, settings: ServerSettings) -> None:
    """
    Begin each connection with a PROXY header of version 2.
    """
    settings.send_proxy = 2


@server_option("no-send-proxy-v2")
def server_no_send_proxy_v2(line: Line, settings: ServerSettings) -> None:
    """
    Undo C{send-proxy-v2} of C{default-server}.
    """
    if settings.send_proxy == 2:
        settings.send_proxy = 0


@server_option("pool-max-conn", low=1, syntax="<max>")
def server_pool_max_conn(line: Line, settings: ServerSettings) -> None:
    """
    Limit the idle connections kept, -1 for no limit.
    """
    settings.pool_max = take_number(line, -1, "'pool-max-conn' must be >= -1.")


@server_option("pool-purge-delay", low=1, syntax="<delay>")
def server_pool_purge_delay(line: Line, settings: ServerSettings) -> None:
    """
    Set how often idle connections that were not needed are closed.
    """
    settings.pool_purge_delay_ms = take_delay(line)


@server_option("max-reuse", low=1, syntax="<count>")
def server_max_reuse(line: Line, settings: ServerSettings) -> None:
    """
    Limit how often a connection is used again, -1 for no limit.
    """
    settings.max_reuse = take_number(line, -1, "'max-reuse' must be >= -1.")


@server_option("source", low=1, syntax="<addr>[:<port>]")
def server_source(line: Line, settings: ServerSettings) -> None:
    """
    Set the address that connections come from.
    """
    if not line.args:
        raise ConfigError("'source' expects <addr>[:<port>] as argument.")
    settings.source = take_ip(line)


@server_option("init-addr", low=1, syntax="{last | libc | none | <ip>},[...]*")
def server_init_addr(line: Line, settings: ServerSettings) -> None:
    """
    Set in which ways the first address is looked for, in order.
    """
    methods = tuple(word for word in take_word(line, "a list of methods").split(",") if word)
    for method in methods:
        if method not in ("last", "libc", "none") and not _is_ip(method):
            raise ConfigError(
                f"'init-addr' : unknown init-addr method '{method}', supported methods are "
                "'libc', 'last', 'none'."
            )
    settings.init_addr = methods


def _is_ip(text: str) -> bool:
    try:
        return parse_address(text, default_port=0).family in ("ipv4", "ipv6")
    except BadValue:
        return False


@server_option("proto", low=1, syntax="<name>")
def server_proto(line: Line, settings: ServerSettings) -> None:
    """
    Force the protocol; there is only C{h1}, which is what connections speak anyway.
    """
    text = take_word(line, "a protocol")
    if text in ("h2", "fcgi", "quic", "spop", "none"):
        raise ConfigError(f"'proto {text}' on 'server' is not supported by mwproxy")
    if text != "h1":
        raise ConfigError(f"'proto' :  unknown MUX protocol '{text}'")


# The negations of features that mwproxy is without say what is so anyway.
@server_option("no-check-reuse-pool")
@server_option("no-check-send-proxy")
@server_option("no-check-ssl")
@server_option("no-send-proxy-v2-ssl")
@server_option("no-send-proxy-v2-ssl-cn")
@server_option("no-ssl")
@server_option("no-ssl-reuse")
@server_option("no-tfo")
@server_option("no-tls-tickets")
def server_without(line: Line, settings: ServerSettings) -> None:
    """
    Accept the negation of something that mwproxy does not do.
    """
