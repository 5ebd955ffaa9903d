"""
Which entry of a reference a sample given as text matches: C{get map} and C{get acl}.

Rules do not look here; they have their own, quicker forms that do not remember entries.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

from mwproxy.core import families
from mwproxy.core.diagnostics import ConfigError
from mwproxy.live.patterns import Entry, Reference
from mwproxy.rules.texts import to_wire


def is_tree(method: str, ignore_case: bool) -> bool:
    """
    Tell whether HAProxy looks a sample up in a tree, not entry by entry.
    """
    return method == "ip" or (method in ("str", "beg") and not ignore_case)


def find_entry(reference: Reference, method: str, ignore_case: bool, text: str) -> Entry | None:
    """
    Find the entry that a sample matches: the longest one where prefixes or networks are compared,
    else the first one.

    @param reference: The entries.

    @param method: The match method.

    @param text: The sample.

    @return: The entry, L{None} when there is none, or the text is no sample of that kind.
    """
    sample = _sample(method, text)
    if sample is None:
        return None
    if not ignore_case and method == "str":
        return reference.first(text)
    if not ignore_case and method == "beg":
        ends = range(len(text), -1, -1)
        return next((found for end in ends if (found := reference.first(text[:end]))), None)
    if method == "ip" and (written := _network(reference, text)) is not None:
        return written
    matches = []
    for entry in reference.version().values():
        if _single(method, entry[0], ignore_case)(sample):
            if method != "ip":
                return entry
            matches.append(entry)
    return max(matches, key=_prefix_length, default=None)


def _sample(method: str, text: str) -> Any:
    try:
        if method == "ip":
            return ip_address(text)
        if method in ("int", "bool"):
            return int(text)
    except ValueError:
        return None
    return to_wire(text)


def _single(method: str, key: str, ignore_case: bool) -> Any:
    make = families.matchers.get(method).make
    try:
        return make([key], ignore_case, False) if method == "ip" else make([key], ignore_case)
    except ConfigError:
        # A name of a host, which is not asked for again.
        return lambda _sample: False


def _network(reference: Reference, text: str) -> Entry | None:
    """
    Find the longest network that is written as usual.
    """
    found = reference.first(text)
    if found is not None:
        return found
    longest = ip_address(text).max_prefixlen
    for length in range(longest, -1, -1):
        found = reference.first(str(ip_network(f"{text}/{length}", strict=False)))
        if found is not None:
            return found
    return None


def _prefix_length(entry: Entry) -> int:
    _host, slash, mask = entry[0].partition("/")
    if not slash:
        return 128
    return int(mask) if mask.isdecimal() else bin(int(ip_address(mask))).count("1")
