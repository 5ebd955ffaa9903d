"""
C{filter} lines (configuration manual 9): C{spoe} is the one that there is.
"""

from __future__ import annotations

from functools import partial

from mwproxy.config import model
from mwproxy.config.capability import ignored_in_frontend
from mwproxy.config.keywords.options import refuse_negation
from mwproxy.config.line import Line
from mwproxy.config.spoe_checks import DEFAULT_FRAME_SIZE, check_filter, settle_checks
from mwproxy.config.spoe_file import read_agent
from mwproxy.config.spoe_settings import SpoeFilter
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import PROXY, keyword
from mwproxy.core.registry import nearest

#: HAProxy's filters that are not had here.
UNSUPPORTED = (
    "bwlim-in",
    "bwlim-out",
    "cache",
    "comp-req",
    "comp-res",
    "compression",
    "fcgi-app",
    "opentracing",
    "trace",
)


@keyword("filter", sections=PROXY, high=None, syntax="spoe [engine <name>] config <file>")
def kw_filter(line: Line, proxy: model.Proxy) -> None:
    """
    Ask agents about the streams of the proxy, as a file says.
    """
    if proxy.kind == "defaults":
        raise ConfigError("filter is not allowed in a 'default' section.")
    if not line.args:
        raise ConfigError(f"missing argument for 'filter' in {proxy.kind} '{proxy.name}'.")
    name = line.args[0]
    if name in UNSUPPORTED:
        raise ConfigError(f"'filter' : filter '{name}' is not supported by mwproxy.")
    if name != "spoe":
        guess = nearest(name, ["spoe", *UNSUPPORTED])
        hint = f"; did you mean '{guess}' maybe ?" if guess else ". Registered keywords : spoe"
        raise ConfigError(f"'filter' : unknown keyword '{name}'{hint}")
    engine, file = _arguments(line.args[1:])
    read = read_agent(file, engine, line, proxy)
    if read is None:
        return
    agent, draft, agent_draft = read
    found = SpoeFilter(engine or agent.name, agent, line.where)
    proxy.filters.append(found)
    line.later.append(partial(check_filter, proxy, found, draft, agent_draft))


@keyword("option spop-check", sections=PROXY, high=None, negatable=True)
def kw_option_spop_check(line: Line, proxy: model.Proxy) -> None:
    """
    Check servers, which are SPOE agents, by a HELLO handshake.
    """
    refuse_negation(line)
    if ignored_in_frontend(line, proxy):
        return
    if line.args:
        raise ConfigError(f"'{line.name}' cannot handle unexpected argument '{line.args[0]}'.")
    proxy.http_check_idle = proxy.http_check_idle or proxy.http_check
    proxy.http_check = None
    proxy.spop_check = DEFAULT_FRAME_SIZE
    if settle_checks not in line.later:
        line.later.append(settle_checks)


def _arguments(words: list[str]) -> tuple[str, str]:
    """
    Read what follows C{spoe}.

    @return: Engine (empty for none) and file.
    """
    given = {"engine": "", "config": ""}
    at = 0
    while at < len(words):
        word = words[at]
        if word not in given:
            raise ConfigError(f"'filter' : 'unknown keyword '{word}''")
        if at + 1 == len(words):
            raise ConfigError(f"'filter' : ''spoe' : '{word}' option without value'")
        given[word] = words[at + 1]
        at += 2
    if not given["config"]:
        raise ConfigError("'filter' : ''spoe' : missing config file'")
    return given["engine"], given["config"]
