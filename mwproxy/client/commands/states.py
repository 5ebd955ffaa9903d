"""
C{mwproxyctl drain}, C{maint} and C{ready}: take servers out of service, and back.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from mwproxy.client.command import (
    DONE,
    FAILED,
    UNREACHABLE,
    ClientCommand,
    client_commands,
    complain,
    open_console,
)
from mwproxy.client.console import Console
from mwproxy.client.formats.proc import read_proc
from mwproxy.client.formats.words import Unreadable
from mwproxy.client.output import Sink


def targets(console: Console) -> list[str]:
    """
    Tell how all workers are addressed that accept clients.

    @param console: A master's or a worker's own.

    @return: What to put before a command, for each worker.

    @raise Unreadable: The master's list makes no sense.
    """
    if not console.master:
        return [""]
    answer = console.ask("show proc")
    if answer.refused:
        return ["@1 "]
    rows = read_proc(answer.text)
    pids = [row["pid"] for row in rows if row["type"] == "worker" and not row["old"]]
    return [f"@!{pid} " for pid in pids] if len(pids) > 1 else ["@1 "]


def server_name(text: str) -> str:
    """
    Read the name of a server.

    @param text: C{backend/server}.

    @return: It.

    @raise argparse.ArgumentTypeError: It is none.
    """
    backend, slash, server = text.partition("/")
    if not (backend and slash and server) or any(each in text for each in " \t\n;\\"):
        raise argparse.ArgumentTypeError(f"'{text}' is no server: it is written backend/server")
    return text


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "servers", nargs="+", type=server_name, metavar="backend/server", help="which ones"
    )


def _change(state: str) -> Callable[[argparse.Namespace], int]:
    def run(options: argparse.Namespace) -> int:
        status = DONE
        with open_console(options) as console:
            try:
                before = targets(console)
            except Unreadable as error:
                complain(f"the answer to 'show proc' makes no sense: {error}")
                return UNREACHABLE
            for server in options.servers:
                for each in before:
                    answer = console.ask(f"{each}set server {server} state {state}")
                    # When it is done nothing is said.
                    refused = answer.refused or bool(answer.text.strip() and not console.marks)
                    if answer.refused or answer.text.strip():
                        sink = Sink(sys.stderr)
                        sink.write(f"{server}: {answer.text}".encode())
                        sink.end()
                    if refused:
                        status = FAILED
        return status

    return run


for _name, _text in (
    ("drain", "let servers finish what they have, and give them no new sessions"),
    ("maint", "put servers in maintenance: no sessions, no checks"),
    ("ready", "put servers back in service"),
):
    client_commands.register(_name, ClientCommand(_text, _arguments, _change(_name)))
