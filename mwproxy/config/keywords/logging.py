"""
Where logs go and what their lines say: C{log}, C{log-format}, C{option httplog} and so on.
"""

from __future__ import annotations

from mwproxy.config import log_formats, model
from mwproxy.config.keywords.log_targets import LOG_SYNTAX, no_arguments, settle_later, tag_of
from mwproxy.config.keywords.options import refuse_negation
from mwproxy.config.line import Line
from mwproxy.config.log_line import parse_log
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import PROXY, keyword


@keyword("log", sections=PROXY, high=None, syntax=f"global | {LOG_SYNTAX}", negatable=True)
def kw_log(line: Line, proxy: model.Proxy) -> None:
    """
    Add a target of the proxy's logs, or those of C{global}.
    """
    if line.negated:
        no_arguments(line)
        proxy.log_targets = []
        proxy.log_global = False
    elif line.args == ["global"]:
        proxy.log_global = True
    elif line.args[:1] == ["global"]:
        raise ConfigError(f"log : unknown log facility '{line.args[1]}'")
    else:
        proxy.log_targets = [*proxy.log_targets, parse_log(line.args)]
        settle_later(line)


@keyword("log-tag", sections=PROXY, high=1, syntax="<string>")
def kw_log_tag(line: Line, proxy: model.Proxy) -> None:
    """
    Set the program name in syslog lines of the proxy.
    """
    proxy.log_tag = tag_of(line)


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
