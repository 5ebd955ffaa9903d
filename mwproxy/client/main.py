"""
The C{mwproxyctl} command line.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import NoReturn

from mwproxy import PRODUCT, __version__
from mwproxy.client.command import PACKAGE, USAGE, client_commands
from mwproxy.core.registry import load_family

#: Names the console when C{-s} does not.
VARIABLE = "MWPROXY_SOCKET"
#: Where the units of C{systemd/} have it.
DEFAULT = "/run/mwproxy/master.sock"
STATUSES = """\
exit status: 0 done, 1 refused or failed (the reasons are on standard error),
2 the console cannot be reached or did not answer in time, 64 wrong usage
"""


class _Parser(argparse.ArgumentParser):
    """
    One that leaves exit status 2 to what it means here.
    """

    def error(self, message: str) -> NoReturn:
        """
        Refuse the command line.
        """
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def make_parser() -> argparse.ArgumentParser:
    """
    Declare the command line.

    @return: Reads it; gives the command as C{command}.
    """
    load_family(PACKAGE)
    parser = _Parser(
        prog="mwproxyctl",
        description="Talk to the console of an mwproxy master (its option -S).",
        epilog=STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "-s",
        "--socket",
        default=os.environ.get(VARIABLE) or DEFAULT,
        metavar="ADDRESS",
        help=f"the console: a path, or address:port (default ${VARIABLE}, else {DEFAULT})",
    )
    parser.add_argument("--version", action="version", version=f"{PRODUCT} {__version__}")
    below = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in client_commands:
        each = below.add_parser(
            name, help=command.text, description=command.text, allow_abbrev=False
        )
        command.arguments(each)
    return parser


def main(argv: list[str] | None = None) -> int:
    """
    Run one command.

    @param argv: The arguments without the program's name, L{None} for those of the process.

    @return: The exit status.
    """
    options = make_parser().parse_args(argv)
    try:
        return client_commands.get(options.command).run(options)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
