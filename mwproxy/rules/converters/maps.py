"""
Converters that look a value up in a file: C{map}, and C{map_<match>} with an output type.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from ipaddress import ip_address
from typing import Any

from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import converter
from mwproxy.live.patterns import Found, Reference, book_of
from mwproxy.rules.context import Context
from mwproxy.rules.expression import prepared
from mwproxy.rules.lookup import find_entry, is_tree
from mwproxy.rules.patterns import IpAddress, load_map_file
from mwproxy.rules.tables import (
    Addresses,
    Exact,
    Matching,
    Numbers,
    Prefixes,
    Substituting,
    Table,
)
from mwproxy.rules.texts import to_text, to_wire

Step = Callable[[Any], Any]
Value = Callable[[str], Any]


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


class _Use:
    """
    What one kind of map converter makes of a file, as the user of its reference.

    @ivar method: The match method.

    @ivar value: Makes values of texts.

    @ivar table: What samples are looked up in.
    """

    def __init__(
        self, reference: Reference, method: str, value: Value, kind: str, make: Callable[[], Table]
    ) -> None:
        self._reference = reference
        self.method = method
        self.value = value
        self._kind = kind
        self._make = make
        self._staged: dict[int, Table] = {}
        self.table = self._filled()

    def _filled(self) -> Table:
        table = self._make()
        known: dict[str, Any] = {}
        for key, text in self._reference.version().values():
            converted = known.get(text or "")
            if converted is None:
                converted = known[text or ""] = self.value(text or "")
            table.add(key, table.parse(key), converted)
        return table

    def check(self, key: str, value: str | None) -> tuple[Any, Any]:
        """
        Understand key and value.
        """
        parsed = self.table.parse(key)
        try:
            return parsed, self.value(value or "")
        except ConfigError:
            raise ConfigError(f"unable to parse '{value}'") from None

    def added(self, key: str, parsed: tuple[Any, Any]) -> None:
        """
        Find one more.
        """
        self.table.add(key, *parsed)

    def changed(self, key: str, parsed: tuple[Any, Any]) -> None:
        """
        Give another value.
        """
        if not self.table.change(key, *parsed):
            self.reloaded(-1)

    def removed(self, key: str) -> None:
        """
        Find it no more.
        """
        if not self.table.remove(key):
            self.reloaded(-1)

    def staged(self, version: int, key: str, parsed: tuple[Any, Any]) -> None:
        """
        Make the table of a version while it grows, so that it takes over in no time.
        """
        table = self._staged.get(version)
        if table is None:
            if len(self._reference.version(version)) > 1:
                # Something was removed from it, or it is an old one: at the commit.
                return
            table = self._staged[version] = self._make()
        table.add(key, *parsed)

    def forgotten(self, version: int) -> None:
        """
        Drop the table of a version.
        """
        self._staged.pop(version, None)

    def reloaded(self, version: int) -> None:
        """
        Find what is there now.
        """
        self.table.adopt(self._staged.pop(version, None) or self._filled())

    def look(self, text: str) -> Found:
        """
        Find the entry of a sample.
        """
        method = "reg" if self.method == "regm" else self.method
        entry = find_entry(self._reference, method, False, text)
        return Found(self.method, True, is_tree(method, False), self._kind, entry)


def _shared(
    reference: Reference, method: str, value: Value, kind: str, make: Callable[[], Table]
) -> _Use:
    """
    Find a use that looks up in the same way, or make one.
    """
    for use in reference.uses:
        if isinstance(use, _Use) and (use.method, use.value) == (method, value):
            return use
    made = _Use(reference, method, value, kind, make)
    reference.uses.append(made)
    return made


def _map(
    context: Context,
    name: str,
    method: str,
    value: Value,
    kind: str,
    make: Callable[[], Table],
    default: Any,
) -> Step:
    reference = book_of(context.diagnostics).file(name, load_map_file, has_values=True)
    reference.in_maps = True
    reference.places.append(f"map at file '{context.where.file}' line {context.where.line}")
    find = _shared(reference, method, value, kind, make).table.find
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
    name: str, takes: str, table: Callable[[], Table], kinds: tuple[str, ...], method: str = ""
) -> None:
    method = method or name.removeprefix("map_")
    for kind in kinds:
        value, gives, default_type = _VALUES[kind]

        def make(
            context: Context,
            file: str,
            default: Any = None,
            value: Value = value,
            kind: str = kind,
            gives: str = gives,
        ) -> Step:
            if kind == "_ip" and default is not None:
                default = _value_ip(to_text(default))
            return _map(context, file, method, value, gives, table, default)

        make.__doc__ = f"Look a sample up in a file, as C{{{name}{kind}}}."
        register = converter(name + kind, args=("var", default_type), takes=takes, gives=gives)
        register(prepared(make))


_ALL = ("", "_int", "_ip")
_register("map", "str", Exact, ("",), "str")
_register("map_str", "str", Exact, _ALL)
_register("map_beg", "str", Prefixes, _ALL)
for _method in ("end", "sub", "dir", "dom", "reg"):
    _register(f"map_{_method}", "str", partial(Matching, _method), _ALL)
_register("map_int", "sint", Numbers, _ALL)
_register("map_ip", "addr", Addresses, _ALL)
_register("map_regm", "str", Substituting, ("",))
