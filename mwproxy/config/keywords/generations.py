"""
C{global}: what a master keeps of former configurations, and what its console may do beyond HAProxy.
"""

from __future__ import annotations

from mwproxy.config.line import Line
from mwproxy.config.model import Global
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import keyword
from mwproxy.core.values import BadValue, parse_integer, parse_size

MOST_KEPT = 1000
MOST_BYTES = 1 << 30


@keyword("kept-generations", sections="global", low=1, high=2, syntax="<number> [<size>]",
         discovery=True)  # fmt: skip
def kw_kept_generations(line: Line, section: Global) -> None:
    """
    How many former configurations the master keeps for C{rollback} and C{show generations diff}
    (8 unless said), and how much memory they may take (8m).

    What serves, and what a C{reload confirm} goes back to, is kept in any case.
    """
    try:
        count = parse_integer(line.args[0], 0, MOST_KEPT)
    except BadValue:
        raise ConfigError(
            f"'{line.name}' expects a number between 0 and {MOST_KEPT} (got '{line.args[0]}')."
        ) from None
    size = section.kept_bytes
    if len(line.args) > 1:
        try:
            size = parse_size(line.args[1])
        except BadValue:
            size = -1
        if not 0 <= size <= MOST_BYTES:
            raise ConfigError(
                f"'{line.name}' expects a size of at most 1g such as '8m' as second argument "
                f"(got '{line.args[1]}')."
            )
    section.kept_generations, section.kept_bytes = count, size


@keyword("insecure-manhole-wanted", sections="global", negatable=True, discovery=True)
def kw_insecure_manhole_wanted(line: Line, section: Global) -> None:
    """
    Allow the console command C{manhole}: a Python prompt inside the master, for level admin in
    expert mode on UNIX sockets.
    """
    section.manhole_wanted = not line.negated
