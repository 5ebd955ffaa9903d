"""
C{bind} and C{stats socket}, and the options of both and of C{-S}.
"""

from __future__ import annotations

import grp
import pwd
import re

from mwproxy.config import model
from mwproxy.config.bind_line import parse_bind
from mwproxy.config.capability import ignored_in_backend, no_effect, refuse_in_defaults
from mwproxy.config.console_settings import ConsoleSettings
from mwproxy.config.line import Line
from mwproxy.config.model import BindSettings
from mwproxy.config.processes import parse_processes
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import PROXY, bind_option, keyword
from mwproxy.core.levels import Level, parse_level
from mwproxy.core.values import BadValue, parse_integer


@keyword(
    "bind", sections=PROXY, high=None, syntax="[<address>]:<port_range> [, ...] [param*]"
)  # fmt: skip
def kw_bind(line: Line, proxy: model.Proxy) -> None:
    """
    Listen on one or more addresses.
    """
    refuse_in_defaults(line, proxy)
    if ignored_in_backend(line, proxy):
        return
    if not line.args:
        raise ConfigError(
            "'bind' expects {<path>|[addr1]:port1[-end1]}{,[addr]:port[-end]}... as arguments."
        )
    proxy.binds.extend(parse_bind(line, proxy.kind))


@keyword(
    "stats socket", sections="global", high=None, syntax="[<address:port>|<path>] [param*]"
)  # fmt: skip
def kw_stats_socket(line: Line, settings: model.Global) -> None:
    """
    Offer the worker's console on an address, for operators unless C{level} says otherwise.
    """
    if not line.args:
        raise ConfigError(
            "'stats socket' in global section expects an address or a path to a UNIX socket"
        )
    binds = parse_bind(line, settings=ConsoleSettings(level=Level.OPERATOR))
    settings.stats_sockets.extend(binds)


def _word(line: Line, missing: str) -> str:
    if not line.args:
        raise ConfigError(f"'{line.name}' : {missing}")
    return line.args[0]


def _number(line: Line, low: int | None, high: int | None, allowed: str) -> int:
    text = _word(line, "missing value")
    try:
        value = parse_integer(text)
    except BadValue as error:
        raise ConfigError(f"'{line.name}' : {error}") from None
    if (low is not None and value < low) or (high is not None and value > high):
        raise ConfigError(f"'{line.name}' : invalid value {value}, {allowed}")
    return value


@bind_option("name", low=1, syntax="<name>")
def bind_name(line: Line, settings: BindSettings) -> None:
    """
    Name the listener for statistics and logs.
    """
    settings.name = _word(line, "missing name")


@bind_option("backlog", low=1, syntax="<backlog>")
def bind_backlog(line: Line, settings: BindSettings) -> None:
    """
    Set how many connections the system queues, 0 for the frontend's.
    """
    settings.backlog = _number(line, 0, None, "must be > 0") or None


@bind_option("maxconn", low=1, syntax="<maxconn>")
def bind_maxconn(line: Line, settings: BindSettings) -> None:
    """
    Limit the concurrent connections of this listener, 0 for no limit of its own.
    """
    settings.maxconn = _number(line, 0, None, "must be >= 0") or None


@bind_option("interface", low=1, syntax="<interface>")
def bind_interface(line: Line, settings: BindSettings) -> None:
    """
    Accept only what comes in by one network interface.
    """
    name = _word(line, "missing interface name")
    if len(name.encode("utf-8", "surrogateescape")) > 15:
        raise ConfigError(f"'interface' : interface name '{name}' too long (max 15)")
    settings.interface = name


@bind_option("v4v6")
def bind_v4v6(line: Line, settings: BindSettings) -> None:
    """
    Accept IPv4 on an IPv6 address too.
    """
    settings.v4v6 = True


@bind_option("v6only")
def bind_v6only(line: Line, settings: BindSettings) -> None:
    """
    Accept only IPv6 on an IPv6 address.
    """
    settings.v4v6 = False


@bind_option("accept-proxy")
def bind_accept_proxy(line: Line, settings: BindSettings) -> None:
    """
    Expect the PROXY protocol at the begin of each connection.
    """
    settings.accept_proxy = True


@bind_option("uid", low=1, syntax="<uid>")
def bind_uid(line: Line, settings: BindSettings) -> None:
    """
    Set the owner of UNIX sockets by number.
    """
    settings.uid = _number(line, 0, 2**32 - 2, "must be >= 0")


@bind_option("gid", low=1, syntax="<gid>")
def bind_gid(line: Line, settings: BindSettings) -> None:
    """
    Set the group of UNIX sockets by number.
    """
    settings.gid = _number(line, 0, 2**32 - 2, "must be >= 0")


@bind_option("user", low=1, syntax="<user>")
def bind_user(line: Line, settings: BindSettings) -> None:
    """
    Set the owner of UNIX sockets by name.
    """
    name = _word(line, "missing user name")
    try:
        settings.uid = pwd.getpwnam(name).pw_uid
    except (KeyError, ValueError):
        raise ConfigError(f"'user' : unknown user name '{name}'") from None


