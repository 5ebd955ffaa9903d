"""
C{tcp-request} and C{tcp-response}: rules that go before those of HTTP, in TCP mode too.
"""

from __future__ import annotations

from mwproxy.config import model
from mwproxy.config.capability import no_effect
from mwproxy.config.line import Line
from mwproxy.core.compilers import rules
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import PROXY, keyword
from mwproxy.core.values import BadValue, parse_time_ms

_SAID = {"frontend": "frontend", "backend": "backend", "defaults": "defaults"}


#: Rules of the request's side in the order in which they are asked, and what messages call them.
_ORDER = {
    "tcp-request connection": "a 'tcp-request connection'",
    "tcp-request session": "a 'tcp-request session'",
    "tcp-request content": "a 'tcp-request content'",
    "http-request": "an 'http-request'",
}


@keyword(
    "tcp-request connection",
    sections=PROXY,
    high=None,
    syntax="<action> [options...] [<condition>]",
)
@keyword(
    "tcp-request session", sections=PROXY, high=None, syntax="<action> [options...] [<condition>]"
)
def kw_tcp_request_early(line: Line, proxy: model.Proxy) -> None:
    """
    Act on connections as they are accepted, or on sessions before anything of them is read.
    """
    _refuse_in_anonymous_defaults(line, proxy)
    if proxy.kind == "backend":
        raise ConfigError(
            f"{line.name} is not allowed because backend {proxy.name} is not a frontend"
        )
    _rule(line, proxy)
    _warn_order(line, proxy)


@keyword(
    "tcp-request content", sections=PROXY, high=None, syntax="<action> [options...] [<condition>]"
)
def kw_tcp_request_content(line: Line, proxy: model.Proxy) -> None:
    """
    Act on streams before C{http-request} rules: accept, reject, set variables, ask agents.
    """
    _refuse_in_anonymous_defaults(line, proxy)
    _rule(line, proxy)
    _warn_order(line, proxy)


@keyword(
    "tcp-response content", sections=PROXY, high=None, syntax="<action> [options...] [<condition>]"
)
def kw_tcp_response_content(line: Line, proxy: model.Proxy) -> None:
    """
    Act on responses before C{http-response} rules.
    """
    _only_backends(line, proxy)
    _rule(line, proxy)


def _only_backends(line: Line, proxy: model.Proxy) -> None:
    if not proxy.has_backend and not (proxy.kind == "defaults" and proxy.name):
        raise ConfigError(
            f"{line.name} is only allowed in 'backend' sections or 'defaults' section with a name"
        )


def _rule(line: Line, proxy: model.Proxy) -> None:
    compiled = rules().rule(line.name, line.args, proxy, line.where, line.diagnostics)
    proxy.rule_lines.setdefault(line.name, []).append(compiled)
    proxy.own_rules.add(line.name)


def _warn_order(line: Line, proxy: model.Proxy) -> None:
    names = list(_ORDER)
    later = names[names.index(line.name) + 1 :]
    other = next((_ORDER[name] for name in later if name in proxy.own_rules), "")
    if not other and proxy.use_backend:
        other = "a 'use_backend'"
    if other:
        line.warning(
            f"a 'tcp-request' rule placed after {other} rule will still be processed before."
        )


def _refuse_in_anonymous_defaults(line: Line, proxy: model.Proxy) -> None:
    if proxy.kind == "defaults" and not proxy.name:
        raise ConfigError(f"{line.name} is not allowed in anonymous 'defaults' sections")


@keyword("tcp-request inspect-delay", sections=PROXY, high=None, syntax="<timeout>")
def kw_tcp_request_inspect_delay(line: Line, proxy: model.Proxy) -> None:
    """
    Accepted without effect: how long rules may be asked again while data comes.
    """
    _refuse_in_anonymous_defaults(line, proxy)
    _delay(line, proxy)


@keyword("tcp-response inspect-delay", sections=PROXY, high=None, syntax="<timeout>")
def kw_tcp_response_inspect_delay(line: Line, proxy: model.Proxy) -> None:
    """
    Accepted without effect: how long rules may be asked again while data comes.
    """
    _only_backends(line, proxy)
    _delay(line, proxy)


def _delay(line: Line, proxy: model.Proxy) -> None:
    where = f"{_SAID.get(proxy.kind, 'proxy')} '{proxy.name}'"
    expected = f"'{line.name}' expects a positive delay in milliseconds, in {where}"
    if not line.args:
        raise ConfigError(expected)
    try:
        parse_time_ms(line.args[0])
    except BadValue as error:
        raise ConfigError(f"{expected} ({error})") from None
    no_effect(line, "rules wait for agents without it, and for nothing else")


@keyword("tcp-request", sections=PROXY, high=None, syntax="<ruleset>")
def kw_tcp_request(line: Line, proxy: model.Proxy) -> None:
    """
    Refuse a ruleset that does not exist.
    """
    _refuse(line, proxy, "'inspect-delay', 'connection', or 'content'")


@keyword("tcp-response", sections=PROXY, high=None, syntax="<ruleset>")
def kw_tcp_response(line: Line, proxy: model.Proxy) -> None:
    """
    Refuse a ruleset that does not exist.
    """
    _refuse(line, proxy, "'inspect-delay' or 'content'")


def _refuse(line: Line, proxy: model.Proxy, expected: str) -> None:
    where = f"{_SAID.get(proxy.kind, 'proxy')} '{proxy.name}'"
    if not line.args:
        raise ConfigError(f"missing argument for '{line.name}' in {where}")
    raise ConfigError(f"'{line.name}' expects {expected} in {where} (got '{line.args[0]}')")
