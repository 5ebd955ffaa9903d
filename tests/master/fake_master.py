"""
A true master with fake workers: C{fake_master.py <file> [<-S option>...]}.
"""

from __future__ import annotations

import sys
from pathlib import Path

import mwproxy.master.standby as standby
import mwproxy.process.early as early
from mwproxy.master.start import run_master
from mwproxy.process.settings import Settings
from mwproxy.process.system import System

if __name__ == "__main__":
    script = str(Path(__file__).with_name("fake_worker.py"))
    vars(standby)["worker_command"] = lambda: [sys.executable, script]
    vars(early)["worker_command"] = lambda: [sys.executable, script]
    System.become_subreaper = lambda self: False  # type: ignore[method-assign]  # no nursery
    file, *sockets = sys.argv[1:]
    sys.exit(
        run_master(
            Settings(
                files=(file,),
                sockets=tuple(sockets),
                master=True,
                foreground=True,
                systemd=True,
                argv0="mwproxy",
            )
        )
    )
