"""
What a command of C{mwproxyctl} is, and what it is given.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from mwproxy.client.connection import Credentials
from mwproxy.client.console import Console
from mwproxy.core.registry import Registry

PACKAGE = "mwproxy.client.commands"
#: Exit statuses: it was done; it was refused or failed; nobody could be asked, or the end is
#: not known; a reload was done, but old workers stay; the command line makes no sense
#: (C{EX_USAGE}); the user stopped it; nobody reads what it says.
DONE, FAILED, UNREACHABLE, LINGERING, USAGE, STOPPED, UNREAD = 0, 1, 2, 3, 64, 130, 141
#: Seconds for a connection, and for each command, unless C{--timeout} says it.
TIMEOUT = 60.0
#: Where each command is, so that one can be run without importing the others.
MODULES = {
    "completion": "completion",
    "drain": "states",
    "info": "listings",
    "maint": "states",
    "proc": "listings",
    "ready": "states",
    "reload": "reload",
    "servers": "listings",
    "sess": "listings",
    "stat": "listings",
    "top": "top",
}


@dataclass(frozen=True, slots=True)
class ClientCommand:
    """
    One command.

    @ivar text: What it does, in a few words.

    @ivar arguments: Declares its options.

    @ivar run: Does it; gets the parsed command line, gives the exit status. It may raise
        L{Unreachable<mwproxy.client.connection.Unreachable>}.
    """

    text: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


client_commands: Registry[ClientCommand] = Registry("command")


def load(name: str) -> ClientCommand:
    """
    Import a command.

    @param name: One of L{MODULES}.

    @return: It.
    """
    import_module(f"{PACKAGE}.{MODULES[name]}")
    return client_commands.get(name)


def open_console(options: argparse.Namespace, seconds: float = TIMEOUT) -> Console:
    """
    Connect as the command line says.

    @param options: It.

    @param seconds: How long that and each command may take, unless C{--timeout} says it.

    @return: The console.

    @raise Unreachable: It cannot be asked.
    """
    return Console(options.socket, options.timeout or seconds, credentials(options))


def open_lasting(options: argparse.Namespace, seconds: float = TIMEOUT) -> Console:
    """
    Connect for a while, as L{open_console} does.

    @return: A console that does not hang up while nobody asks.

    @raise Unreachable: It cannot be asked.
    """
    console = open_console(options, seconds)
    try:
        console.stay()
    except BaseException:
        console.close()
        raise
    return console


def credentials(options: argparse.Namespace) -> Credentials:
    """
    Get what TLS needs from the command line.
    """
    return Credentials(options.cert, options.key, options.ca, options.server_name)


def complain(text: str) -> None:
    """
    Say what is wrong.

    @param text: On standard error, with the program's name before it.
    """
    from mwproxy.client.terminal import neutral

    print(f"mwproxyctl: {neutral(text)}", file=sys.stderr)


def positive_seconds(text: str) -> float:
    """
    Read a number of seconds.

    @param text: Such as C{30} or C{0.5}.

    @return: It, above 0.

    @raise argparse.ArgumentTypeError: It is none.
    """
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e9:
        raise argparse.ArgumentTypeError(f"'{text}' is not a positive number of seconds")
    return seconds
