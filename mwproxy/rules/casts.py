"""
Casts between sample types (configuration manual, 7.1).

Samples are C{bool}, C{int}, C{bytes} and C{ipaddress} objects. A cast returns L{None} when
the value has no form in the other type.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

Cast = Callable[[Any], Any]

INT_MAX = 2**63 - 1
INT_MIN = -(2**63)
_LEADING = re.compile(rb"-?[0-9]+")
_TEXT = ("str", "bin", "meth")
_ADDRESS = ("addr", "ipv4", "ipv6")


class CannotCast(Exception):
    """
    No value of the one type has a form in the other.
    """


def to_bytes(sample: Any) -> bytes:
    """
    Write any sample as text.

    @return: The text; a boolean is C{1} or C{0}.
    """
    if isinstance(sample, bytes):
        return sample
    if isinstance(sample, int):
        return b"%d" % sample
    return str(sample).encode()


def to_binary(sample: Any) -> bytes:
    """
    Write any sample as binary data: numbers in eight bytes, addresses as on the wire.

    @return: The data.
    """
    if isinstance(sample, bytes):
        return sample
    if isinstance(sample, int):
        return (sample & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "big")
    packed: bytes = sample.packed
    return packed


def to_int(sample: Any) -> int | None:
    """
    Read any sample as a number.

    @return: A text's leading digits, 0 when there are none; L{None} for an IPv6 address.
    """
    if isinstance(sample, bytes):
        found = _LEADING.match(sample)
        return clamp(int(found[0][:40])) if found is not None else 0
    if isinstance(sample, int):
        return int(sample)
    return int(sample) if isinstance(sample, IPv4Address) else None


def to_bool(sample: Any) -> bool | None:
    """
    Read any sample as a boolean: whether its number is not 0.

    @return: L{None} when it is no number.
    """
    number = to_int(sample)
    return None if number is None else number != 0


@lru_cache(maxsize=4096)
def parse_host(text: str) -> IPv4Address | IPv6Address | None:
    """
    Read an address as the data plane notes it.

    @param text: Such as C{"127.0.0.1"}; a scope is ignored.

    @return: L{None} for UNIX sockets.
    """
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None


def to_address(sample: Any) -> IPv4Address | IPv6Address | None:
    """
    Read any sample as an address.

    @return: L{None} when it is none.
    """
    if isinstance(sample, bytes):
        return parse_host(sample.decode("latin-1")) if len(sample) < 46 else None
    if isinstance(sample, int):
        return IPv4Address(int(sample) & 0xFFFFFFFF)
    address: IPv4Address | IPv6Address = sample
    return address


def to_ipv4(sample: Any) -> IPv4Address | None:
    """
    Read any sample as an IPv4 address.

    @return: L{None} when it has no such form.
    """
    address = to_address(sample)
    return address if isinstance(address, IPv4Address) else getattr(address, "ipv4_mapped", None)


def to_ipv6(sample: Any) -> IPv6Address | None:
    """
    Read any sample as an IPv6 address; IPv4 becomes C{::ffff:a.b.c.d}.

    @return: L{None} when it has no such form.
    """
    address = to_address(sample)
    if isinstance(address, IPv4Address):
        return IPv6Address(b"\0" * 10 + b"\xff\xff" + address.packed)
    return address


def clamp(number: int) -> int:
    """
    Keep a number within 64 bits, as HAProxy's arithmetic does.

    @return: The nearest number that fits.
    """
    if number > INT_MAX:
        return INT_MAX
    return max(number, INT_MIN)


def cast(source: str, target: str) -> Cast | None:
    """
    Find the function that turns one type into another.

    @param source: Type that is there; C{any} decides at each call.

    @param target: Type that is wanted; C{any} takes all.

    @return: L{None} when the sample may be used as it is.

    @raise CannotCast: There is no way from the one to the other.
    """
    if target in ("any", source) or (source in _TEXT and target in _TEXT):
        return None
    if source in ("ipv4", "ipv6") and target == "addr":
        return None
    if (source == "bool" and target in _ADDRESS) or (
        source == "ipv6" and target in ("sint", "bool")
    ):
        raise CannotCast
    return {
        "str": to_bytes,
        "meth": to_bytes,
        "bin": to_binary,
        "sint": to_int,
        "bool": to_bool,
        "addr": to_address,
        "ipv4": to_ipv4,
        "ipv6": to_ipv6,
    }[target]