@bind_option("group", low=1, syntax="<group>")
def bind_group(line: Line, settings: BindSettings) -> None:
    """
    Set the group of UNIX sockets by name.
    """
    name = _word(line, "missing group name")
    try:
        settings.gid = grp.getgrnam(name).gr_gid
    except (KeyError, ValueError):
        raise ConfigError(f"'group' : unknown group name '{name}'") from None


@bind_option("mode", low=1, syntax="<mode>")
def bind_mode(line: Line, settings: BindSettings) -> None:
    """
    Set the permissions of UNIX sockets, in octal.
    """
    text = line.args[0] if line.args else ""
    if re.fullmatch(r"[0-7]{1,4}", text) is None:
        raise ConfigError(f"'mode' : missing or invalid mode '{text}' (octal integer expected)")
    settings.socket_mode = int(text, 8)


@bind_option("id", low=1, syntax="<id>")
def bind_id(line: Line, settings: BindSettings) -> None:
    """
    Set the number of the listener in statistics.
    """
    text = _word(line, "expects an integer argument")
    try:
        value = parse_integer(text, -(2**31), 2**31 - 1)
    except BadValue:
        raise ConfigError(f"'id' : expects an integer argument, found '{text}'") from None
    if value <= 0:
        raise ConfigError("'id' : custom id has to be > 0")
    settings.id = value


@bind_option("level", low=1, syntax="<level>")
def bind_level(line: Line, settings: BindSettings) -> None:
    """
    Set what console sessions on this socket may do.
    """
    try:
        settings.level = parse_level(_word(line, "missing level"))
    except ValueError as error:
        raise ConfigError(str(error)) from None


@bind_option("severity-output", low=1, syntax="<format>")
def bind_severity_output(line: Line, settings: BindSettings) -> None:
    """
    Tell console sessions how severe messages are: not, by number or in words.
    """
    text = _word(line, "missing severity format")
    if text not in ("none", "number", "string"):
        raise ConfigError(
            f"'severity-output' only supports 'none', 'number', and 'string' (got '{text}')"
        )
    settings.severity_output = text


@bind_option("expose-fd", low=1, syntax="listeners")
def bind_expose_fd(line: Line, settings: BindSettings) -> None:
    """
    Let console sessions on this socket fetch the listening sockets (C{-x}).
    """
    text = _word(line, "missing fd type")
    if text != "listeners":
        raise ConfigError(f"'expose-fd' only supports 'listeners' (got '{text}')")
    settings.expose_fd_listeners = True


@bind_option("process", low=1, syntax="all | odd | even | <number>[-<number>]")
def bind_process(line: Line, settings: BindSettings) -> None:
    """
    Listen in some of the workers only; a set of threads behind a slash is ignored.
    """
    text, _, threads = (line.args[0] if line.args else "").partition("/")
    settings.processes = parse_processes([text], "'process'")
    if threads:
        line.warning(f"'process {line.args[0]}' : threads are ignored, workers have only one.")


@bind_option("proto", low=1, syntax="<name>")
def bind_proto(line: Line, settings: BindSettings) -> None:
    """
    Force the protocol; there is only C{h1}, which is what connections speak anyway.
    """
    text = _word(line, "missing value")
    if text in ("h2", "fcgi", "quic", "spop", "none"):
        raise ConfigError(f"'proto {text}' on 'bind' is not supported by mwproxy")
    if text != "h1":
        raise ConfigError(f"'proto' :  unknown MUX protocol '{text}'")


@bind_option("nice", low=1, syntax="<nice>")
def bind_nice(line: Line, settings: BindSettings) -> None:
    """
    Set a priority, which is kept and shown but changes nothing.
    """
    settings.nice = _number(line, -1024, 1024, "allowed range is -1024..1024")
    no_effect(line, "connections of a worker are served in the order of their events")


@bind_option("thread", low=1, syntax="<thread-set>")
def bind_thread(line: Line, settings: BindSettings) -> None:
    """
    Bind to threads, of which a worker has only one.
    """
    text = _word(line, "missing value")
    if re.fullmatch(r"all|odd|even|[\d/,-]+", text) is None:
        raise ConfigError(f"'{text}' : '{text}' is not a valid number/range.")
    no_effect(line, "workers have one thread; see 'nbproc' and 'process'")


@bind_option("shards", low=1, syntax="<number> | by-thread | by-group")
def bind_shards(line: Line, settings: BindSettings) -> None:
    """
    Spread a listener on several sockets, which single-threaded workers do not need.
    """
    text = _word(line, "missing value")
    if not text.isdecimal() and text not in ("by-thread", "by-group"):
        raise ConfigError(
            f"'shards' : invalid value '{text}', must be a positive integer, "
            "'by-thread' or 'by-group'"
        )
    no_effect(line, "workers have one thread; see 'nbproc'")
