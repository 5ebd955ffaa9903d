"""
C{mwproxyctl top}: a live view of proxies, servers and processes.
"""

from __future__ import annotations

import argparse
import os
import sys

from mwproxy.client.command import (
    FAILED,
    USAGE,
    ClientCommand,
    client_commands,
    complain,
    open_lasting,
    positive_seconds,
)

#: Seconds between looks, and that one may take before the console counts as gone.
INTERVAL = 2.0
PATIENCE = 15.0
NEEDS_RICH = "'top' needs rich: pip install 'mwproxy[top]'"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare the options.
    """
    parser.add_argument(
        "-i",
        "--interval",
        type=positive_seconds,
        default=INTERVAL,
        metavar="SECONDS",
        help=f"time between looks (default {INTERVAL:g}); longer when looking takes long",
    )
    parser.add_argument(
        "--once",
        action="store_true",
        default=False,
        help="print one picture, of two looks, and end",
    )


def run(options: argparse.Namespace) -> int:
    """
    Show it.

    @param options: The command line.

    @return: The exit status.
    """
    try:
        from mwproxy.client.top.live import once, watch
    except ImportError:
        complain(NEEDS_RICH)
        return FAILED
    connect = lambda: open_lasting(options, PATIENCE)  # noqa: E731
    if options.once:
        return once(connect, options.socket, options.interval)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        complain("'top' needs a terminal; elsewhere: 'top --once', or '--json stat'")
        return USAGE
    if os.environ.get("TERM", "dumb") in ("dumb", ""):
        complain("'top' needs a terminal that moves its cursor, not TERM=dumb: 'top --once'")
        return USAGE
    return watch(connect, options.socket, options.interval)


client_commands.register(
    "top", ClientCommand("show proxies, servers and processes live", add_arguments, run)
)
