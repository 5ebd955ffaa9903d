"""
Where logs go and what their lines say: C{log}, C{log-format}, C{option httplog} and so on.
"""

from __future__ import annotations

import socket

from mwproxy.config import log_formats, model
from mwproxy.config.keywords.options import refuse_negation
from mwproxy.config.line import Line
from mwproxy.config.log_line import parse_log, settle_formats
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import PROXY, keyword

LOG_SYNTAX = (
    "<target> [len <length>] [format <format>] [sample <ranges>:<sample_size>] "
    "<facility> [<level> [<minlevel>]]"
)


@keyword("log", sections="global", high=None, syntax=LOG_SYNTAX, negatable=True)
def kw_log_global(line: Line, settings: model.Global) -> None:
    """
    Add a target of the process's logs and of proxies with C{log global}.
    """
    if line.negated:
        _no_arguments(line)
        settings.log_targets.clear()
        return
    if line.args[:1] == ["global"]:
        raise ConfigError("log : 'global' is not supported for a global syslog server")
    settings.log_targets.append(parse_log(line.args, is_global=True))
    _settle_later(line)


@keyword("log", sections=PROXY, high=None, syntax=f"global | {LOG_SYNTAX}", negatable=True)
def kw_log(line: Line, proxy: model.Proxy) -> None:
    """
    Add a target of the proxy's logs, or those of C{global}.
    """
    if line.negated:
        _no_arguments(line)
        proxy.log_targets = []
        proxy.log_global = False
    elif line.args == ["global"]:
        proxy.log_global = True
    elif line.args[:1] == ["global"]:
        raise ConfigError(f"log : unknown log facility '{line.args[1]}'")
    else:
        proxy.log_targets = [*proxy.log_targets, parse_log(line.args)]
        _settle_later(line)


def _no_arguments(line: Line) -> None:
    if line.args:
        raise ConfigError("'no log' does not expect arguments")


def _settle_later(line: Line) -> None:
    if settle_formats not in line.later:
        line.later.append(settle_formats)


@keyword("log-tag", sections=PROXY, high=1, syntax="<string>")
def kw_log_tag(line: Line, proxy: model.Proxy) -> None:
    """
    Set the program name in syslog lines of the proxy.
    """
    proxy.log_tag = _tag(line)


@keyword("log-tag", sections="global", high=1, syntax="<string>")
def kw_log_tag_global(line: Line, settings: model.Global) -> None:
    """
    Set the program name in syslog lines.
    """
    settings.log_tag = _tag(line)


def _tag(line: Line) -> str:
    if not line.args:
        raise ConfigError("'log-tag' expects a tag for use in syslog.")
    return line.args[0]


@keyword("log-send-hostname", sections="global", high=1, syntax="[<string>]")
def kw_log_send_hostname(line: Line, settings: model.Global) -> None:
    """
    Put a host name in syslog lines, the system's when none is given.
    """
    settings.log_send_hostname = line.args[0] if line.args else socket.gethostname()


@keyword("option httplog", sections=PROXY, high=2, syntax="[clf]", negatable=True)
def kw_option_httplog(line: Line, proxy: model.Proxy) -> None:
    """
    Log requests in the HTTP or the CLF format.
    """
    refuse_negation(line)
    if line.args and line.args[0] != "clf":
        raise ConfigError("keyword 'httplog' only supports option 'clf'.")
    _one_word(line)
    _use(line, proxy, "clf" if line.args else "httplog")


@keyword("option tcplog", sections=PROXY, high=2, syntax="[clf]", negatable=True)
def kw_option_tcplog(line: Line, proxy: model.Proxy) -> None:
    """
    Log connections in the TCP format.
    """
    refuse_negation(line)
    if line.args and line.args[0] != "clf":
        raise ConfigError("keyword 'tcplog' only supports option 'clf'.")
    _one_word(line)
    _use(line, proxy, "tcpclf" if line.args else "tcplog")


def _one_word(line: Line) -> None:
    if len(line.args) > 1:
        raise ConfigError(f"'{line.name}' cannot handle unexpected argument '{line.args[1]}'.")


@keyword("log-format", sections=PROXY, high=None, syntax="<string>")
def kw_log_format(line: Line, proxy: model.Proxy) -> None:
    """
    Log streams in a format of one's own.
    """
    if not line.args:
        raise ConfigError("log-format expects an argument.")
    if len(line.args) > 1:
        raise ConfigError("log-format expects only one argument, don't forget to escape spaces!")
    _use(line, proxy, "custom", line.args[0])


def _use(line: Line, proxy: model.Proxy, kind: str, text: str = "") -> None:
    label = log_formats.KINDS[kind][1]
    if proxy.kind == "backend":
        line.warning(f"backend '{proxy.name}' : '{label}' directive is ignored in backends.")
        return
    if proxy.kind == "defaults" and proxy.log_format_kind:
        before = log_formats.KINDS[proxy.log_format_kind][1]
        if before != label:
            line.warning(f"'{label}' overrides previous '{before}' in 'defaults' section.")
    log_formats.use(proxy, kind, line.where, line.diagnostics, text)
