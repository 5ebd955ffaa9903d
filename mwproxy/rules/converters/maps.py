"""
Converters that look a value up in a file: C{map}, and C{map_<match>} with an output type.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import converter, matchers
from mwproxy.rules.context import Context
from mwproxy.rules.expression import prepared
from mwproxy.rules.patterns import IpAddress, load_map_file, parse_networks, parse_ranges
from mwproxy.rules.regex import compile_regex, expand_references, fill_references
from mwproxy.rules.texts import to_text, to_wire

Step = Callable[[Any], Any]
Entries = list[tuple[str, Any]]


def _value_str(text: str) -> bytes:
    return to_wire(text)


def _value_int(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ConfigError(f"map value '{text}' is not an integer") from None


def _value_ip(text: str) -> IpAddress:
    try:
        return ip_address(text)
    except ValueError:
        raise ConfigError(f"map value '{text}' is not an address") from None


def _exact(entries: Entries) -> Step:
    known: dict[bytes, Any] = {}
    for key, value in entries:
        known.setdefault(to_wire(key), value)
    return known.get


def _numbers(entries: Entries) -> Step:
    ranges = [(parse_ranges([key])[0], value) for key, value in entries]

    def find(sample: int) -> Any:
        for (low, high), value in ranges:
            if (low is None or sample >= low) and (high is None or sample <= high):
                return value
        return None

    return find


def _networks(entries: Entries) -> Step:
    """
    Look addresses up by network: the longest prefix wins.
    """
    by_mask: dict[tuple[int, int], dict[int, Any]] = {}
    for key, value in entries:
        for network in parse_networks(key, False):
            place = by_mask.setdefault((network.version, int(network.netmask)), {})
            place.setdefault(int(network.network_address), value)
    order = sorted(by_mask.items(), key=lambda item: item[0][1], reverse=True)

    def find(sample: IpAddress) -> Any:
        version, number = sample.version, int(sample)
        for (known, mask), networks in order:
            if known == version:
                value = networks.get(number & mask)
                if value is not None:
                    return value
        return None

    return find


def _prefixes(entries: Entries) -> Step:
    """
    Look strings up by how they begin: the longest prefix wins.
    """
    known: dict[bytes, Any] = {}
    for key, value in entries:
        known.setdefault(to_wire(key), value)
    lengths = sorted({len(key) for key in known})

    def find(sample: bytes) -> Any:
        for length in reversed(lengths[: bisect_right(lengths, len(sample))]):
            value = known.get(sample[:length])
            if value is not None:
                return value
        return None

    return find


def _in_turn(method: str) -> Callable[[Entries], Step]:
    def make(entries: Entries) -> Step:
        single = matchers.get(method).make
        tests = [(single([key], False), value) for key, value in entries]

        def find(sample: bytes) -> Any:
            for test, value in tests:
                if test(sample):
                    return value
            return None

        return find

    return make


def _substituting(entries: Entries) -> Step:
    tests = [(compile_regex(key), expand_references(to_text(value))) for key, value in entries]

    def find(sample: bytes) -> bytes | None:
        for regex, parts in tests:
            found = regex.search(sample)
            if found is not None:
                return fill_references(parts, found)
        return None

    return find


def _map(
    name: str,
    value: Callable[[str], Any],
    index: Callable[[Entries], Step],
    default: Any,
) -> Step:
    find = index([(key, value(text)) for key, text in load_map_file(name)])
    if default is None:
        return find

    def find_or(sample: Any) -> Any:
        found = find(sample)
        return default if found is None else found

    return find_or


_VALUES: dict[str, tuple[Callable[[str], Any], str, str]] = {
    "": (_value_str, "str", "str?"),
    "_int": (_value_int, "sint", "sint?"),
    "_ip": (_value_ip, "addr", "str?"),
}


def _register(
    name: str, takes: str, index: Callable[[Entries], Step], kinds: tuple[str, ...]
) -> None:
    for kind in kinds:
        value, gives, default_type = _VALUES[kind]

        def make(
            context: Context,
            file: str,
            default: Any = None,
            value: Callable[[str], Any] = value,
            kind: str = kind,
        ) -> Step:
            if kind == "_ip" and default is not None:
                default = _value_ip(to_text(default))
            return _map(file, value, index, default)

        make.__doc__ = f"Look a sample up in a file, as C{{{name}{kind}}}."
        register = converter(name + kind, args=("var", default_type), takes=takes, gives=gives)
        register(prepared(make))


_ALL = ("", "_int", "_ip")
_register("map", "str", _exact, ("",))
_register("map_str", "str", _exact, _ALL)
_register("map_beg", "str", _prefixes, _ALL)
_register("map_end", "str", _in_turn("end"), _ALL)
_register("map_sub", "str", _in_turn("sub"), _ALL)
_register("map_dir", "str", _in_turn("dir"), _ALL)
_register("map_dom", "str", _in_turn("dom"), _ALL)
_register("map_reg", "str", _in_turn("reg"), _ALL)
_register("map_int", "sint", _numbers, _ALL)
_register("map_ip", "addr", _networks, _ALL)
_register("map_regm", "str", _substituting, ("",))
