"""
Registries: the only way in which a keyword, fetch, action or command becomes known.

An entry is recorded when its module is imported; nothing runs. Adding a file
to a family's package is enough to add what it registers.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterator
from typing import Generic, TypeVar

Entry = TypeVar("Entry")


class UnknownName(LookupError):
    """
    No entry has this name; C{nearest} holds the best guess, or is empty.
    """

    def __init__(self, kind: str, name: str, nearest: str) -> None:
        super().__init__(f"unknown {kind} '{name}'")
        self.kind = kind
        self.name = name
        self.nearest = nearest


class Registry(Generic[Entry]):
    """
    Named entries of one kind.

    @ivar kind: What an entry is called in messages, such as C{"keyword"}.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, Entry] = {}

    def register(self, name: str, entry: Entry) -> None:
        """
        Record an entry.

        @param name: Its spelling in HAProxy's language.

        @param entry: What stands behind the name.

        @raise ValueError: The name is taken.
        """
        if name in self._entries:
            raise ValueError(f"{self.kind} '{name}' is registered twice")
        self._entries[name] = entry

    def get(self, name: str) -> Entry:
        """
        Look a name up.

        @param name: The exact spelling.

        @return: The entry.

        @raise UnknownName: There is none of that name.
        """
        try:
            return self._entries[name]
        except KeyError:
            raise UnknownName(self.kind, name, self.nearest(name)) from None

    def find(self, name: str) -> Entry | None:
        """
        Look a name up that may be absent.

        @param name: The exact spelling.

        @return: The entry, or L{None}.
        """
        return self._entries.get(name)

    def nearest(self, name: str) -> str:
        """
        Guess which name was meant.

        @param name: What was written.

        @return: The most similar name, empty when none is similar.
        """
        return nearest(name, self._entries)

    def names(self) -> list[str]:
        """
        List the names.

        @return: All names, sorted.
        """
        return sorted(self._entries)

    def __iter__(self) -> Iterator[tuple[str, Entry]]:
        return iter(sorted(self._entries.items()))

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __len__(self) -> int:
        return len(self._entries)


def nearest(name: str, known: Iterator[str] | dict[str, Entry] | list[str]) -> str:
    """
    Guess which of the known names was meant.

    @param name: What was written.

    @param known: The names that exist.

    @return: The most similar one, empty when none is similar.
    """
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return found[0] if found else ""


#: The packages that were imported whole.
_loaded: set[str] = set()


def load_family(package: str) -> None:
    """
    Import all modules of a package, in name order, so that they register
    their entries.

    @param package: The dotted name of the package.
    """
    if package in _loaded:
        return
    module = importlib.import_module(package)
    for found in sorted(pkgutil.iter_modules(module.__path__), key=lambda info: info.name):
        importlib.import_module(f"{package}.{found.name}")
    _loaded.add(package)
