"""
C{cpu-map}: which processors a process may use (configuration manual 3.1).
"""

from __future__ import annotations

import re

from mwproxy.config.processes import MOST, parse_numbers
from mwproxy.core.diagnostics import ConfigError

#: Processors that can be named.
MOST_CPUS = 1024

_CPUS = re.compile(r"(\d{1,6})(?:(-)(\d{1,6})?)?", re.ASCII)


def parse_cpu_map(words: list[str]) -> dict[int, frozenset[int]]:
    """
    Read the arguments. With a set of threads only the first thread counts, as a process has no
    other.

    @param words: C{[auto:]processes[/threads]} and sets of processors.

    @return: The processors of each process that is named; none where only other threads are.

    @raise ConfigError: They make no sense.
    """
    if len(words) < 2:
        raise ConfigError(
            f"cpu-map expects a process number  ('all', 'odd', 'even', a number from 1 to {MOST} or"
            " a range),  followed by a list of CPU ranges with numbers from 0 to 63."
        )
    automatic = words[0].startswith("auto:")
    first, slash, second = words[0].removeprefix("auto:").partition("/")
    processes = sorted(parse_numbers(first, "cpu-map"))
    threads = sorted(parse_numbers(second, "cpu-map")) if slash else [1]
    cpus = sorted(
        set().union(*(_parse_cpus(part) for word in words[1:] for part in word.split(",")))
    )
    if not automatic:
        return dict.fromkeys(processes, frozenset(cpus)) if 1 in threads else {}
    if len(processes) * len(threads) != len(cpus):
        raise ConfigError(
            "cpu-map : PROC/THREAD range and CPU sets must have the same size to be automatically"
            " bound"
        )
    places = [(process, thread) for process in processes for thread in threads]
    bound = zip(places, cpus, strict=True)
    return {process: frozenset((cpu,)) for (process, thread), cpu in bound if thread == 1}


def _parse_cpus(text: str) -> range:
    found = _CPUS.fullmatch(text)
    if found is None:
        raise ConfigError(f"cpu-map : '{text}' is not a CPU range.")
    low = int(found[1])
    high = int(found[3]) if found[3] else MOST_CPUS - 1 if found[2] else low
    low, high = min(low, high), max(low, high)
    if high >= MOST_CPUS:
        raise ConfigError(f"cpu-map : supports CPU numbers from 0 to {MOST_CPUS - 1}.")
    return range(low, high + 1)
