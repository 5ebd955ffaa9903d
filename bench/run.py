"""
Prints the table: `python -m bench.run [row …]`.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench import (
    bulk,
    cold,
    console,
    http,
    memory,
    reload,
    respawn,
    servers,
    sizes,
    spoa,
    spoe,
    takeover,
)
from bench.network import congestion_control, enter_own_network
from bench.peers import COMMANDS
from bench.table import HEADING, Row

ROWS: dict[str, Callable[[], list[Row]]] = {
    "http": http.keep_alive,
    "rules": http.rules,
    "close": http.one_shot,
    "tcp": http.tcp,
    "bulk": bulk.bulk,
    "reload": reload.reload,
    "sizes": sizes.sizes,
    "storm": reload.storm,
    "takeover": takeover.takeover,
    "respawn": respawn.respawn,
    "memory": memory.memory,
    "cold": cold.cold,
    "spoa": spoa.spoa,
    "spoe": spoe.spoe,
    "in-flight": spoe.in_flight,
    "set-server": servers.set_server,
    "stat": console.stat,
    "sessions": console.sessions,
}


def _versions() -> str:
    said = []
    for name, command in COMMANDS.items():
        done = subprocess.run([command[0], "-v"], capture_output=True, text=True, check=False)
        said.append((done.stdout.splitlines() or [f"{name}: unknown"])[0])
    cpus = len(os.sched_getaffinity(0))
    return "\n".join(
        [
            *said,
            f"Python {platform.python_version()}, {cpus} CPUs, {platform.release()}, "
            f"congestion control {congestion_control()}",
        ]
    )


def main(names: list[str]) -> int:
    """Measure the named rows, or all; the exit status is 1 when one is not reached."""
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        print(f"no such row: {' '.join(unknown)}; there are: {' '.join(ROWS)}")
        return 2
    missing = [tool for tool in ("haproxy", "wrk", "taskset") if not _installed(tool)]
    if missing:
        print(f"not installed: {' '.join(missing)}; on Debian: apt install haproxy wrk util-linux")
        return 2
    enter_own_network(names)
    print(_versions(), end="\n\n", flush=True)
    rows: list[Row] = []
    for name in names or ROWS:
        begun = time.monotonic()
        print(f"{name} …", flush=True)
        rows += ROWS[name]()
        print(f"{name}: {time.monotonic() - begun:.0f} s", flush=True)
    table = "\n".join([HEADING, *(row.line() for row in rows)])
    print(f"\n{table}")
    output = Path("run")
    output.mkdir(exist_ok=True)
    (output / "bench.md").write_text(f"{_versions()}\n\n{table}\n")
    return 0 if all(row.holds for row in rows) else 1


def _installed(tool: str) -> bool:
    return subprocess.run(["which", tool], capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
