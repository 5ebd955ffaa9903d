"""
The way to a master: what is to be settled before there is one, with as little imported as possible.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from mwproxy.process.discovery import discover
from mwproxy.process.early import EarlyWorker, start_early
from mwproxy.process.environment import initial_environment
from mwproxy.process.inheritance import MasterFacts
from mwproxy.process.launcher import launch
from mwproxy.process.messages import Speaker
from mwproxy.process.ready_fd import ReadyFd
from mwproxy.process.reexec import capture
from mwproxy.process.settings import Settings


def run_master(
    settings: Settings, facts: MasterFacts | None = None, early: EarlyWorker | None = None
) -> int:
    """
    Run a master to its end.

    @param settings: The command line.

    @param facts: What a former image of this process left, L{None} for an ordinary start.

    @param early: A worker that was started before, L{None} for none.

    @return: The exit status.
    """
    speaker = Speaker(settings.argv0)
    origin = capture(os.environ)
    # Before anything of ours gets that number.
    problem = ReadyFd(settings.notify_fd).keep() if facts is None else ""
    if problem:
        speaker.alert(problem)
        return 1
    environment = dict(os.environ)
    if settings.directory:
        try:
            os.chdir(settings.directory)
        except OSError as error:
            speaker.alert(f"Could not change to directory {settings.directory} : {error.strerror}")
            if facts is None:
                return 1
    launcher = -1
    background = facts is None and _goes_to_background(settings, environment, speaker)
    if background is None:
        return 1
    if background:
        status, launcher = launch(speaker)
        if status is not None:
            return status
        if early is not None:
            # It is the launcher's child.
            early.forget()
            early = None
    mine = start_early(environment) if early is None and facts is None else None
    from mwproxy.master.service import serve

    try:
        return serve(
            settings,
            speaker,
            environment=environment,
            origin=origin,
            launcher=launcher,
            early=early or mine,
            facts=facts,
        )
    finally:
        if mine is not None:
            mine.discard()


def _goes_to_background(
    settings: Settings, environment: Mapping[str, str], speaker: Speaker
) -> bool | None:
    """
    Tell whether there shall be a daemon.

    @return: L{None} if there should, but what the master reads of the files is wrong: it was said,
        by the process that the operator looks at.
    """
    if settings.foreground and not settings.daemon:
        return False
    initial = initial_environment(environment)
    found = discover(settings, initial, lambda message: None, master=True)
    if found is not None:
        return found.settings.daemon
    if not settings.daemon:
        return False
    speaker.quiet = settings.quiet
    discover(settings, initial, speaker.diagnostic, master=True)
    return None
