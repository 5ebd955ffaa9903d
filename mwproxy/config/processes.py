"""
Which processes of several (C{nbproc}) do what: sets of relative numbers, as C{bind-process},
C{process} and C{cpu-map} write them, and whether they fit each other (configuration manual of
HAProxy 2.4, the last that has them).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mwproxy.config.model import Bind, Configuration, Global, Proxy
from mwproxy.core.diagnostics import ConfigError, Diagnostics

#: The highest number of a process, and of a thread.
MOST = 64

_RANGE = re.compile(r"(\d{1,4})(?:(-)(\d{1,4})?)?", re.ASCII)


def parse_numbers(text: str, prefix: str) -> frozenset[int]:
    """
    Read one set of processes or threads.

    @param text: C{all}, C{odd}, C{even}, a number, or a range whose end may be missing.

    @param prefix: How a message begins: C{'process'} for example.

    @return: The numbers, all of them for C{all}.

    @raise ConfigError: It is no set.
    """
    every = range(1, MOST + 1)
    if text == "all":
        return frozenset(every)
    if text in ("odd", "even"):
        return frozenset(number for number in every if number % 2 == (text == "odd"))
    found = _RANGE.fullmatch(text)
    if found is None:
        raise ConfigError(f"{prefix} : '{text}' is not a valid number/range.")
    low = int(found[1])
    high = int(found[3]) if found[3] else MOST if found[2] else low
    low, high = min(low, high), max(low, high)
    if low < 1 or high > MOST:
        raise ConfigError(
            f"{prefix} : '{text}' is not a valid number/range. It supports numbers from 1 to"
            f" {MOST}."
        )
    return frozenset(range(low, high + 1))


def parse_processes(words: Iterable[str], prefix: str) -> frozenset[int]:
    """
    Read the processes that something is limited to: several sets, joined.

    @return: The numbers, none for all processes.

    @raise ConfigError: One is no set.
    """
    numbers = frozenset[int]().union(*(parse_numbers(word, prefix) for word in words))
    return frozenset() if len(numbers) == MOST else numbers


def fit_processes(configuration: Configuration, count: int, diagnostics: Diagnostics) -> None:
    """
    Bring what is limited to processes together with those that run, and warn of what does not fit.

    @param configuration: Not sealed yet.

    @param count: How many processes there are.
    """
    settings = configuration.global_
    settings.nbproc = count
    running = frozenset(range(1, count + 1))
    for proxy in configuration.proxies:
        if not proxy.disabled and proxy.processes and not proxy.processes & running:
            diagnostics.warning(
                f"Proxy '{proxy.name}': 'bind-process' names none of the processes that 'nbproc"
                f" {count}' runs: it is not started."
            )
    _follow_frontends(configuration)
    for proxy in configuration.proxies:
        covered = proxy.processes & running if proxy.processes else running
        if not proxy.disabled and covered:
            for bind in proxy.binds:
                _fit_bind(bind, proxy.name, covered, diagnostics)
    covered = settings.stats_processes & running or running
    for bind in settings.stats_sockets:
        _fit_bind(bind, "GLOBAL", covered, diagnostics)
        limited = (bind.settings.processes or running) & covered
        bind.settings.processes = frozenset() if limited == running else limited
    if count > 1:
        _warn_of_shared_consoles(settings, diagnostics)


def _follow_frontends(configuration: Configuration) -> None:
    """
    Have backends run where the frontends do that use them.
    """
    backends = {each.name: each for each in configuration.proxies if each.kind == "backend"}
    for proxy in configuration.proxies:
        if proxy.disabled or not proxy.has_frontend:
            continue
        for name in _targets(proxy):
            target = backends.get(name)
            if target is not None and target.processes:
                both = target.processes | proxy.processes
                target.processes = both if proxy.processes else frozenset()


def _targets(proxy: Proxy) -> list[str]:
    return [proxy.default_backend, *(each.target for each in proxy.use_backend if not each.dynamic)]


def _fit_bind(bind: Bind, name: str, covered: frozenset[int], diagnostics: Diagnostics) -> None:
    wanted = bind.settings.processes
    if not wanted or wanted & covered:
        return
    line = f"on the 'process' directive of 'bind {bind.address}' at [{bind.where}]"
    if len(wanted) == 1:
        diagnostics.warning(
            f"Proxy '{name}': the process number specified {line} refers to a process not covered"
            " by the proxy. This has been fixed by forcing it to run on the proxy's first process"
            " only."
        )
        bind.settings.processes = frozenset((min(covered),))
    else:
        diagnostics.warning(
            f"Proxy '{name}': the process range specified {line} only refers to processes not"
            " covered by the proxy. The directive was ignored so that all of the proxy's processes"
            " are used."
        )
        bind.settings.processes = frozenset()


def _warn_of_shared_consoles(settings: Global, diagnostics: Diagnostics) -> None:
    if any(len(bind.settings.processes) != 1 for bind in settings.stats_sockets):
        diagnostics.warning(
            "stats socket will not work as expected in multi-process mode (nbproc > 1), you should"
            " force process binding globally using 'stats bind-process' or per socket using the"
            " 'process' attribute."
        )
