"""
Patterns of ACLs and entries of maps, as rules use them and consoles change them.

Theory. A reference is one list: the contents of a file, or the patterns that stand on one C{acl}
line. A file has one reference however often it is used. Each use keeps what it needs to look
samples up in its own form (a dictionary, a compiled expression); rules never look here. So a
reference costs nothing while nobody changes it, and a change is told to each use.

A reference has versions (management manual, "show map"): rules see the current one; others are
filled beside it and take its place in one step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from mwproxy.core.diagnostics import ConfigError

#: A key or pattern, and the value; L{None} where the list has no values.
Entry = tuple[str, str | None]
Entries = dict[int, Entry]


class Use(Protocol):
    """
    One place of the configuration that looks samples up in a reference.
    """

    def check(self, key: str, value: str | None) -> Any:
        """
        Understand an entry without taking it.

        @return: What L{added}, L{staged} and L{changed} take.

        @raise ConfigError: It cannot be understood.
        """

    def added(self, key: str, parsed: Any) -> None:
        """
        Take an entry that came to the current version.
        """

    def changed(self, key: str, parsed: Any) -> None:
        """
        Take the new value that all entries of a key have got.
        """

    def removed(self, key: str) -> None:
        """
        Forget an entry; called for each of those of a key.
        """

    def staged(self, version: int, key: str, parsed: Any) -> None:
        """
        Take an entry that came to another version.
        """

    def forgotten(self, version: int) -> None:
        """
        Forget what was staged for a version.
        """

    def reloaded(self, version: int) -> None:
        """
        Take the current version anew.

        @param version: Under which number it may have been staged.
        """

    def look(self, text: str) -> Found:
        """
        Look a sample up as rules do.

        @param text: The sample as text.
        """


class Found:
    """
    What a use says of a sample, for C{get map} and C{get acl}.

    @ivar method: The match method.

    @ivar sensitive: Whether case counts.

    @ivar tree: Whether more entries cost nothing to speak of.

    @ivar kind: Type of the values, empty for an ACL.

    @ivar entry: The entry that matches, L{None} for none.
    """

    __slots__ = ("entry", "kind", "method", "sensitive", "tree")

    def __init__(
        self, method: str, sensitive: bool, tree: bool, kind: str, entry: Entry | None
    ) -> None:
        self.method = method
        self.sensitive = sensitive
        self.tree = tree
        self.kind = kind
        self.entry = entry


class Reference:
    """
    One list of patterns or of keys and values.

    @ivar number: Its number, -1 before there is one.

    @ivar file: The file it was read from, empty for none.

    @ivar has_values: Whether entries have values.

    @ivar in_acls: Whether an ACL uses it.   @ivar in_maps: Whether a map does.

    @ivar places: Who uses it, in words.

    @ivar uses: Who uses it.

    @ivar current: Number of the version that rules see.   @ivar next: The latest prepared one.
    """

    def __init__(self, file: str, entries: Iterable[Entry], *, has_values: bool = False) -> None:
        """
        @param entries: What it begins with.
        """
        self.number = -1
        self.file = file
        self.has_values = has_values
        self.in_acls = False
        self.in_maps = False
        self.places: list[str] = []
        self.uses: list[Use] = []
        self.current = 0
        self.next = 0
        self._versions: dict[int, Entries] = {0: dict(enumerate(entries, 1))}
        self._last = len(self._versions[0])
        # Most keys have one entry, and a list for each takes long to make for a hundred thousand.
        self._by_key: dict[str, int | list[int]] | None = None

    @property
    def description(self) -> str:
        """
        Who uses it, as C{show map} says it.
        """
        if not self.file:
            return self.places[0] if self.places else ""
        used = f" used by {', by '.join(self.places)}" if self.places else ""
        return f"pattern loaded from file '{self.file}'{used}"

    @property
    def count(self) -> int:
        """
        How many entries all versions have.
        """
        return sum(len(entries) for entries in self._versions.values())

    def version(self, number: int | None = None) -> Entries:
        """
        Get the entries of a version.

        @param number: Which; L{None} for the current one.

        @return: Entries by their own numbers, in order; not to be changed.
        """
        return self._versions.get(self.current if number is None else number, {})

    def keys(self) -> list[str]:
        """
        List the keys of the current version in order.
        """
        return [key for key, _value in self._versions[self.current].values()]

    def first(self, key: str) -> Entry | None:
        """
        Find the first entry of a key in the current version.

        @return: L{None} when there is none.
        """
        found = self._numbers(key)
        return self._versions[self.current][found[0]] if found else None

    def add(self, entries: Iterable[Entry], version: int | None = None) -> None:
        """
        Add entries: all, or none when one of them cannot be understood.

        @param version: L{None} for the current one.

        @raise ConfigError: A use does not understand one.
        """
        new = list(entries)
        parsed = [[use.check(*entry) for use in self.uses] for entry in new]
        number = self.current if version is None else version
        place = self._versions.setdefault(number, {})
        for entry, forms in zip(new, parsed, strict=True):
            self._last += 1
            place[self._last] = entry
            if number == self.current and self._by_key is not None:
                _note(self._by_key, entry[0], self._last)
            for use, form in zip(self.uses, forms, strict=True):
                if number == self.current:
                    use.added(entry[0], form)
                else:
                    use.staged(number, entry[0], form)

    def change(self, key: str, value: str) -> bool:
        """
        Give all entries of a key another value.

        @param key: The key.

        @return: False when there is no such entry.

        @raise ConfigError: A use does not understand the value.
        """
        found = self._numbers(key)
        if not found:
            return False
        forms = [use.check(key, value) for use in self.uses]
        place = self._versions[self.current]
        for number in found:
            place[number] = (key, value)
        for use, form in zip(self.uses, forms, strict=True):
            use.changed(key, form)
        return True

    def change_one(self, number: int, value: str) -> bool:
        """
        Give one entry another value.

        @param number: Its own number.

        @return: False when there is no such entry.

        @raise ConfigError: A use does not understand the value.
        """
        version = self._home(number)
        if version is None:
            return False
        key = self._versions[version][number][0]
        if version == self.current and len(self._numbers(key)) == 1:
            return self.change(key, value)
        for use in self.uses:
            use.check(key, value)
        self._versions[version][number] = (key, value)
        self._taken_anew(version)
        return True

    def remove(self, key: str) -> bool:
        """
        Remove all entries of a key from the current version.

        @return: False when there is none.
        """
        found = self._numbers(key)
        if not found:
            return False
        self._index().pop(key)
        place = self._versions[self.current]
        for number in found:
            del place[number]
            for use in self.uses:
                use.removed(key)
        return True

    def remove_one(self, number: int) -> bool:
        """
        Remove one entry.

        @param number: Its own number.

        @return: False when there is none.
        """
        version = self._home(number)
        if version is None:
            return False
        key = self._versions[version][number][0]
        if version == self.current and len(self._numbers(key)) == 1:
            return self.remove(key)
        del self._versions[version][number]
        self._taken_anew(version)
        return True

    def clear(self, version: int | None = None) -> None:
        """
        Remove all entries of a version.

        @param version: L{None} for the current one.
        """
        number = self.current if version is None else version
        self._versions.pop(number, None)
        self._taken_anew(number)

    def prepare(self) -> int:
        """
        Begin another version.

        @return: Its number.
        """
        self.next += 1
        return self.next

    def commit(self, version: int) -> bool:
        """
        Let a version take the place of the current one; older ones are forgotten.

        @return: False when it was not prepared, or is older than the current one.
        """
        if not self.current < version <= self.next:
            return False
        for number in [known for known in self._versions if known < version]:
            del self._versions[number]
            for use in self.uses:
                use.forgotten(number)
        self.current = version
        self._taken_anew(version)
        return True

    def _taken_anew(self, version: int) -> None:
        if version != self.current:
            for use in self.uses:
                use.forgotten(version)
            return
        self._versions.setdefault(version, {})
        self._by_key = None
        for use in self.uses:
            use.reloaded(version)

    def _home(self, number: int) -> int | None:
        for version, entries in self._versions.items():
            if number in entries:
                return version
        return None

    def _numbers(self, key: str) -> list[int]:
        found = self._index().get(key, [])
        return [found] if isinstance(found, int) else found

    def _index(self) -> dict[str, int | list[int]]:
        if self._by_key is None:
            entries = self._versions[self.current]
            self._by_key = {entry[0]: number for number, entry in entries.items()}
            if len(self._by_key) != len(entries):
                self._by_key.clear()
                for number, entry in entries.items():
                    _note(self._by_key, entry[0], number)
        return self._by_key


def _note(index: dict[str, int | list[int]], key: str, number: int) -> None:
    known = index.setdefault(key, number)
    if known is not number:
        index[key] = [known, number] if isinstance(known, int) else [*known, number]


class PatternBook:
    """
    The references of one configuration.
    """

    def __init__(self) -> None:
        self._files: dict[str, Reference] = {}
        self._all: list[Reference] = []
        self._numbers: dict[int, Reference] = {}

    def file(
        self, name: str, load: Callable[[str], Iterable[Entry]], *, has_values: bool
    ) -> Reference:
        """
        Get the reference of a file, which is read at its first use.

        @param load: Reads it.

        @param has_values: Whether its lines are keys with values.

        @raise ConfigError: It cannot be read, or is used with values elsewhere and here without.
        """
        known = self._files.get(name)
        if known is None:
            known = Reference(name, load(name), has_values=has_values)
            self._files[name] = known
            self._all.append(known)
        elif known.has_values != has_values:
            was, wanted = ("two", "one") if known.has_values else ("one", "two")
            raise ConfigError(
                f'The file "{name}" is already used as {was} column file and cannot be used by '
                f"as {wanted} column file."
            )
        return known

    def anonymous(self, patterns: Iterable[str], place: str, number: int = -1) -> Reference:
        """
        Make the reference of patterns that stand in the configuration itself.

        @param place: Where, in words.

        @param number: The number it is to have, -1 for any.

        @raise ConfigError: The number is taken.
        """
        made = Reference("", [(pattern, None) for pattern in patterns])
        made.in_acls = True
        made.places.append(place)
        if number >= 0:
            if number in self._numbers:
                raise ConfigError("the id is already used")
            made.number = number
            self._numbers[number] = made
        self._all.append(made)
        return made

    def settle(self) -> None:
        """
        Give numbers to those that have none, once all of the configuration is read.
        """
        following = 0
        for each in self._all:
            if each.number < 0:
                while following in self._numbers:
                    following += 1
                each.number = following
                self._numbers[following] = each

    def listed(self, *, maps: bool) -> list[Reference]:
        """
        List those that maps use, or those that ACLs use, by number.
        """
        wanted = [each for each in self._all if (each.in_maps if maps else each.in_acls)]
        return sorted(wanted, key=lambda each: each.number)

    def find(self, text: str, *, maps: bool) -> Reference | None:
        """
        Find one.

        @param text: The file, or C{#} and the number.

        @param maps: Whether it is one that maps use, or one that ACLs use.

        @return: L{None} when there is none.
        """
        if text.startswith("#"):
            number = text[1:]
            plain = number.isdecimal() and number.isascii()
            found = self._numbers.get(int(number)) if plain else None
        else:
            found = self._files.get(text)
        if found is None or not (found.in_maps if maps else found.in_acls):
            return None
        return found


#: A description holds nothing that changes, so the book lies beside it.
_books: WeakKeyDictionary[Any, PatternBook] = WeakKeyDictionary()


def book_of(owner: Any) -> PatternBook:
    """
    Get the references of a configuration, or of an attempt to load one.

    @param owner: The configuration, or the attempt's diagnostics.

    @return: The book, empty when there are none.
    """
    return _books.setdefault(owner, PatternBook())


def keep_book(owner: Any, configuration: Any) -> None:
    """
    Let a configuration have the references of the attempt that loaded it.
    """
    book = book_of(owner)
    book.settle()
    _books[configuration] = book
