"""
One script for two proxies: what stock HAProxy does, and then what mwproxy does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from tests.integration.harness import ProcessTestCase, Proxy

Outcome = TypeVar("Outcome")


class CompatTestCase(ProcessTestCase):
    """
    A test whose expectation is the behavior of the installed HAProxy.
    """

    maxDiff = None

    def compare(
        self,
        config: str,
        script: Callable[[Proxy], dict[str, Outcome]],
        prepare: Callable[[], dict[str, str]] = dict,
    ) -> None:
        """
        Run a script against HAProxy, then against mwproxy.

        @param script: Gives what it saw, by the name of each case.

        @param prepare: Called before each start; gives what words in angle brackets of the
            configuration stand for.
        """
        seen = []
        for product in ("haproxy", "mwproxy"):
            proxy = self.start(config, product=product, **prepare())
            seen.append(script(proxy))
            proxy.clean_up()
        expected, found = seen
        different = [
            f"{name}:\n  haproxy {expected[name]!r}\n  mwproxy {found.get(name)!r}"
            for name in expected
            if expected[name] != found.get(name)
        ]
        self.assertEqual(different, [], "\n" + "\n".join(different))


def mask_log(line: str) -> str:
    """
    Hide of a log line what differs from one run to the next: dates, ports, pids, times that
    were reached (C{-1} stays), sizes of what carries a date.

    @param line: The line as the log server received it.

    @return: The line to compare.
    """
    line = re.sub(r"\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d(?:\.\d+)?", "DATE", line)
    line = re.sub(r"^(<\d+>)\w{3} [ \d]\d \d\d:\d\d:\d\d ", r"\1DATE ", line)
    line = re.sub(r"\[\d+\]:", "[PID]:", line)
    line = re.sub(r"(127\.0\.0\.1):\d+", r"\1:PORT", line)

    def timers(match: re.Match[str]) -> str:
        return " " + re.sub(r"(?<![-\d])\d+", "N", match[1]) + " "

    return re.sub(r" (\+?-?\d+(?:/\+?-?\d+){2,4}) ", timers, line, count=1)
