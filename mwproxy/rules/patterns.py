"""
Patterns of ACLs: numbers, ranges, networks, and files of them.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from pathlib import Path

from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.references import note_reference

Network = IPv4Network | IPv6Network
IpAddress = IPv4Address | IPv6Address

#: IP version, address of the network, mask.
NetworkNumbers = tuple[int, int, int]

#: Bounds of a range; L{None} for no bound.
Range = tuple[int | None, int | None]

_NUMBER = re.compile(r"-?[0-9]+", re.ASCII)


def load_pattern_file(name: str) -> list[str]:
    """
    Read the patterns of a file: one per line, without comments and empty lines.

    @param name: The file.

    @return: The lines without leading blanks.

    @raise ConfigError: It cannot be read.
    """
    return [line for _number, line in _lines(name)]


def load_map_file(name: str) -> list[tuple[str, str]]:
    """
    Read a map: a key, blanks, and the rest of the line as its value.

    @param name: The file.

    @return: Keys and values in order.

    @raise ConfigError: It cannot be read.
    """
    entries = []
    # Most maps have few values for many keys.
    known: dict[str, str] = {}
    for _number, line in _lines(name):
        key, *rest = line.split(None, 1)
        value = rest[0].rstrip() if rest else ""
        entries.append((key, known.setdefault(value, value)))
    return entries


def _lines(name: str) -> list[tuple[int, str]]:
    try:
        text = Path(name).read_text("utf-8", "surrogateescape")
    except OSError:
        raise ConfigError(f"failed to open pattern file <{name}>") from None
    note_reference(name)
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("#"):
            continue
        line = line.rstrip("\r").lstrip(" \t")
        if line:
            found.append((number, line))
    return found


def parse_ranges(words: list[str]) -> list[Range]:
    """
    Read integer patterns: numbers, ranges C{low:high}, and operators before them.

    @param words: Such as C{["80", "1024:", "lt", "10"]}.

    @return: Bounds of each, both included.

    @raise ConfigError: One is no number.
    """
    ranges: list[Range] = []
    operator = "eq"
    for word in words:
        if word in ("eq", "ge", "gt", "le", "lt"):
            operator = word
            continue
        if operator == "eq" and ":" in word:
            ranges.append(_range(word))
            continue
        number = _number(word)
        ranges.append(
            {
                "eq": (number, number),
                "ge": (number, None),
                "gt": (number + 1, None),
                "le": (None, number),
                "lt": (None, number - 1),
            }[operator]
        )
    return ranges


def parse_range(word: str) -> Range:
    """
    Read one integer pattern that stands for itself: a number or a range.

    @return: Its bounds.

    @raise ConfigError: It is neither.
    """
    return _range(word) if ":" in word else (_number(word), _number(word))


def _number(word: str) -> int:
    if _NUMBER.fullmatch(word) is None:
        raise ConfigError(f"'{word}' is not a number")
    return int(word)


def _range(word: str) -> Range:
    low_text, _colon, high_text = word.partition(":")
    if not low_text and not high_text:
        raise ConfigError(f"'{word}' is not a valid number range")
    low = _number(low_text) if low_text else None
    high = _number(high_text) if high_text else None
    if low is not None and high is not None and low > high:
        raise ConfigError(f"'{word}' is not a valid number range")
    return low, high


def parse_networks(word: str, resolve: bool) -> list[Network]:
    """
    Read an address pattern: an address, abbreviated or not, with an optional mask.

    @param word: Such as C{10/8}, C{192.168.1}, C{2001:db8::/32} or a host name.

    @param resolve: Whether host names may be looked up.

    @return: The networks; several when a name has several addresses.

    @raise ConfigError: It is none of these.
    """
    host, slash, mask = word.partition("/")
    try:
        if ":" in host:
            if slash and not mask.isdecimal():
                raise ValueError(word)
            return [ip_network(f"{host}/{mask or 128}", strict=False)]
        expanded = _expand(host)
        if expanded:
            return [ip_network(f"{expanded}/{mask or 32}", strict=False)]
    except ValueError:
        raise ConfigError(f"'{word}' is not a valid IPv4 or IPv6 address") from None
    if resolve and re.fullmatch(r"[A-Za-z0-9._-]*[A-Za-z][A-Za-z0-9._-]*", host):
        try:
            found = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)
            return [ip_network(f"{entry[4][0]}/{mask or 32}", strict=False) for entry in found]
        except (OSError, ValueError):
            pass
    raise ConfigError(f"'{word}' is not a valid IPv4 or IPv6 address")


def _expand(host: str) -> str:
    parts = host.split(".")
    if not all(part.isascii() and part.isdecimal() for part in parts) or len(parts) > 4:
        return ""
    parts = parts[:-1] + ["0"] * (4 - len(parts)) + parts[-1:] if len(parts) > 1 else [
        parts[0], "0", "0", "0"
    ]  # fmt: skip
    return ".".join(str(int(part)) for part in parts)


def range_text(bounds: Range) -> str:
    """
    Write a range as C{show acl} does.

    @return: Such as C{5}, C{1:4}, C{10:}.
    """
    low, high = bounds
    if low == high:
        return str(low)
    return f"{'' if low is None else low}:{'' if high is None else high}"


def network_numbers(word: str, resolve: bool) -> list[NetworkNumbers]:
    """
    Read an address pattern; see L{parse_networks}.

    @return: IP version, network and mask of each, as numbers.

    @raise ConfigError: It is none.
    """
    host, slash, mask = word.partition("/")
    if host.count(".") == 3 and (not slash or (mask.isdecimal() and len(mask) < 3)):
        # Most are written like this, and lists may have a hundred thousand of them.
        try:
            number = int.from_bytes(socket.inet_pton(socket.AF_INET, host), "big")
        except OSError:
            number = -1
        length = int(mask or 32)
        if number >= 0 and length <= 32:
            bits = 0xFFFFFFFF << (32 - length) & 0xFFFFFFFF
            return [(4, number & bits, bits)]
    return [
        (found.version, int(found.network_address), int(found.netmask))
        for found in parse_networks(word, resolve)
    ]


class Networks:
    """
    A set of networks that addresses are looked up in.

    @ivar contains: Tells whether an address is in one of them.
    """

    def __init__(self, networks: Iterable[NetworkNumbers]) -> None:
        """
        @param networks: IP version, network and mask of each.
        """
        self._hosts4: dict[int, int] = {}
        self._nets4: list[tuple[int, int]] = []
        self._nets6: list[tuple[int, int]] = []
        self.contains = lru_cache(maxsize=8192)(self._contains)
        self.extend(networks)

    def add(self, network: NetworkNumbers) -> None:
        """
        Include one more network; one that is there is there twice.
        """
        self.extend([network])

    def extend(self, networks: Iterable[NetworkNumbers]) -> None:
        """
        Include more networks.
        """
        hosts = self._hosts4
        for version, number, mask in networks:
            if version == 4 and mask == 0xFFFFFFFF:
                hosts[number] = hosts.get(number, 0) + 1
            else:
                (self._nets4 if version == 4 else self._nets6).append((number, mask))
        self.contains.cache_clear()

    def remove(self, network: NetworkNumbers) -> None:
        """
        Exclude a network that was included, once.
        """
        version, number, mask = network
        if version == 4 and mask == 0xFFFFFFFF:
            self._hosts4[number] -= 1
            if not self._hosts4[number]:
                del self._hosts4[number]
        else:
            (self._nets4 if version == 4 else self._nets6).remove((number, mask))
        self.contains.cache_clear()

    def _contains(self, address: IpAddress) -> bool:
        number = int(address)
        if isinstance(address, IPv6Address):
            if any(number & mask == net for net, mask in self._nets6):
                return True
            inner = _inner4(number)
            return inner is not None and self._contains4(inner)
        if self._contains4(number):
            return True
        mapped = 0xFFFF00000000 | number
        return any(mapped & mask == net for net, mask in self._nets6)

    def _contains4(self, number: int) -> bool:
        return number in self._hosts4 or any(number & mask == net for net, mask in self._nets4)


def _inner4(number: int) -> int | None:
    if number >> 32 in (0, 0xFFFF):
        return number & 0xFFFFFFFF
    if number >> 112 == 0x2002:
        return (number >> 80) & 0xFFFFFFFF
    return None
