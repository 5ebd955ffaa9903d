"""
Console command C{show version} of the master.
"""

from __future__ import annotations

from mwproxy import __version__
from mwproxy.console.dispatch import Feedback, Invocation
from mwproxy.core.families import command


@command("show version", on="master", changes=False, text="show the version of this process")
def cmd_show_version(invocation: Invocation) -> Feedback:
    """
    Tell the version.

    @param invocation: The command.

    @return: The version.
    """
    return Feedback(__version__)
