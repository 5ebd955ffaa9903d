"""
What a command of C{mwproxyctl} is. Adding a file to C{commands/} adds a command.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from mwproxy.core.registry import Registry

PACKAGE = "mwproxy.client.commands"
#: Exit statuses: it was done; it was refused or failed; nobody could be asked, or the end is
#: not known; the command line makes no sense (C{EX_USAGE}).
DONE, FAILED, UNREACHABLE, USAGE = 0, 1, 2, 64


@dataclass(frozen=True, slots=True)
class ClientCommand:
    """
    One command.

    @ivar text: What it does, in a few words.

    @ivar arguments: Declares its options.

    @ivar run: Does it; gets the parsed command line, gives the exit status.
    """

    text: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


client_commands: Registry[ClientCommand] = Registry("command")


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
