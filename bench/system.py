"""
What the measurements read of the system: CPU time, memory, ports, CPUs.
"""

from __future__ import annotations

import os
import resource
import socket
from pathlib import Path


def cpu_seconds(pid: int) -> float:
    """Tell the CPU time a process has used, all its threads (user and system)."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def ticks_seconds(pid: int) -> float:
    """Tell utime + stime of a process: the same, but only in steps of a clock tick."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def used_cpu(pid: int) -> float:
    """Tell the CPU time a process has used, as finely as the kernel says."""
    try:
        return cpu_seconds(pid)
    except (OSError, IndexError):
        return ticks_seconds(pid)


def rss_kib(pid: int) -> int:
    """Tell the resident memory of a process, in KiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def pss_kib(pid: int) -> int:
    """Tell the memory of a process with shared pages split among those who share them, in KiB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def pinned(cpu: int, command: list[str]) -> list[str]:
    """Run a command on one CPU, where there are two; CPU 0 is the proxy's, 1 all others'."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        return command
    return ["taskset", "-c", str(cpus[cpu]), *command]


def raise_limits() -> int:
    """Allow as many descriptors as we may have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
