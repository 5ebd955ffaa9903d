"""
C{global} and proxies: what is limited to some of several processes.
"""

from __future__ import annotations

from mwproxy.config.cpu_map import parse_cpu_map
from mwproxy.config.keywords.process import no_effect
from mwproxy.config.line import Line
from mwproxy.config.model import Global, Proxy
from mwproxy.config.processes import parse_processes
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import PROXY, keyword

_SETS = "all | odd | even | <number>[-[<number>]] ..."


@keyword("bind-process", sections=PROXY, high=None, syntax=_SETS)
def kw_bind_process(line: Line, proxy: Proxy) -> None:
    """
    Run a section in some of the workers only.
    """
    proxy.processes = _processes(line)


@keyword("stats bind-process", sections="global", high=None, syntax=_SETS)
def kw_stats_bind_process(line: Line, section: Global) -> None:
    """
    Offer each C{stats socket} in some of the workers only.
    """
    section.stats_processes = _processes(line)


def _processes(line: Line) -> frozenset[int]:
    if not line.args:
        raise ConfigError(f"'{line.name}' expects 'all', 'odd', 'even', or a list of ranges.")
    return parse_processes(line.args, f"'{line.name}'")


@keyword(
    "cpu-map", sections="global", high=None, syntax="[auto:]<processes>[/<threads>] <cpu-set>..."
)  # fmt: skip
def kw_cpu_map(line: Line, section: Global) -> None:
    """
    Let workers run on some of the processors only. Lines of the same worker add up.
    """
    bound = parse_cpu_map(line.args)
    if not bound:
        no_effect(line, "these threads do not exist, as a worker has only the first")
    for process, cpus in bound.items():
        section.cpu_map[process] = section.cpu_map.get(process, frozenset()) | cpus
