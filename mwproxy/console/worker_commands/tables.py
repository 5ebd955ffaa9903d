"""
Console commands about stick tables: C{show table}, C{set table}, C{clear table}.

mwproxy has no stick tables, so these answer what HAProxy answers without them.
"""

from __future__ import annotations

from mwproxy.console.dispatch import CommandError, Invocation
from mwproxy.core.families import command

UNKNOWN = "No such table"


@command("show table", on="worker", usage="show table <table> [<filter>]*", changes=False,
         text="list stick tables (there are none)")  # fmt: skip
def cmd_show_table(invocation: Invocation) -> None:
    """
    List stick tables.

    @param invocation: The command.

    @raise CommandError: One is named.
    """
    if invocation.args:
        raise CommandError(UNKNOWN)


@command("set table", on="worker", changes=True, level="operator",
         usage="set table <table> key <k> [data.* <v>]*",
         text="change an entry of a stick table (there are none)")  # fmt: skip
def cmd_set_table(invocation: Invocation) -> None:
    """
    Refuse, as there is no such table.

    @param invocation: The command.

    @raise CommandError: Always.
    """
    if not invocation.args:
        raise CommandError(
            "Required arguments: <table> key <key> [data.<store_data_type> <value>]*"
        )
    raise CommandError(UNKNOWN)


@command("clear table", on="worker", level="operator", usage="clear table <table> [<filter>]*",
         changes=True, text="remove entries of a stick table (there are none)")  # fmt: skip
def cmd_clear_table(invocation: Invocation) -> None:
    """
    Refuse, as there is no such table.

    @param invocation: The command.

    @raise CommandError: Always.
    """
    if not invocation.args:
        raise CommandError(
            'Required arguments: <table> "data.<store_data_type>" <operator> <value> or '
            "<table> key <key>"
        )
    raise CommandError(UNKNOWN)
