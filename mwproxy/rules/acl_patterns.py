"""
The patterns of one ACL: those of its files and those of its line, compiled to one match function.

A change that a console makes compiles them anew and puts the function into the predicate (its
C{rebind}). Sets of strings and of networks take single changes as they are, so that lists of a
hundred thousand may be changed one by one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mwproxy.core import families
from mwproxy.live.patterns import Found, Reference
from mwproxy.rules.lookup import find_entry, is_tree
from mwproxy.rules.patterns import NetworkNumbers, Networks, network_numbers, parse_range
from mwproxy.rules.texts import to_wire

Match = Callable[[Any], bool]
#: Names of hosts may have other addresses by now.
_NAME = re.compile(r"[g-zG-Z]|^[^:]*[a-zA-Z][^:]*$")
Groups = list[tuple[bool, list[str]]]


class AclPatterns:
    """
    All patterns of one ACL.

    @ivar parsed: Networks of patterns that will be current soon, so that reading them does not hold
        up traffic at that moment.

    @ivar predicate: The compiled ACL; its C{rebind} takes a match function and what gives the
        patterns. Set once it is compiled, L{None} where patterns mean nothing.
    """

    def __init__(
        self,
        method: str,
        resolve: bool,
        sources: list[tuple[bool, Reference]],
        change: Callable[[Any], Any] | None,
    ) -> None:
        """
        @param method: The match method.

        @param resolve: Whether names of hosts may be looked up.

        @param sources: Whether case is ignored, and the patterns; in order.

        @param change: Makes of a sample what the method takes, L{None} when it is that already.
        """
        self.method = method
        self.sources = sources
        self.predicate: Any = None
        self.resolve = resolve
        self._change = change
        self._known: set[bytes] | None = None
        self._networks: Networks | None = None
        self._match: Match | None = None
        self.parsed: dict[str, list[NetworkNumbers]] = {}
        for ignore_case, reference in sources:
            reference.uses.append(_Source(self, ignore_case, reference))

    def groups(self) -> Groups:
        """
        List the patterns, those next to each other that treat case the same together.
        """
        groups: Groups = []
        for ignore_case, reference in self.sources:
            keys = reference.keys()
            if not keys:
                continue
            if groups and groups[-1][0] is ignore_case:
                groups[-1][1].extend(keys)
            else:
                groups.append((ignore_case, keys))
        return groups

    def compile(self) -> Match:
        """
        Make the match function of what the patterns are now.

        @raise ConfigError: One of them is none.
        """
        matches = []
        self._known = self._networks = None
        for ignore_case, patterns in self.groups() or [(False, [])]:
            if self.method == "ip":
                matches.append(self._among(patterns))
            elif self.method == "str" and len(patterns) > 1:
                matches.append(self._equal(patterns, ignore_case))
            else:
                matches.append(families.matchers.get(self.method).make(patterns, ignore_case))
        if len(matches) > 1:
            self._known = self._networks = None
        match = matches[0] if len(matches) == 1 else _any_of(matches)
        if self._change is not None:
            match = _after(self._change, match)
        self._match = match
        return match

    def _among(self, patterns: list[str]) -> Match:
        parsed = self.parsed
        self._networks = networks = Networks(
            network
            for pattern in patterns
            for network in parsed.get(pattern) or network_numbers(pattern, self.resolve)
        )
        self.parsed = {}
        return networks.contains

    def _equal(self, patterns: list[str], ignore_case: bool) -> Match:
        wire = map(to_wire, patterns)
        self._known = known = {each.lower() for each in wire} if ignore_case else set(wire)
        if ignore_case:
            return lambda sample: sample.lower() in known
        return known.__contains__

    def changed(self) -> None:
        """
        Take all patterns anew.
        """
        if self.predicate is not None:
            match = self.compile()
            self.predicate.rebind(match, self.groups)

    def included(self, key: str, ignore_case: bool) -> None:
        """
        Take one more pattern.
        """
        if self._known is not None:
            wire = to_wire(key)
            self._known.add(wire.lower() if ignore_case else wire)
            self._told("include", wire)
        elif self._networks is not None:
            for network in network_numbers(key, self.resolve):
                self._networks.add(network)
            self._told("include", b"")
        else:
            self.changed()

    def excluded(self, key: str, ignore_case: bool) -> None:
        """
        Forget a pattern that no entry has any more, unless another list has it.
        """
        elsewhere = any(reference.first(key) for _ignore, reference in self.sources)
        if self._known is not None and not ignore_case:
            if not elsewhere:
                wire = to_wire(key)
                self._known.discard(wire)
                self._told("exclude", wire)
        elif self._networks is not None and _NAME.search(key) is None:
            for network in network_numbers(key, self.resolve):
                self._networks.remove(network)
            self._told("exclude", b"")
        else:
            self.changed()

    def _told(self, word: str, wire: bytes) -> None:
        take = self.predicate.__dict__.get(word)
        if take is not None:
            take(wire)
        else:
            self.predicate.rebind(self._match, self.groups)


class _Source:
    """
    One list of patterns as one ACL uses it.
    """

    def __init__(self, patterns: AclPatterns, ignore_case: bool, reference: Reference) -> None:
        self._patterns = patterns
        self._ignore_case = ignore_case
        self._reference = reference

    def check(self, key: str, value: str | None) -> Any:
        """
        See whether a pattern can be understood.
        """
        patterns = self._patterns
        make = families.matchers.get(patterns.method).make
        if patterns.method == "ip":
            return network_numbers(key, patterns.resolve)
        if patterns.method in ("int", "len"):
            parse_range(key)
        elif patterns.method != "str":
            make([key], self._ignore_case)
        return None

    def added(self, key: str, parsed: Any) -> None:
        """
        Match one more pattern.
        """
        self._patterns.included(key, self._ignore_case)

    def changed(self, key: str, parsed: Any) -> None:
        """
        Take no notice: ACLs do not use values.
        """

    def removed(self, key: str) -> None:
        """
        Match it no more.
        """
        self._patterns.excluded(key, self._ignore_case)

    def staged(self, version: int, key: str, parsed: Any) -> None:
        """
        Keep what was read: the version will be current soon.
        """
        if parsed is not None:
            self._patterns.parsed[key] = parsed

    def forgotten(self, version: int) -> None:
        """
        Take no notice.
        """

    def reloaded(self, version: int) -> None:
        """
        Match what is there now.
        """
        self._patterns.changed()

    def look(self, text: str) -> Found:
        """
        Find the pattern that a sample matches.
        """
        method = self._patterns.method
        entry = find_entry(self._reference, method, self._ignore_case, text)
        tree = is_tree(method, self._ignore_case)
        return Found(method, not self._ignore_case, tree, "", entry)


def _any_of(matches: list[Match]) -> Match:
    return lambda sample: any(match(sample) for match in matches)


def _after(change: Callable[[Any], Any], match: Match) -> Match:
    def run(sample: Any) -> bool:
        value = change(sample)
        return value is not None and match(value)

    return run
