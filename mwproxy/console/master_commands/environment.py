"""
Console command C{show env} of the master.
"""

from __future__ import annotations

from mwproxy.console.common_commands import environment_text
from mwproxy.console.dispatch import Invocation
from mwproxy.console.master_view import MasterView
from mwproxy.core.families import command


@command("show env", on="master", changes=False, level="operator", usage="show env [<name>]",
         text="show environment variables")  # fmt: skip
def cmd_show_env(invocation: Invocation) -> str:
    """
    Show the environment that the configuration is read with.

    @param invocation: The command.

    @return: Lines C{name=value}.
    """
    view: MasterView = invocation.subject
    return environment_text(view.environment(), invocation.argument(0))
