"""
Commands that the consoles of master and workers share: about the connection itself.
"""

from __future__ import annotations

from mwproxy.console.dispatch import CommandError, Invocation, help_text
from mwproxy.core.families import command
from mwproxy.core.levels import Level

BOTH = "master worker"


@command(
    "help",
    on=BOTH,
    changes=False,
    usage="help [<command>]",
    text="list all commands, or those that match",
)
def cmd_help(invocation: Invocation) -> str:
    """
    List commands.

    @param invocation: The command; its arguments are the first words to match.

    @return: The list.
    """
    return help_text(
        invocation.registry,
        invocation.args,
        invocation.listed_for,
        expert=invocation.state.expert,
    )


@command("echo", on=BOTH, changes=False, usage="echo <text>", text="repeat the text")
def cmd_echo(invocation: Invocation) -> str:
    """
    Repeat the arguments.

    @param invocation: The command.

    @return: The text.
    """
    return " ".join(invocation.args) + "\n"


@command("show cli level", on=BOTH, changes=False, text="show the level of this connection")
def cmd_show_cli_level(invocation: Invocation) -> str:
    """
    Name the level.

    @param invocation: The command.

    @return: C{user}, C{operator} or C{admin}.
    """
    return f"{invocation.level.word}\n"


@command("user", on=BOTH, changes=False, text="lower the level of this connection to user")
def cmd_user(invocation: Invocation) -> None:
    """
    Lower the level.

    @param invocation: The command.
    """
    _lower(invocation, Level.USER)


@command("operator", on=BOTH, changes=False, text="lower the level of this connection to operator")
def cmd_operator(invocation: Invocation) -> None:
    """
    Lower the level.

    @param invocation: The command.
    """
    _lower(invocation, Level.OPERATOR)


def _lower(invocation: Invocation, level: Level) -> None:
    if invocation.level < level:
        raise CommandError("Permission denied")
    invocation.state.level = level
    invocation.silent = "-" in invocation.args


def switch(invocation: Invocation, name: str, now: bool) -> tuple[bool, str]:
    """
    Read C{on}, C{off} or nothing behind the name of a mode.

    @param invocation: The command.

    @param name: The mode's name.

    @param now: Whether it is on.

    @return: Whether it is to be on, and what to say.

    @raise CommandError: There is any other word.
    """
    word = invocation.argument(0)
    invocation.silent = invocation.argument(1) == "-"
    if word in ("", "-"):
        return now, f"{name} is {'ON' if now else 'OFF'}\n"
    if word not in ("on", "off"):
        raise CommandError(f"'{name}' expects 'on' or 'off'.")
    return word == "on", ""


@command("expert-mode", on=BOTH, changes=False, level="admin", usage="expert-mode [on|off]",
         text="allow commands for experts", hidden=True)  # fmt: skip
def cmd_expert_mode(invocation: Invocation) -> str:
    """
    Turn the mode on or off, or tell which it is.

    @param invocation: The command.

    @return: The state, if asked for.
    """
    state = invocation.state
    state.expert, text = switch(invocation, "expert-mode", state.expert)
    return text


@command("experimental-mode", on=BOTH, level="admin", usage="experimental-mode [on|off]",
         changes=False, text="allow commands that may change", hidden=True)  # fmt: skip
def cmd_experimental_mode(invocation: Invocation) -> str:
    """
    Turn the mode on or off, or tell which it is.

    @param invocation: The command.

    @return: The state, if asked for.
    """
    state = invocation.state
    state.experimental, text = switch(invocation, "experimental-mode", state.experimental)
    return text


@command("set severity-output", on=BOTH, usage="set severity-output [none|number|string]",
         changes=False, text="put a severity before feedback")  # fmt: skip
def cmd_set_severity_output(invocation: Invocation) -> None:
    """
    Choose how feedback begins.

    @param invocation: The command.

    @raise CommandError: The word is none of the three.
    """
    word = invocation.argument(0)
    if word not in ("none", "number", "string"):
        raise CommandError("one of 'none', 'number', 'string' is a required argument")
    invocation.state.severity = word
    invocation.silent = invocation.argument(1) == "-"


@command("quit", on=BOTH, changes=False, text="close the connection")
def cmd_quit(invocation: Invocation) -> None:
    """
    Close the connection.

    @param invocation: The command.
    """
    invocation.state.closing = True
    invocation.silent = True


def environment_text(environment: dict[str, str], name: str) -> str:
    """
    Write variables.

    @param environment: The variables.

    @param name: The only one to show, empty for all.

    @return: Lines.

    @raise CommandError: There is no such variable.
    """
    if name:
        if name not in environment:
            raise CommandError("Variable not found")
        environment = {name: environment[name]}
    return "".join(f"{key}={value}\n" for key, value in environment.items())
