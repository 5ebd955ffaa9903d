"""
What maps look samples up in: one class per way to compare.

C{find} is what rules call. It stays the same function for ever, as compiled expressions hold it;
changes go to what it looks into, so that they cost rules nothing. Where a key is there more than
once, or more than one key is the same to the way of comparing, the first one wins; such a table
cannot forget one of them by itself and says so.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable
from typing import Any, Protocol

from mwproxy.core.families import matchers
from mwproxy.rules.patterns import IpAddress, network_numbers, parse_range
from mwproxy.rules.regex import compile_regex, expand_references, fill_references
from mwproxy.rules.texts import to_text, to_wire

Find = Callable[[Any], Any]


class Table(Protocol):
    """
    Entries in the form that samples are looked up in.
    """

    find: Find

    def parse(self, key: str) -> Any:
        """
        Understand a key.

        @raise ConfigError: It cannot be understood.
        """

    def add(self, key: str, parsed: Any, value: Any) -> None:
        """
        Take an entry.
        """

    def change(self, key: str, parsed: Any, value: Any) -> bool:
        """
        Give a key another value.

        @return: False when the table must be made anew.
        """

    def remove(self, key: str) -> bool:
        """
        Forget a key.

        @return: False when the table must be made anew.
        """

    def adopt(self, other: Any) -> None:
        """
        Take the entries of another table of the same class, which is not to be used any more.
        """


class Exact:
    """
    Strings that are equal.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, Any] = {}
        self.find: Find = self._known.get

    def parse(self, key: str) -> bytes:
        """
        Encode the key.
        """
        return to_wire(key)

    def add(self, key: str, parsed: bytes, value: Any) -> None:
        """
        Take an entry unless there is one.
        """
        self._known.setdefault(parsed, value)

    def change(self, key: str, parsed: bytes, value: Any) -> bool:
        """
        Give a key another value.
        """
        self._known[parsed] = value
        return True

    def remove(self, key: str) -> bool:
        """
        Forget a key with all its entries.
        """
        self._known.pop(to_wire(key), None)
        return True

    def adopt(self, other: Exact) -> None:
        """
        Take the entries of another table.
        """
        self._known.clear()
        self._known.update(other._known)


