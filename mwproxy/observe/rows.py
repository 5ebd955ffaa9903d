"""
Writers of C{show stat}: the line of one object, put together from a template.

Theory. Of the hundred-odd columns of an object most are plain counters, always the same, or never
there; which is which depends on the kind of the object only. So for each kind a template is made
once: what never varies stands in it, counters are fetched by one C{attrgetter}, and only what is
left is asked column by column. With 10,000 servers that is most of the time of the command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any

from mwproxy.live.servers import Admin, Server
from mwproxy.observe.fields import Field

if TYPE_CHECKING:
    from mwproxy.observe.stat import Row

#: Stands in a template for what identifies the object.
MARK = "\0"


@dataclass(frozen=True, slots=True)
class Shape:
    """
    A format as seen by one value.

    @ivar before: Gives what stands before a value: called with position and field; may contain
        L{MARK}.

    @ivar after: Gives what stands behind it: called with the field.

    @ivar absent: Stands for a column without value.

    @ivar text: Writes a text; numbers are written as they are.

    @ivar mark: Gives what replaces L{MARK}: called with the object.

    @ivar first: Begins the object.   @ivar last: Ends it.   @ivar drop: How many characters
        before C{last} are one too many.
    """

    before: Callable[[int, Field], str]
    after: Callable[[Field], str]
    absent: str
    text: Callable[[str], str]
    mark: Callable[[Row], str] | None = None
    first: str = ""
    last: str = ""
    drop: int = 0


def _getter(paths: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    if not paths:
        return lambda _subject: ()
    get = attrgetter(*paths)
    return get if len(paths) > 1 else lambda subject: (get(subject),)


class RowWriter:
    """
    Writes the objects of one kind.
    """

    def __init__(
        self, fields: list[Field], shape: Shape, letter: str, http: bool, has: frozenset[str]
    ) -> None:
        """
        @param fields: The columns.

        @param shape: The format.

        @param letter: The objects' kind.

        @param http: Whether their proxies are in HTTP mode.

        @param has: What checks they have: C{check}, C{agent}.
        """
        self._shape = shape
        # Whether a column without value is one with an empty value, as in CSV.
        self._plain = all(
            shape.absent == shape.before(0, each) + shape.after(each) for each in fields
        )
        self._asked: list[tuple[Callable[[Any], int | str | None], str, str]] = []
        paths: list[str] = []
        own: list[str] = []
        cells: list[str | tuple[str, int]] = []
        for position, each in enumerate(fields):
            field = each.seen_in(letter)
            absent = letter not in field.sides or (field.http and not http)
            if absent or (field.needs and field.needs not in has):
                cells.append(shape.absent)
                continue
            before, after = shape.before(position, field), shape.after(field)
            if field.constant is not None:
                cells.append(f"{before}{field.constant}{after}")
            elif field.counter or field.path:
                kind, known = ("counter", paths) if field.counter else ("own", own)
                cells += [before, (kind, len(known)), after]
                known.append(field.counter or field.path)
            elif self._plain:
                cells += [before, ("asked", len(self._asked)), after]
                self._asked.append((field.read, "", ""))
            else:
                cells.append(("asked", len(self._asked)))
                self._asked.append((field.read, before, after))
        begins = {"counter": 0, "own": len(paths), "asked": len(paths) + len(own)}
        pieces = []
        order = []
        for cell in cells:
            if isinstance(cell, str):
                pieces.append(cell.replace("%", "%%"))
            else:
                kind, index = cell
                pieces.append("%s")
                order.append(index + begins[kind])
        self._template = "".join(pieces)
        self._arrange: Callable[[tuple[Any, ...]], Any] = (
            itemgetter(*order) if len(order) > 1 else lambda values: values
        )
        self._counters = _getter(paths)
        self._own = _getter(own)

    def write(self, row: Row) -> str:
        """
        Write an object.

        @param row: It.

        @return: Its text.
        """
        shape = self._shape
        absent, text = shape.absent, shape.text
        asked: list[int | str]
        if self._plain:
            asked = [
                value if value.__class__ is int else "" if value is None else text(value)  # type: ignore[arg-type]  # what is no number is text
                for value in [read(row) for read, _before, _after in self._asked]
            ]
        else:
            asked = [
                absent
                if (value := read(row)) is None
                else f"{before}{value if isinstance(value, int) else text(value)}{after}"
                for read, before, after in self._asked
            ]
        values = (*self._counters(row.counters), *self._own(row), *asked)
        written = self._template % self._arrange(values)
        if shape.mark is not None:
            written = written.replace(MARK, shape.mark(row))
        if shape.drop:
            written = written[: -shape.drop]
        return f"{shape.first}{written}{shape.last}"


class Writers:
    """
    The writers of one answer, made as kinds of objects appear.
    """

    def __init__(self, fields: list[Field], shape: Shape) -> None:
        """
        @param fields: The columns.

        @param shape: The format.
        """
        self._fields = fields
        self._shape = shape
        self._known: dict[tuple[int, bool, int], RowWriter] = {}

    def write(self, row: Row) -> str:
        """
        Write an object.

        @param row: It.

        @return: Its text.
        """
        http = row.proxy.mode == "http"
        checks = _checks(row.server) if row.server is not None else 0
        key = (row.type, http, checks)
        writer = self._known.get(key)
        if writer is None:
            has = _HAS[checks]
            writer = RowWriter(self._fields, self._shape, row.letter, http, has)
            self._known[key] = writer
        return writer.write(row)

    def write_all(self, rows: Iterable[Row]) -> Iterator[str]:
        """
        Write objects, several in a piece.

        @param rows: They are read one by one.

        @return: Pieces of some 2 kB.
        """
        pieces = []
        size = 0
        for row in rows:
            text = self.write(row)
            pieces.append(text)
            size += len(text)
            if size >= _PIECE:
                yield "".join(pieces)
                pieces.clear()
                size = 0
        yield "".join(pieces)


#: By the sum of 1 for health checks and 2 for agent checks.
_HAS = [frozenset(words.split()) for words in ("", "check", "agent", "check agent")]
#: Characters of a piece.
_PIECE = 2048
_MAINT = Admin.MAINT.value


def _checks(server: Server) -> int:
    found = 0
    if server.checked and not server.admin._value_ & _MAINT:
        found = 1
    if server.agent is not None and server.agent.enabled:
        found += 2
    return found
