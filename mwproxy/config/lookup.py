"""
From a line's words to its keyword: the longest registered name that they begin with.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

from mwproxy.core.families import Keyword, all_keywords, keywords

#: Names of sections that a keyword can be mistaken for.
_SECTION_NAMES = ("global", "defaults", "frontend", "backend", "listen", "program")


@dataclass(slots=True)
class Branch:
    """
    The keywords that begin with one word.

    @ivar alone: The keyword that is just this word.

    @ivar longer: Those of two and three words, by full name.
    """

    alone: Keyword | None = None
    longer: dict[str, Keyword] = field(default_factory=dict)


class Table:
    """
    The keywords of one kind of section.

    @ivar section: The kind.

    @ivar single: Keywords of one word that no longer one begins with, for the fast path.
    """

    def __init__(self, section: str, *, discovery: bool = False) -> None:
        """
        @param discovery: Keep only what the master reads.
        """
        self.section = section
        self.single: dict[str, Keyword] = {}
        self._branches: dict[str, Branch] = {}
        for each in all_keywords():
            if section in each.sections and (each.discovery or not discovery):
                self._add(each)
        for word, branch in self._branches.items():
            if branch.alone is not None and not branch.longer:
                self.single[word] = branch.alone

    def _add(self, each: Keyword) -> None:
        first, _, rest = each.name.partition(" ")
        branch = self._branches.setdefault(first, Branch())
        if rest:
            branch.longer[each.name] = each
        else:
            branch.alone = each

    def find(self, words: list[str]) -> tuple[Keyword, int] | None:
        """
        Find the keyword of a line.

        @param words: The line, C{no} not among them.

        @return: The keyword and of how many words it is, L{None} when there is none.
        """
        branch = self._branches.get(words[0])
        if branch is None:
            return None
        for count in (3, 2):
            if len(words) >= count:
                found = branch.longer.get(" ".join(words[:count]))
                if found is not None:
                    return found, count
        return None if branch.alone is None else (branch.alone, 1)

    def following(self, first: str) -> list[str]:
        """
        List the words that may follow a first word.

        @param first: The first word.

        @return: Sorted; empty when no keyword of two words begins with it.
        """
        branch = self._branches.get(first)
        return sorted({name.split()[1] for name in branch.longer}) if branch is not None else []

    def first_words(self) -> list[str]:
        """
        List the words that a line may begin with.

        @return: Sorted, names of sections among them.
        """
        return sorted({*self._branches, *_SECTION_NAMES})

    def own_words(self) -> list[str]:
        """
        List the first words of its keywords.

        @return: Sorted.
        """
        return sorted(self._branches)


@functools.cache
def table_of(section: str, *, discovery: bool) -> Table:
    """
    Get the keywords of one kind of section; the table is made once per process.

    @param section: The kind.

    @param discovery: Keep only what the master reads.
    """
    return Table(section, discovery=discovery)


def find_elsewhere(words: list[str]) -> tuple[Keyword, int] | None:
    """
    Find a keyword whatever its section.

    @param words: The line, C{no} not among them.

    @return: The keyword (that of proxies, where several share the name) and of how many words
        it is, L{None} when there is none.
    """
    for count in (3, 2, 1):
        first = keywords.find(" ".join(words[:count])) if len(words) >= count else None
        if first is not None:
            every = (first, *first.elsewhere)
            return next((each for each in every if "backend" in each.sections), first), count
    return None
