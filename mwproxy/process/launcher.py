"""
Going to the background: the process that was started waits until the daemon serves, then exits.
"""

from __future__ import annotations

import os

from mwproxy.process.messages import Speaker
from mwproxy.process.system import exit_text, fork_daemon


def launch(speaker: Speaker) -> tuple[int | None, int]:
    """
    Split into launcher and daemon.

    @param speaker: Says why the daemon failed, if it does.

    @return: In the daemon L{None} and the pipe to the launcher. In the launcher, once all is
        known, its exit status and -1.
    """
    pid, pipe = fork_daemon()
    if not pid:
        return None, pipe
    ready = os.read(pipe, 16)
    if ready.startswith(b"READY"):
        return 0, -1
    _, raw = os.waitpid(pid, 0)
    status = os.waitstatus_to_exitcode(raw)
    if status < 0:
        status = 128 - status
    speaker.alert(f"Process {pid} exited with code {status} ({exit_text(status)})")
    return (0 if status == 143 else status), -1
