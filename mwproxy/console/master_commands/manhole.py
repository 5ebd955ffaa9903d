"""
Console command C{manhole} of the master.
"""

from __future__ import annotations

from mwproxy.console.dispatch import CommandError, Invocation
from mwproxy.console.manhole import NoManhole
from mwproxy.console.master_view import MasterView
from mwproxy.core.families import command

EXPERT = "This command is restricted to expert mode only."


@command("manhole", on="master", level="admin",
         text="open a Python prompt inside the master [mwproxy]",
         expert=True, changes=True)  # fmt: skip
async def cmd_manhole(invocation: Invocation) -> str:
    """
    Open a Python prompt inside the master: in expert mode, on a UNIX socket, where the
    configuration has C{insecure-manhole-wanted}. Each line is noted in the audit.

    @param invocation: The command.

    @return: Nothing, at the end of the prompt.

    @raise CommandError: It is not allowed, or not installed.
    """
    view: MasterView = invocation.subject
    if not invocation.state.expert:
        raise CommandError(EXPERT)
    if not invocation.state.who.startswith("uid="):
        raise CommandError("The Python prompt is for UNIX sockets only.")
    if not view.manhole_wanted:
        raise CommandError(
            "The Python prompt is not allowed; 'insecure-manhole-wanted' in 'global' allows it."
        )
    if invocation.args:
        raise CommandError("'manhole' takes no argument.")
    if invocation.session is None:
        raise CommandError("Not here.")
    try:
        await invocation.session.open_python(view.namespace())
    except NoManhole as error:
        raise CommandError(str(error)) from None
    return ""
