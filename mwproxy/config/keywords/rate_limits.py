"""
Limits on how many clients come in a second: C{maxconnrate}, C{maxsessrate}, C{rate-limit sessions}.
"""

from __future__ import annotations

from mwproxy.config import model
from mwproxy.config.capability import ignored_in_backend
from mwproxy.config.keywords.process import already_specified, whole_number
from mwproxy.config.line import Line
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import PROXY, keyword
from mwproxy.core.values import BadValue, parse_integer


@keyword("maxconnrate", sections="global", high=1, syntax="<number>")
def kw_maxconnrate(line: Line, section: model.Global) -> None:
    """
    Accept at most so many connections per second and worker; others wait in the backlog.
    """
    if section.maxconnrate:
        already_specified(line)
    else:
        section.maxconnrate = whole_number(line)


@keyword("maxsessrate", sections="global", high=1, syntax="<number>")
def kw_maxsessrate(line: Line, section: model.Global) -> None:
    """
    Begin at most so many sessions per second and worker. A session begins when its connection is
    accepted, so the lower one of this and C{maxconnrate} counts.
    """
    if section.maxsessrate:
        already_specified(line)
    else:
        section.maxsessrate = whole_number(line)


@keyword("rate-limit", sections=PROXY, high=None, syntax="sessions <rate>")
def kw_rate_limit(line: Line, proxy: model.Proxy) -> None:
    """
    Accept at most so many clients per second on a frontend; others wait in the backlog.
    """
    kind = line.args[0] if line.args else ""
    if kind != "sessions":
        raise ConfigError(f"'rate-limit' only supports 'sessions' (got '{kind}')")
    if len(line.args) < 2:
        raise ConfigError(
            "'rate-limit sessions' expects expects an integer value (in sessions/second)"
        )
    text = line.args[1]
    try:
        value = parse_integer(text, 0, 2**31 - 1)
    except BadValue:
        odd = text.lstrip("0123456789")[:1] or text[:1]
        raise ConfigError(
            f"'rate-limit sessions' : unexpected character '{odd}' in integer value '{text}'"
        ) from None
    if not ignored_in_backend(line, proxy):
        proxy.rate_limit = value
