"""
Console commands C{get var} and C{set var}: variables of the process.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import Any

from mwproxy.console.dispatch import CommandError, Invocation
from mwproxy.core import compilers
from mwproxy.core.diagnostics import NOWHERE, ConfigError, Diagnostics
from mwproxy.core.families import command
from mwproxy.rules.variables import check_name, is_name, reader, writer

EXPERIMENTAL = "This command is restricted to experimental mode only."


def _shown(value: Any) -> tuple[str, str]:
    if isinstance(value, bool):
        return "bool", str(int(value))
    if isinstance(value, int):
        return "sint", str(value)
    if isinstance(value, IPv4Address):
        return "ipv4", str(value)
    if isinstance(value, IPv6Address):
        return "ipv6", str(value)
    text = value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)
    return "str", text.replace("\n", "\\n")


@command("get var", on="worker", level="operator", usage="get var <name>", changes=False,
         text="show a variable of the process")  # fmt: skip
def cmd_get_var(invocation: Invocation) -> str:
    """
    Show type and value of a variable.

    @param invocation: The command.

    @return: A line.

    @raise CommandError: There is no such variable.
    """
    name = invocation.argument(0)
    if not name:
        raise CommandError("Missing process-wide variable identifier.")
    value = reader(name)(None) if name.startswith("proc.") and is_name(name) else None
    if value is None:
        raise CommandError("Variable not found.")
    kind, text = _shown(value)
    return f"{name}: type={kind} value=<{text}>\n"


@command("set var", on="worker", usage="set var <name> [fmt|expr] {<format>|<expression>}",
         changes=True, text="set a variable of the process (experimental)")  # fmt: skip
def cmd_set_var(invocation: Invocation) -> None:
    """
    Evaluate an expression or a format now, and keep the value.

    @param invocation: The command; only after C{experimental-mode on}.

    @raise CommandError: The mode is off, the name is of another scope, or the rest is neither
        expression nor format.
    """
    if not invocation.state.experimental:
        raise CommandError(EXPERIMENTAL)
    name, *words = invocation.args or [""]
    if not name:
        raise CommandError("Missing process-wide variable identifier.")
    if words[:1] in (["expr"], ["fmt"]) and len(words) == 1:
        words = []
    if not words or not words[0]:
        raise CommandError("Missing either 'expr', 'fmt' or expression.")
    if not name.startswith("proc."):
        raise CommandError(
            f"'set var': cannot set variable '{name}', only scope 'proc' is permitted here."
        )
    try:
        check_name(name)
        value = _evaluated(words)
    except ConfigError as error:
        raise CommandError(str(error)) from None
    if value is None:
        raise CommandError("The expression has no value here.")
    writer(name)(None, value)


def _evaluated(words: list[str]) -> Any:
    rules = compilers.rules()
    diagnostics = Diagnostics()
    if words[0] == "fmt":
        compute: Any = rules.log_format(words[1], None, NOWHERE, diagnostics, http=False, log=False)
    else:
        words = words[1:] if words[0] == "expr" else words
        compute, _taken = rules.expression(words, None, NOWHERE, diagnostics)
    try:
        return compute(None)
    except AttributeError:
        # It looks at a stream, and there is none.
        raise ConfigError("the expression needs a session, and a console has none") from None
