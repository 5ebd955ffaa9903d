"""
C{global}: what workers may have and do.
"""

from __future__ import annotations

from mwproxy.config.keywords.process import already_specified, whole_number
from mwproxy.config.line import Line
from mwproxy.config.model import Global
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import keyword


@keyword("strict-limits", sections="global", negatable=True)
def kw_strict_limits(line: Line, section: Global) -> None:
    """
    Refuse to start when the system allows too few descriptors for C{maxconn}; the default.
    """
    section.strict_limits = not line.negated


@keyword("fd-hard-limit", sections="global", high=1, syntax="<number>")
def kw_fd_hard_limit(line: Line, section: Global) -> None:
    """
    Most descriptors that a worker tries to have, however many the system allows.
    """
    section.fd_hard_limit = whole_number(line)
    if section.fd_hard_limit < 1:
        raise ConfigError(f"'{line.name}' expects a positive integer argument.")


@keyword("maxpipes", sections="global", high=1, syntax="<number>")
def kw_maxpipes(line: Line, section: Global) -> None:
    """
    Most pipes that C{splice} uses at a time; by default all descriptors that connections leave.
    """
    if section.maxpipes is not None:
        already_specified(line)
    else:
        section.maxpipes = whole_number(line)


@keyword("set-dumpable", sections="global", negatable=True)
def kw_set_dumpable(line: Line, section: Global) -> None:
    """
    Let a worker that crashes leave a core file, even behind a change of user.
    """
    section.dumpable = not line.negated


@keyword("insecure-fork-wanted", sections="global", negatable=True)
def kw_insecure_fork_wanted(line: Line, section: Global) -> None:
    """
    Let workers start processes and threads, which they are forbidden otherwise.
    """
    section.may_fork = not line.negated


@keyword("insecure-setuid-wanted", sections="global", negatable=True)
def kw_insecure_setuid_wanted(line: Line, section: Global) -> None:
    """
    Let programs that workers start gain rights by their setuid bit.
    """
    section.may_setuid = not line.negated
