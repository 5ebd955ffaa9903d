"""
What changes servers, frontends and limits: the same command lines to HAProxy and to mwproxy.

The lines are in C{server_commands.txt}, each accepted difference with its reason beside it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from tests.compat.outcomes import CompatTestCase
from tests.integration.harness import Proxy

CONFIG = """
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend fe
    bind <listen:fe>
    maxconn 100
    default_backend be
frontend fe2
    bind <listen:two>
    maxconn 100
    default_backend be
backend be
    fullconn 50
    server s1 127.0.0.1:18090 weight 10
    server s2 127.0.0.1:18091 check port 99 inter 1h agent-check agent-port 98 agent-inter 1h
backend st
    fullconn 50
    balance static-rr
    server a 127.0.0.1:18090 weight 10
    server off 127.0.0.1:18090 disabled
backend src
    fullconn 50
    balance source
    server a 127.0.0.1:18090 weight 10
backend un
    fullconn 50
    server u unix@/tmp/x
    server m 127.0.0.1:+10
backend ring
    fullconn 50
    balance source
    hash-type consistent
    server a 127.0.0.1:18090
backend empty
    fullconn 50
    balance leastconn
"""
#: Columns of C{show servers state} that depend on when somebody looks.
_TIME, _RESULTS = 9, (10, 11, 12)
_BY = " by 'stats socket command'"


@dataclass
class Line:
    """
    A command with what is to be known of its answers.

    @ivar ours: How mwproxy's answer begins where it differs, L{None} where it does not.
    """

    command: str
    ours: str | None = None
    reasons: list[str] = field(default_factory=list)


def read_lines() -> list[Line]:
    """
    Read the command lines.
    """
    found: list[Line] = []
    for line in Path(__file__).with_name("server_commands.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        if not line.startswith("  "):
            found.append(Line(line))
        elif line.startswith("  = "):
            found[-1].ours = line[4:]
        else:
            found[-1].reasons.append(line[4:])
    return found


def as_of_today(answer: str) -> str:
    """
    Say in the words of HAProxy 3.2 what 2.6 says of addresses, and with one full stop what it ends
    with two.
    """
    answer = re.sub(r"\.\.(?=\n|\Z)", ".", answer)
    if answer.startswith("no need to change the addr" + _BY):
        return "nothing changed\n\n"
    answer = answer.removeprefix("no need to change the addr, ")
    if not re.match("IP changed|port changed", answer):
        answer = answer.replace(_BY, "")
    return answer


def mask(answer: str) -> str:
    """
    Hide what depends on when somebody looks. The health of a server whose checks are off, or have
    not come to an end, is of no interest either.
    """
    lines = []
    for line in answer.splitlines():
        cells = line.split(" ")
        if len(cells) == 25 and cells[0].isdecimal():
            for column in (_TIME, *_RESULTS):
                cells[column] = "*"
            # Whether a check runs at this moment; a former maintenance, which HAProxy remembers.
            cells[13] = str(int(cells[13]) & ~9)
            cells[14] = str(int(cells[14]) & ~1)
            if cells[3] == "s2":
                cells[5] = "*"
        lines.append(" ".join(cells))
    # HAProxy 2.6 ends answers with one line feed or two.
    return "\n".join(lines).rstrip("\n")


class ServerCommandTests(CompatTestCase):
    """
    Tests of commands that change.
    """

    def test_answers(self) -> None:
        """
        Each command is answered alike, but for what is known to differ.
        """
        lines = read_lines()
        self.assertGreater(len(lines), 200)

        def script(proxy: Proxy) -> dict[str, str]:
            ours = proxy.product == "mwproxy"
            seen = {}
            for number, line in enumerate(lines):
                answer = proxy.master_cli(f"@1 {line.command}")
                if line.ours is not None:
                    if ours:
                        self.assertTrue(answer.startswith(line.ours), (line.command, answer))
                    continue
                if not ours:
                    answer = as_of_today(answer)
                seen[f"{number}: {line.command}"] = mask(answer)
            return seen

        self.compare(CONFIG, script)

    def test_each_difference_has_a_reason(self) -> None:
        """
        No difference is accepted without saying why.
        """
        for line in read_lines():
            self.assertEqual(line.ours is None, not line.reasons, line.command)
