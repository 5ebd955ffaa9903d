"""
What was loaded, and the texts of the last configurations that were accepted.

Each load has a record: when, who asked for it, which files, how it ended. A configuration that was
accepted keeps the texts that its workers got, so that it can be loaded again just as it was. Kept
are as many, with as many bytes, as C{kept-generations} says; what serves, and what somebody may
still go back to, is kept in any case. Texts that generations share are held once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from mwproxy.core.references import Marks, mark_of, read_marks
from mwproxy.process.discovery import KeptText
from mwproxy.process.inheritance import GenerationFacts, HistoryFacts

#: Most loads that are remembered at all, most messages of one that failed, and their length.
MOST_RECORDS = 64
MOST_REASONS = 10
LONGEST_REASON = 300

LOADING, SERVING, SERVED, FAILED = "loading", "serving", "served", "failed"


@dataclass(slots=True)
class Record:
    """
    One load.

    @ivar number: Of its generation.

    @ivar what: C{start}, C{reload}, C{hard-reload}, C{rollback 3}, or C{return 3} for a generation
        that nobody confirmed.

    @ivar by: Who asked for it, empty if that is not known.

    @ivar when: When it began, seconds since 1970.

    @ivar result: C{loading}, C{serving}, C{served} or C{failed}.

    @ivar files: Its files.

    @ivar text: What its workers loaded, L{None} if that is not kept.

    @ivar references: Files that its text names, as they were when it was loaded.

    @ivar why: The alerts of one that failed.
    """

    number: int
    what: str
    by: str
    when: float
    result: str = LOADING
    files: list[str] = field(default_factory=list)
    text: KeptText | None = None
    references: Marks = field(default_factory=dict)
    why: list[str] = field(default_factory=list)

    def changed_references(self) -> list[str]:
        """
        List the files beside the configuration that are not what they were.
        """
        return [name for name, mark in self.references.items() if mark_of(name) != mark]


class History:
    """
    The loads of one master.
    """

    def __init__(self) -> None:
        self._records: list[Record] = []

    @property
    def records(self) -> list[Record]:
        """
        All that are remembered, oldest first.
        """
        return list(self._records)

    def begin(self, record: Record) -> None:
        """
        Note that a load begins.
        """
        self._records.append(record)
        del self._records[: max(0, self._surplus())]

    def find(self, number: int) -> Record | None:
        """
        Find a load.
        """
        return next((each for each in self._records if each.number == number), None)

    def kept(self) -> list[Record]:
        """
        List those whose text is kept, oldest first.
        """
        return [each for each in self._records if each.text is not None]

    def before(self, number: int) -> Record | None:
        """
        Find the last kept configuration that was accepted before one.
        """
        return next((each for each in reversed(self.kept()) if each.number < number), None)

    def read(self, number: int, files: Sequence[str]) -> None:
        """
        Note which files a load has.
        """
        record = self.find(number)
        if record is not None:
            record.files = list(files)

    def failed(self, number: int, lines: Sequence[str]) -> None:
        """
        Note that a load failed.

        @param lines: All messages since it began.
        """
        record = self.find(number)
        if record is not None and record.result == LOADING:
            record.result = FAILED
            alerts = [each for each in lines if each.startswith("[ALERT]")]
            cut = [line for each in alerts for line in each.splitlines() if line.strip()]
            record.why = [each[:LONGEST_REASON] for each in cut[:MOST_REASONS]]

    def serves(
        self,
        number: int,
        files: Sequence[str],
        contents: dict[str, bytes],
        references: Marks,
    ) -> dict[str, bytes]:
        """
        Note that a load was accepted; the one before serves no more.

        @return: The contents; texts that are kept already are those.
        """
        for each in self._records:
            if each.result == SERVING:
                each.result = SERVED
        shared = {text: text for each in self.kept() for text in _texts(each)}
        held = {name: shared.get(text, text) for name, text in contents.items()}
        record = self.find(number)
        if record is not None:
            record.result = SERVING
            record.text = KeptText(number, list(files), held)
            record.references = references
        return held

    def trim(self, count: int, size: int, pinned: Collection[int]) -> None:
        """
        Forget texts, oldest first, until no more are kept than may be.

        @param count: Most configurations beside the pinned ones.

        @param size: Most bytes that they may have.

        @param pinned: Generations that are kept in any case.
        """
        room = size
        counted: set[int] = set()
        for each in self.kept():
            if each.number in pinned:
                counted |= {id(text) for text in _texts(each)}
        for each in reversed(self.kept()):
            if each.number in pinned:
                continue
            own = {id(text): len(text) for text in _texts(each) if id(text) not in counted}
            room -= sum(own.values())
            count -= 1
            if count < 0 or room < 0:
                # None that is older either: what is kept has no gaps.
                count = -1
                each.text, each.references = None, {}
            else:
                counted |= set(own)

    def facts(self) -> HistoryFacts:
        """
        Note what another image of the master needs to go on.
        """
        texts: dict[int, int] = {}
        facts = HistoryFacts()
        for each in self._records:
            kept = None
            if each.text is not None:
                kept = {}
                for name, text in each.text.contents.items():
                    if id(text) not in texts:
                        texts[id(text)] = len(facts.texts)
                        facts.texts.append(text)
                    kept[name] = texts[id(text)]
            facts.records.append(
                GenerationFacts(
                    each.number,
                    each.what,
                    each.by,
                    each.when,
                    each.result,
                    each.files,
                    [] if each.text is None else each.text.files,
                    kept,
                    {name: list(mark) for name, mark in each.references.items()},
                    each.why,
                )
            )
        return facts

    def inherit(self, facts: HistoryFacts) -> None:
        """
        Go on with the records of a former image of the master.
        """
        for each in facts.records:
            record = Record(each.number, each.what, each.by, each.when, each.result, each.files)
            if each.texts is not None and all(
                0 <= index < len(facts.texts) for index in each.texts.values()
            ):
                contents = {name: facts.texts[index] for name, index in each.texts.items()}
                record.text = KeptText(each.number, each.text_files, contents)
            record.references = read_marks(each.references)
            record.why = each.why
            self._records.append(record)

    def _surplus(self) -> int:
        """
        Count the oldest records of which no text is left, above the limit.
        """
        count = len(self._records) - MOST_RECORDS
        found = 0
        for each in self._records[:count] if count > 0 else []:
            if each.text is not None or each.result in (LOADING, SERVING):
                break
            found += 1
        return found


def _texts(record: Record) -> list[bytes]:
    return [] if record.text is None else list(record.text.contents.values())
