"""
Where the logs of C{global} go: C{log}, C{log-tag} and C{log-send-hostname}. The master reads them
too, for the audit.
"""

from __future__ import annotations

import socket

from mwproxy.config import model
from mwproxy.config.line import Line
from mwproxy.config.log_line import parse_log, settle_formats
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import keyword

LOG_SYNTAX = (
    "<target> [len <length>] [format <format>] [sample <ranges>:<sample_size>] "
    "<facility> [<level> [<minlevel>]]"
)


@keyword("log", sections="global", high=None, syntax=LOG_SYNTAX, negatable=True, discovery=True)
def kw_log_global(line: Line, settings: model.Global) -> None:
    """
    Add a target of the process's logs, the audit's included, and of proxies with C{log global}.
    """
    if line.negated:
        no_arguments(line)
        settings.log_targets.clear()
        settings.log_lines = ""
        return
    settings.log_lines += "\0".join(line.args) + "\n"
    if line.discovery:
        # A worker says what is wrong with it; and a name is looked up there, which takes its time.
        return
    if line.args[:1] == ["global"]:
        raise ConfigError("log : 'global' is not supported for a global syslog server")
    settings.log_targets.append(parse_log(line.args, is_global=True))
    settle_later(line)


@keyword("log-tag", sections="global", high=1, syntax="<string>", discovery=True)
def kw_log_tag_global(line: Line, settings: model.Global) -> None:
    """
    Set the program name in syslog lines.
    """
    settings.log_tag = tag_of(line)


@keyword("log-send-hostname", sections="global", high=1, syntax="[<string>]", discovery=True)
def kw_log_send_hostname(line: Line, settings: model.Global) -> None:
    """
    Put a host name in syslog lines, the system's when none is given.
    """
    settings.log_send_hostname = line.args[0] if line.args else socket.gethostname()


def no_arguments(line: Line) -> None:
    """
    Refuse words behind C{no log}.

    @raise ConfigError: There are some.
    """
    if line.args:
        raise ConfigError("'no log' does not expect arguments")


def settle_later(line: Line) -> None:
    """
    Have targets without a format get one when all files are read.
    """
    if settle_formats not in line.later:
        line.later.append(settle_formats)


def tag_of(line: Line) -> str:
    """
    Get the word of a C{log-tag} line.

    @raise ConfigError: There is none.
    """
    if not line.args:
        raise ConfigError("'log-tag' expects a tag for use in syslog.")
    return line.args[0]
