"""
The C{mwproxyctl} command line.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import NoReturn

from mwproxy import PRODUCT, __version__
from mwproxy.client.command import (
    MODULES,
    STOPPED,
    TIMEOUT,
    UNREACHABLE,
    UNREAD,
    USAGE,
    complain,
    load,
    positive_seconds,
)
from mwproxy.client.connection import Unreachable
from mwproxy.client.place import DEFAULT, MASTER_VARIABLE, VARIABLE, default_place

STATUSES = """\
exit status: 0 done, 1 refused or failed (the reasons are on standard error),
2 the console cannot be reached or did not answer in time, 3 reloaded, but old
workers stay, 64 wrong usage, 130 stopped by Ctrl-C
"""


class Formatter(argparse.RawDescriptionHelpFormatter):
    """
    One that knows the width of the terminal without the modules that the library's would import.
    """

    def __init__(self, prog: str) -> None:
        try:
            columns = int(os.environ.get("COLUMNS", "0")) or os.get_terminal_size().columns
        except (ValueError, OSError):
            columns = 80
        super().__init__(prog, width=max(40, columns - 2))


class Parser(argparse.ArgumentParser):
    """
    One that leaves exit status 2 to what it means here.
    """

    def error(self, message: str) -> NoReturn:
        """
        Refuse the command line.
        """
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def make_parser(*, texts: bool = True) -> Parser:
    """
    Declare the command line.

    @param texts: Whether the help is to tell of the commands, for which all are imported.

    @return: Reads it; gives the command and what follows as C{words}.
    """
    parser = Parser(
        prog="mwproxyctl",
        usage="mwproxyctl [option ...] [command ...]",
        description="Talk to a console: that of a master (-S) or of a worker (stats socket).\n"
        "Without a command it is interactive, or runs what standard input says.",
        epilog=_epilog() if texts else None,
        formatter_class=Formatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "-s",
        "--socket",
        default=default_place(),
        metavar="ADDRESS",
        help="the console: a path, host:port, tcp://host:port or tls://host:port"
        f" (default ${VARIABLE}, else ${MASTER_VARIABLE}, else {DEFAULT})",
    )
    add("--cert", default="", metavar="FILE", help="TLS: client certificate (PEM)")
    add("--key", default="", metavar="FILE", help="TLS: its key, when it is in another file")
    add("--ca", default="", metavar="FILE", help="TLS: authorities to trust, not the system's")
    add(
        "--server-name",
        default="",
        metavar="NAME",
        help="TLS: the name that the server's certificate must have, when it is not the host's",
    )
    add(
        "--timeout",
        type=positive_seconds,
        metavar="SECONDS",
        help=f"longest time to connect, and for each command (default {TIMEOUT:g})",
    )
    add("--json", action="store_true", help="listings as JSON")
    add("--version", action="version", version=f"{PRODUCT} {__version__}")
    add("words", nargs=argparse.REMAINDER, metavar="command", help="see below")
    return parser


def command_parser(name: str) -> Parser:
    """
    Declare what may follow a command.

    @param name: The command.

    @return: Reads it.
    """
    command = load(name)
    parser = Parser(
        prog=f"mwproxyctl {name}",
        description=f"{command.text[0].upper()}{command.text[1:]}.",
        epilog=STATUSES,
        formatter_class=Formatter,
        allow_abbrev=False,
        argument_default=argparse.SUPPRESS,
    )
    command.arguments(parser)
    return parser


def main(argv: list[str] | None = None) -> int:
    """
    Run one command, or a conversation.

    @param argv: The arguments without the program's name, L{None} for those of the process.

    @return: The exit status.
    """
    words = sys.argv[1:] if argv is None else argv
    options = make_parser(texts="-h" in words or "--help" in words).parse_args(words)
    try:
        return _run(options)
    except Unreachable as error:
        complain(str(error))
        return UNREACHABLE
    except BrokenPipeError:
        from mwproxy.client.output import forget_output

        forget_output()
        return UNREAD
    except KeyboardInterrupt:
        return STOPPED


def _run(options: argparse.Namespace) -> int:
    words = options.words
    if words and words[0] == "--":
        del words[0]
    elif words and words[0] in MODULES:
        command_parser(words[0]).parse_args(words[1:], options)
        return load(words[0]).run(options)
    if not words and sys.stdin.isatty() and not options.json:
        from mwproxy.client.shell.conversation import converse

        return converse(options)
    from mwproxy.client.raw import run_input, run_words

    if len(words) > 1 and words[-1] == "--json":
        options.json = True
        del words[-1]
    return run_words(options, words) if words else run_input(options)


def _epilog() -> str:
    width = max(map(len, MODULES))
    lines = [f"  {name:<{width}}  {load(name).text}" for name in sorted(MODULES)]
    return "\n".join(
        [
            "commands:",
            *lines,
            "",
            "Anything else is sent as it is: mwproxyctl show proc",
            "'mwproxyctl COMMAND --help' tells more.",
            "",
            STATUSES,
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