class Prefixes(Exact):
    """
    Strings by how they begin: the longest prefix wins.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lengths: list[int] = []
        known, lengths = self._known, self._lengths

        def find(sample: bytes) -> Any:
            for length in reversed(lengths[: bisect_right(lengths, len(sample))]):
                value = known.get(sample[:length])
                if value is not None:
                    return value
            return None

        self.find = find

    def add(self, key: str, parsed: bytes, value: Any) -> None:
        """
        Take an entry unless there is one.
        """
        super().add(key, parsed, value)
        length = len(parsed)
        place = bisect_right(self._lengths, length)
        if not place or self._lengths[place - 1] != length:
            insort(self._lengths, length)

    def adopt(self, other: Exact) -> None:
        """
        Take the entries of another table.
        """
        assert isinstance(other, Prefixes)
        super().adopt(other)
        self._lengths[:] = other._lengths


class Addresses:
    """
    Addresses by network: the longest mask wins.
    """

    def __init__(self) -> None:
        self._by_mask: dict[tuple[int, int], dict[int, Any]] = {}
        self._order: list[tuple[tuple[int, int], dict[int, Any]]] = []
        self._twice = False
        order = self._order

        def find(sample: IpAddress) -> Any:
            version, number = sample.version, int(sample)
            for (known, mask), networks in order:
                if known == version:
                    value = networks.get(number & mask)
                    if value is not None:
                        return value
            return None

        self.find: Find = find

    def parse(self, key: str) -> list[tuple[int, int, int]]:
        """
        Read a network.
        """
        return network_numbers(key, False)

    def add(self, key: str, parsed: list[tuple[int, int, int]], value: Any) -> None:
        """
        Take an entry unless there is one of that network.
        """
        for version, number, mask in parsed:
            place = self._by_mask.get((version, mask))
            if place is None:
                place = self._by_mask[version, mask] = {}
                self._sort()
            if number in place:
                self._twice = True
            else:
                place[number] = value

    def _sort(self) -> None:
        masks = sorted(self._by_mask.items(), key=lambda item: item[0][1], reverse=True)
        self._order[:] = masks

    def change(self, key: str, parsed: list[tuple[int, int, int]], value: Any) -> bool:
        """
        Give a network another value.
        """
        if self._twice:
            return False
        for version, number, mask in parsed:
            self._by_mask[version, mask][number] = value
        return True

    def remove(self, key: str) -> bool:
        """
        Forget a network.
        """
        if self._twice:
            return False
        for version, number, mask in network_numbers(key, False):
            self._by_mask[version, mask].pop(number, None)
        return True

    def adopt(self, other: Addresses) -> None:
        """
        Take the entries of another table.
        """
        self._by_mask = other._by_mask
        self._twice = other._twice
        self._sort()


class InTurn:
    """
    What is compared entry by entry; the first one that matches wins.
    """

    def __init__(self) -> None:
        self._keys: list[str] = []
        self._tests: list[tuple[Any, Any]] = []
        self.find: Find = self.finder()

    def finder(self) -> Find:
        """
        Make C{find}; subclasses whose tests are no functions do.
        """
        tests = self._tests

        def find(sample: Any) -> Any:
            for test, value in tests:
                if test(sample):
                    return value
            return None

        return find

    def parse(self, key: str) -> Any:
        """
        Make the test of a key; subclasses do.
        """
        raise NotImplementedError

    def add(self, key: str, parsed: Any, value: Any) -> None:
        """
        Take an entry behind the others.
        """
        self._keys.append(key)
        self._tests.append((parsed, value))

    def change(self, key: str, parsed: Any, value: Any) -> bool:
        """
        Give all entries of a key another value.
        """
        for position, known in enumerate(self._keys):
            if known == key:
                self._tests[position] = (parsed, value)
        return True

    def remove(self, key: str) -> bool:
        """
        Forget the first entry of a key.
        """
        position = self._keys.index(key)
        del self._keys[position], self._tests[position]
        return True

    def adopt(self, other: InTurn) -> None:
        """
        Take the entries of another table.
        """
        self._keys[:] = other._keys
        self._tests[:] = other._tests


class Matching(InTurn):
    """
    Strings by a match method of ACLs.
    """

    def __init__(self, method: str) -> None:
        """
        @param method: Its name.
        """
        super().__init__()
        self._make = matchers.get(method).make

    def parse(self, key: str) -> Any:
        """
        Compile a pattern.
        """
        return self._make([key], False)


class Numbers(InTurn):
    """
    Numbers by range.
    """

    def finder(self) -> Find:
        """
        Compare with bounds.
        """
        tests = self._tests

        def find(sample: int) -> Any:
            for (low, high), value in tests:
                if (low is None or sample >= low) and (high is None or sample <= high):
                    return value
            return None

        return find

    def parse(self, key: str) -> Any:
        """
        Read a range.
        """
        return parse_range(key)


class Substituting(InTurn):
    """
    Strings by regular expression; the value refers to its groups.
    """

    def finder(self) -> Find:
        """
        Fill the groups in.
        """
        tests = self._tests

        def find(sample: bytes) -> bytes | None:
            for regex, parts in tests:
                found = regex.search(sample)
                if found is not None:
                    return fill_references(parts, found)
            return None

        return find

    def parse(self, key: str) -> Any:
        """
        Compile a regular expression.
        """
        return compile_regex(key)

    def add(self, key: str, parsed: Any, value: Any) -> None:
        """
        Take an entry behind the others.
        """
        super().add(key, parsed, expand_references(to_text(value)))

    def change(self, key: str, parsed: Any, value: Any) -> bool:
        """
        Give all entries of a key another value.
        """
        return super().change(key, parsed, expand_references(to_text(value)))
