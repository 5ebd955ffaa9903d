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


def mask_page(answer: bytes) -> bytes:
    """
    Hide the prose of an error page, and what follows from it: its length. The order and case of
    its headers differ in HAProxy from page to page and are hidden too.

    @param answer: A response, or several.

    @return: The same, but for the pages in it.
    """

    def page(match: re.Match[bytes]) -> bytes:
        headers = sorted(
            line.lower()
            for line in match[2].split(b"\r\n")
            if not line.lower().startswith(b"content-length:")
        )
        return b"\r\n".join([match[1], *headers, b"", b"PAGE"])

    return re.sub(
        rb"(HTTP/1\.1 \d+ [^\r]*)\r\n((?:[^\r]+\r\n)*?[^\r]+)\r\n\r\n"
        rb"<html><body><h1>[^<]*</h1>\n[^<]*\n</body></html>\n",
        page,
        answer,
    )


def plain_head(message: bytes) -> bytes:
    """
    Hide what says the same in another way: where C{transfer-encoding} stands among the headers,
    and C{connection: close} in a response of HTTP/1.0, where it is the default.

    @param message: A request or a response.

    @return: The same with C{transfer-encoding} behind the other headers.
    """
    head, empty, body = message.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    coding = [line for line in lines if line.startswith(b"transfer-encoding:")]
    lines = [line for line in lines if line not in coding] + coding
    if lines[0].startswith(b"HTTP/1.0 "):
        lines = [line for line in lines if line != b"connection: close"]
    return b"\r\n".join(lines) + empty + body


def mask_log(line: str) -> str:
    """
    Hide of a log line what differs from one run to the next: dates, ports, pids, times that
    were reached (C{-1} stays), how many connections there are at this moment; and the bytes of
    HTTP responses, which HAProxy counts as they lie in its memory.

    @param line: The line as the log server received it.

    @return: The line to compare.
    """
    line = re.sub(r"\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d(?:\.\d+)?", "DATE", line)
    line = re.sub(r"^(<\d+>)\w{3} [ \d]\d \d\d:\d\d:\d\d ", r"\1DATE ", line)
    line = re.sub(r"\[\d+\]:", "[PID]:", line)
    line = re.sub(r"(127\.0\.0\.1):\d+", r"\1:PORT", line)

    def timers(match: re.Match[str]) -> str:
        return " " + re.sub(r"(?<![-\d])\d+", "N", match[1]) + " "

    line = re.sub(r" (\+?-?\d+(?:/\+?-?\d+){2,4}) ", timers, line, count=1)
    line = re.sub(r" (\d{3}) \d+ (?=\S+ \S+ \S{4} \d|\S{4} \")", r" \1 BYTES ", line)
    return re.sub(r" \d+/\d+(/\d+/\d+/\+?\d+ )", r" N/N\1", line)
