"""
C{global}: keywords that change the environment of the lines that follow.
"""

from __future__ import annotations

from mwproxy.config.line import Line
from mwproxy.config.model import Global
from mwproxy.core.families import keyword


def _complain(line: Line, text: str) -> None:
    line.diagnostics.alert(f"config : parsing [{line.where}]: {text}")


@keyword("setenv", sections="global", high=None, syntax="<name> <value>", discovery=True)
def kw_setenv(line: Line, section: Global) -> None:
    """
    Set a variable.
    """
    if len(line.args) < 2:
        _complain(line, "'setenv' expects a name and a value.")
    else:
        line.environment[line.args[0]] = line.args[1]


@keyword("presetenv", sections="global", high=None, syntax="<name> <value>", discovery=True)
def kw_presetenv(line: Line, section: Global) -> None:
    """
    Set a variable unless it is set.
    """
    if len(line.args) < 2:
        _complain(line, "'presetenv' expects a name and a value.")
    else:
        line.environment.setdefault(line.args[0], line.args[1])


@keyword("unsetenv", sections="global", high=None, syntax="<name> ...", discovery=True)
def kw_unsetenv(line: Line, section: Global) -> None:
    """
    Remove variables.
    """
    if not line.args:
        _complain(line, "'unsetenv' expects at least one variable name.")
    for name in line.args:
        line.environment.pop(name, None)


@keyword("resetenv", sections="global", high=None, syntax="[<name> ...]", discovery=True)
def kw_resetenv(line: Line, section: Global) -> None:
    """
    Remove all variables but those named.
    """
    for name in set(line.environment) - set(line.args):
        del line.environment[name]
