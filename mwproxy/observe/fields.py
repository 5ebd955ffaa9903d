"""
Statistics fields: what a figure is called, what kind it is and how it is read.

A field's tags are three letters as in C{show stat typed}: its origin, its nature and its scope
(management manual, 9 "Typed output format").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar

from mwproxy.core.registry import Registry

#: What a field holds; L{None} when the object has no such figure.
Value = int | str | None

Reader = TypeVar("Reader", bound=Callable[[Any], Value])

ORIGINS = {"M": "Metric", "S": "Status", "K": "Key", "C": "Config", "P": "Product"}
NATURES = {
    "G": "Gauge",
    "L": "Limit",
    "m": "Min",
    "M": "Max",
    "R": "Rate",
    "C": "Counter",
    "D": "Duration",
    "A": "Age",
    "T": "Time",
    "N": "Name",
    "O": "Output",
    "a": "Avg",
}
#: All kinds of objects.
EVERYONE = "FBSL"
SCOPES = {"C": "Cluster", "P": "Process", "S": "Service", "s": "System"}


@dataclass(frozen=True, slots=True)
class Field:
    """
    One column of C{show stat}, or line of C{show info}.

    @ivar name: Its name, such as C{"scur"}.

    @ivar tags: Origin, nature and scope, such as C{"MGP"}.

    @ivar kind: C{str u32 s32 u64}.

    @ivar text: What it says, for C{desc}.

    @ivar read: Takes the object, returns the value or L{None}.

    @ivar backend_tags: The tags that it has for backends, empty for the usual ones.

    @ivar sides: Letters of the kinds of objects that may have it: F frontends, B backends, S
        servers, L listeners.

    @ivar http: Whether only proxies in HTTP mode have it.

    @ivar needs: C{check} or C{agent} when only servers with such checks have it.

    @ivar counter: Path of attributes from the object's counters to the value, if reading it is no
        more than that; empty when C{read} must be called.

    @ivar path: The same from the object itself, to a number.

    @ivar constant: What the value always is for those that have it, L{None} when it varies.
    """

    name: str
    tags: str
    kind: str
    text: str
    read: Callable[[Any], Value]
    backend_tags: str = ""
    sides: str = EVERYONE
    http: bool = False
    needs: str = ""
    counter: str = ""
    path: str = ""
    constant: int | None = None

    def concerns(self, subject: Any) -> bool:
        """
        Tell whether an object is of a kind that has the field.

        @param subject: A row of C{show stat}, or anything else where all have all.
        """
        if self.sides != EVERYONE and subject.letter not in self.sides:
            return False
        return not self.http or subject.proxy.mode == "http"

    def seen_in(self, letter: str) -> Field:
        """
        Get the field as objects of a kind have it.

        @param letter: The kind's letter.

        @return: Itself, or one with other tags.
        """
        if letter != "B" or not self.backend_tags:
            return self
        return replace(self, tags=self.backend_tags, backend_tags="")

    @property
    def tag_words(self) -> dict[str, str]:
        """
        The tags spelled out, as in JSON.
        """
        origin, nature, scope = list(self.tags)
        return {"origin": ORIGINS[origin], "nature": NATURES[nature], "scope": SCOPES[scope]}


class Fractional(float):
    """
    A value that is written with its fraction, of up to six digits.
    """

    def __str__(self) -> str:
        return f"{float(self):.6f}".rstrip("0").rstrip(".")

    def __format__(self, spec: str) -> str:
        return float.__format__(self, spec) if spec else str(self)


class Reading(NamedTuple):
    """
    A field with the value it has in one object.
    """

    position: int
    field: Field
    value: int | str | Fractional


stat_fields: Registry[Field] = Registry("statistics column")
info_fields: Registry[Field] = Registry("information line")


def field(
    name: str,
    kind: str,
    text: str,
    *,
    registry: Registry[Field] = stat_fields,
    backend_tags: str = "",
    sides: str = EVERYONE,
    http: bool = False,
    needs: str = "",
    counter: str = "",
    path: str = "",
    constant: int | None = None,
) -> Callable[[Reader], Reader]:
    """
    Register the function that reads a field.

    @param name: The field's name.

    @param kind: Tags and type, such as C{"MGP:u32"}.

    @param text: What it says.

    @param registry: The family it belongs to.

    @param sides: This and the following: see L{Field}.

    @return: The decorator.
    """

    def record(reader: Reader) -> Reader:
        tags, _, type_ = kind.partition(":")
        registry.register(
            name,
            Field(
                name,
                tags,
                type_,
                text,
                reader,
                backend_tags,
                sides,
                http,
                needs,
                counter,
                path,
                constant,
            ),
        )
        return reader

    return record


def readings(fields: list[Field], subject: object) -> list[Reading]:
    """
    Read an object.

    @param fields: The fields, in the order of their positions.

    @param subject: What their functions take.

    @return: Those fields that have a value.
    """
    result = []
    for position, each in enumerate(fields):
        if not each.concerns(subject):
            continue
        value = each.read(subject)
        if value is not None:
            result.append(Reading(position, each, value))
    return result
