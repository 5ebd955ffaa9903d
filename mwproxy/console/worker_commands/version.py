"""
Console commands C{show version}, C{show env}, C{show startup-logs} of a worker.
"""

from __future__ import annotations

import os

from mwproxy import __version__
from mwproxy.console.common_commands import environment_text
from mwproxy.console.dispatch import Feedback, Invocation
from mwproxy.core.families import command


@command("show version", on="worker", changes=False, text="show the version of this process")
def cmd_show_version(invocation: Invocation) -> Feedback:
    """
    Tell the version.

    @param invocation: The command.

    @return: The version.
    """
    return Feedback(__version__)


@command("show env", on="worker", changes=False, level="operator", usage="show env [<name>]",
         text="show environment variables")  # fmt: skip
def cmd_show_env(invocation: Invocation) -> str:
    """
    Show the environment that the configuration left.

    @param invocation: The command.

    @return: Lines C{name=value}.
    """
    environment = getattr(invocation.subject, "environment", None)
    if environment is None:
        environment = dict(os.environ)
    return environment_text(environment, invocation.argument(0))


@command("show startup-logs", on="worker", changes=False, level="operator",
         text="show what was printed while starting")  # fmt: skip
def cmd_show_startup_logs(invocation: Invocation) -> str:
    """
    Repeat the messages of the start.

    @param invocation: The command.

    @return: Lines.
    """
    return "".join(
        line if line.endswith("\n") else f"{line}\n" for line in invocation.subject.startup_messages
    )
