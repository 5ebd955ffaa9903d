"""
C{program} sections: processes that the master runs beside its workers.
"""

from __future__ import annotations

import grp
import pwd

from mwproxy.config.drafts import ProgramDraft
from mwproxy.config.line import Line
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import keyword


@keyword(
    "command", sections="program", high=None, syntax="<command> [<argument> ...]", discovery=True
)
def kw_command(line: Line, section: ProgramDraft) -> None:
    """
    What to run: a program, found along C{PATH}, and its arguments.
    """
    if not line.args:
        line.diagnostics.alert(
            f"config : parsing [{line.where}]: 'command' expects a command with optional arguments"
            " separated in words."
        )
        section.refused = True
    section.command = tuple(line.args)


@keyword("user", sections="program", high=1, syntax="<name>", discovery=True)
def kw_program_user(line: Line, section: ProgramDraft) -> None:
    """
    The user it runs as.
    """
    name = _name(line, "user")
    if not name:
        return
    try:
        pwd.getpwnam(name)
    except (KeyError, ValueError):
        raise ConfigError(f"cannot find user id for '{name}' (0:Success)") from None
    section.user = name


@keyword("group", sections="program", high=1, syntax="<name>", discovery=True)
def kw_program_group(line: Line, section: ProgramDraft) -> None:
    """
    The group it runs as.
    """
    name = _name(line, "group")
    if not name:
        return
    try:
        grp.getgrnam(name)
    except (KeyError, ValueError):
        raise ConfigError(f"cannot find group id for '{name}' (0:Success)") from None
    section.group = name


@keyword("option start-on-reload", sections="program", discovery=True, negatable=True)
def kw_option_start_on_reload(line: Line, section: ProgramDraft) -> None:
    """
    Whether a reload starts it anew; on unless C{no} stands before it.
    """
    section.start_on_reload = not line.negated
    section.reload_said = True


def _name(line: Line, kind: str) -> str:
    if not line.args or not line.args[0]:
        line.diagnostics.alert(f"config : parsing [{line.where}]: '{kind}' expects a {kind} name.")
        return ""
    return line.args[0]
