"""
Converters of addresses.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from mwproxy.core.families import converter
from mwproxy.rules.context import Context
from mwproxy.rules.expression import prepared


@converter("ipmask", args=("mask4", "mask6?"), takes="addr", gives="addr")
@prepared
def conv_ipmask(
    context: Context, mask4: int, mask6: int | None = None
) -> Callable[[Any], IPv4Address | IPv6Address | None]:
    """
    Mask an address; an IPv6 address gives nothing without a mask for it.
    """

    def mask(sample: Any) -> IPv4Address | IPv6Address | None:
        if isinstance(sample, IPv4Address):
            return IPv4Address(int(sample) & mask4)
        return None if mask6 is None else IPv6Address(int(sample) & mask6)

    return mask
