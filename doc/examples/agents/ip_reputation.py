"""
How trustworthy is this address? The answer comes from a file that is read again when it changes.

    mwproxy spoa doc/examples/agents/ip_reputation.py
    mwproxy -f doc/examples/agents/ip_reputation.cfg    # or haproxy

Each line of the file is a network and a score from 0 (never) to 100 (always); the longest network
that has the address counts. REPUTATION_FILE names another file. A file with a mistake changes
nothing: the table that was read last stays.
"""

from __future__ import annotations

import os
import sys
from ipaddress import IPv4Address, IPv6Address, ip_network
from pathlib import Path

from mwproxy.spoa.actions import set_var
from mwproxy.spoa.agent import Agent

FILE = Path(os.environ.get("REPUTATION_FILE", Path(__file__).with_name("reputation.txt")))
#: The score of an address that no line has.
UNKNOWN = 50
#: Seconds between two looks at the file.
PAUSE = 1.0

agent = Agent("ip-reputation")


class Table:
    """
    Scores of networks: for each version and length of prefix a dictionary, longest first.
    """

    def __init__(self, text: str) -> None:
        found: dict[tuple[int, int], dict[int, int]] = {}
        for number, line in enumerate(text.splitlines(), 1):
            words = line.partition("#")[0].split()
            if not words:
                continue
            try:
                network, score = ip_network(words[0]), int(words[1])
            except (ValueError, IndexError) as error:
                raise ValueError(f"line {number}: {error}") from None
            if len(words) != 2 or not 0 <= score <= 100:
                raise ValueError(f"line {number}: a network and a score from 0 to 100 expected")
            scores = found.setdefault((network.version, network.prefixlen), {})
            scores[int(network.network_address)] = score
        self._lengths = sorted(found.items(), reverse=True)

    def score(self, ip: IPv4Address | IPv6Address) -> int:
        """
        Look an address up.
        """
        if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        bits = int(ip)
        for (version, length), scores in self._lengths:
            if version == ip.version:
                shift = ip.max_prefixlen - length
                score = scores.get(bits >> shift << shift)
                if score is not None:
                    return score
        return UNKNOWN


class Source:
    """
    The file, and the table that was read last.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.table = Table("")
        self._seen: tuple[int, ...] = ()

    def look(self) -> None:
        """
        Read the file if it has changed.
        """
        try:
            status = self.path.stat()
            seen = (status.st_mtime_ns, status.st_size, status.st_ino)
            if seen == self._seen:
                return
            self._seen = seen
            self.table = Table(self.path.read_text("utf-8"))
            print(f"ip-reputation: {self.path} is read", file=sys.stderr, flush=True)
        except (OSError, ValueError) as error:
            # Again only when it changes, or comes back.
            print(f"ip-reputation: {self.path}: {error}", file=sys.stderr, flush=True)


source = Source(FILE)


@agent.at_start
def start() -> None:
    """
    Read the file, and look at it from time to time.
    """
    from twisted.internet.task import LoopingCall

    LoopingCall(source.look).start(PAUSE)


agent.at_reload(source.look)


@agent.message("check-ip")
def check_ip(ip: IPv4Address | IPv6Address) -> object:
    """
    Tell the score.
    """
    return set_var("sess", "score", source.table.score(ip))
