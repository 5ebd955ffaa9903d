"""
Console command C{show startup-logs} of the master.
"""

from __future__ import annotations

from mwproxy.console.dispatch import Invocation
from mwproxy.console.master_view import MasterView
from mwproxy.core.families import command


@command("show startup-logs", on="master", changes=False, level="operator",
         text="show what was printed since the last start or reload began")  # fmt: skip
def cmd_show_startup_logs(invocation: Invocation) -> str:
    """
    Repeat the messages of the latest start or reload, and all since.

    @param invocation: The command.

    @return: Lines.
    """
    view: MasterView = invocation.subject
    return view.startup_log()
