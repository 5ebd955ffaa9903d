"""
C{option} keywords that are on or off, C{option redispatch}, and those that are refused.

Flags end up in L{model.Proxy.options}; what they mean is decided where they are looked at.
"""

from __future__ import annotations

from mwproxy.config import model
from mwproxy.config.capability import ignored_in_backend, ignored_in_frontend, no_effect
from mwproxy.config.line import Line
from mwproxy.config.option_names import OPTION_REMOVED, OPTION_UNSUPPORTED
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import PROXY, all_keywords, keyword
from mwproxy.core.registry import nearest
from mwproxy.core.values import BadValue, parse_integer

_NO_EFFECT = {
    "option tcp-smart-accept": "the system decides when to acknowledge",
    "option tcp-smart-connect": "the system decides when to acknowledge",
    "option independent-streams": "the timeouts of both directions count together",
    "option persist": "there are no persistence cookies",
    "option logasap": "a stream is logged when it ends",
    "option contstats": "bytes are counted when a stream ends",
}


def _turn(line: Line, proxy: model.Proxy) -> None:
    name = line.name.removeprefix("option ")
    # A new set: the old one may still be that of the defaults section.
    proxy.options = proxy.options - {name} if line.negated else proxy.options | {name}
    if line.name in _NO_EFFECT and not line.negated:
        no_effect(line, _NO_EFFECT[line.name])


@keyword("option clitcpka", sections=PROXY, negatable=True)
@keyword("option contstats", sections=PROXY, negatable=True)
@keyword("option dontlog-normal", sections=PROXY, negatable=True)
@keyword("option dontlognull", sections=PROXY, negatable=True)
@keyword("option http-ignore-probes", sections=PROXY, negatable=True)
@keyword("option idle-close-on-response", sections=PROXY, negatable=True)
@keyword("option log-separate-errors", sections=PROXY, negatable=True)
@keyword("option logasap", sections=PROXY, negatable=True)
@keyword("option socket-stats", sections=PROXY, negatable=True)
@keyword("option tcp-smart-accept", sections=PROXY, negatable=True)
def kw_option_frontend(line: Line, proxy: model.Proxy) -> None:
    """
    Turn an option of frontends on or off.
    """
    if not ignored_in_backend(line, proxy):
        _turn(line, proxy)


@keyword("option abortonclose", sections=PROXY, negatable=True)
@keyword("option allbackups", sections=PROXY, negatable=True)
@keyword("option http-pretend-keepalive", sections=PROXY, negatable=True)
@keyword("option log-health-checks", sections=PROXY, negatable=True)
@keyword("option persist", sections=PROXY, negatable=True)
@keyword("option prefer-last-server", sections=PROXY, negatable=True)
@keyword("option srvtcpka", sections=PROXY, negatable=True)
@keyword("option tcp-smart-connect", sections=PROXY, negatable=True)
def kw_option_backend(line: Line, proxy: model.Proxy) -> None:
    """
    Turn an option of backends on or off.
    """
    if not ignored_in_frontend(line, proxy):
        _turn(line, proxy)


@keyword("option http-buffer-request", sections=PROXY, negatable=True)
@keyword("option http-no-delay", sections=PROXY, negatable=True)
@keyword("option independent-streams", sections=PROXY, negatable=True)
@keyword("option nolinger", sections=PROXY, negatable=True)
@keyword("option splice-auto", sections=PROXY, negatable=True)
@keyword("option splice-request", sections=PROXY, negatable=True)
@keyword("option splice-response", sections=PROXY, negatable=True)
def kw_option_both(line: Line, proxy: model.Proxy) -> None:
    """
    Turn an option of all proxies on or off.
    """
    _turn(line, proxy)


@keyword("option tcpka", sections=PROXY, negatable=True)
def kw_option_tcpka(line: Line, proxy: model.Proxy) -> None:
    """
    Turn TCP keep-alive on for all sides that the proxy has.
    """
    refuse_negation(line)
    if proxy.kind != "backend":
        proxy.options = proxy.options | {"clitcpka"}
    if proxy.kind != "frontend":
        proxy.options = proxy.options | {"srvtcpka"}


@keyword("option redispatch", sections=PROXY, high=1, syntax="[<interval>]", negatable=True)
def kw_option_redispatch(line: Line, proxy: model.Proxy) -> None:
    """
    Let retries choose another server: the last one, or as the interval says.
    """
    if ignored_in_frontend(line, proxy):
        return
    if line.negated:
        proxy.redispatch = 0
    elif line.args:
        try:
            proxy.redispatch = parse_integer(line.args[0], -(2**31), 2**31 - 1)
        except BadValue as error:
            raise ConfigError(f"'option redispatch' : {error}.") from None
    else:
        proxy.redispatch = -1


def refuse_negation(line: Line) -> None:
    """
    Refuse C{no} before an option that cannot be taken back.

    @raise ConfigError: It stands there.
    """
    if line.negated:
        name = line.name.removeprefix("option ")
        raise ConfigError(f"negation/default is not supported for option '{name}'.")


@keyword("option", sections=PROXY, high=None, syntax="<name>", negatable=True)
def kw_option(line: Line, proxy: model.Proxy) -> None:
    """
    Refuse an option that does not exist.
    """
    if not line.args:
        raise ConfigError("'option' expects an option name.")
    name = line.args[0]
    if name in OPTION_REMOVED:
        raise ConfigError(f"option '{name}' {OPTION_REMOVED[name]}")
    if name in OPTION_UNSUPPORTED:
        if line.negated:
            return
        raise ConfigError(
            f"keyword 'option {name}' is not supported by mwproxy in '{line.section}' section"
        )
    if line.negated:
        raise ConfigError(f"negation/default is not supported for option '{name}'.")
    known = [
        each.name.removeprefix("option ")
        for each in all_keywords()
        if each.name.startswith("option ") and line.section in each.sections
    ]
    near = nearest(name, known)
    hint = f"; did you mean '{near}' maybe ?" if near else "."
    raise ConfigError(f"unknown option '{name}'{hint}")
