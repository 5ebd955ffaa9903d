"""
Match method for addresses: C{ip}.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mwproxy.core.families import matcher
from mwproxy.rules.patterns import Networks, network_numbers


@matcher("ip", takes="addr ipv4 ipv6 str bin")
def match_ip(
    patterns: list[str], ignore_case: bool = False, resolve: bool = True
) -> Callable[[Any], bool]:
    """
    Match addresses against addresses and networks.
    """
    networks = [found for pattern in patterns for found in network_numbers(pattern, resolve)]
    return Networks(networks).contains
