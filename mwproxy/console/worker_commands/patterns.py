"""
Console commands about the contents of maps and ACLs: C{show map}, C{add acl} and their like.

Each exists for maps and for ACLs; what differs is a word here and there (L{_MAP}, L{_ACL}). A map's
file that an ACL uses too is one list, which both kinds of commands may show.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mwproxy.console.dispatch import CommandError, Feedback, Invocation
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import command
from mwproxy.live.patterns import Entry, Found, PatternBook, Reference, book_of

#: Lines of an answer that are made at a time.
_LINES = 64


@dataclass(frozen=True, slots=True)
class _Kind:
    """
    What maps and ACLs call things.

    @ivar word: C{map} or C{acl}.   @ivar name: The same in messages.
    """

    word: str
    name: str

    @property
    def is_map(self) -> bool:
        return self.word == "map"

    @property
    def unknown(self) -> str:
        return f"Unknown {self.name} identifier. Please use #<id> or <file>."


_MAP = _Kind("map", "map")
_ACL = _Kind("acl", "ACL")


def _book(invocation: Invocation) -> PatternBook:
    return book_of(invocation.subject.configuration)


def _version(invocation: Invocation) -> int | None:
    """
    Take C{@version} off the arguments.
    """
    word = invocation.argument(0)
    if not word.startswith("@"):
        return None
    del invocation.args[0]
    number = word[1:]
    return int(number) if number.isdecimal() and number.isascii() else 0


def _find(invocation: Invocation, kind: _Kind) -> Reference:
    found = _book(invocation).find(invocation.argument(0), maps=kind.is_map)
    if found is None:
        raise CommandError(kind.unknown)
    return found


def _own_number(word: str) -> int | None:
    """
    Read C{#0x...}, one entry's own number.

    @return: L{None} when it is none, -1 when it is no number.
    """
    if not word.startswith("#"):
        return None
    try:
        return int(word[1:], 16)
    except ValueError:
        return -1


def _show(invocation: Invocation, kind: _Kind) -> Iterator[str]:
    version = _version(invocation)
    if not invocation.args:
        return _list(_book(invocation), kind)
    return _contents(_find(invocation, kind), version)


def _list(book: PatternBook, kind: _Kind) -> Iterator[str]:
    yield "# id (file) description\n"
    for each in book.listed(maps=kind.is_map):
        yield (
            f"{each.number} ({each.file}) {each.description}. curr_ver={each.current} "
            f"next_ver={each.next} entry_cnt={each.count}\n"
        )


def _contents(reference: Reference, version: int | None) -> Iterator[str]:
    entries = list(reference.version(version).items())
    for begin in range(0, len(entries), _LINES):
        yield "".join(
            f"0x{number:x} {key}\n" if value is None else f"0x{number:x} {key} {value}\n"
            for number, (key, value) in entries[begin : begin + _LINES]
        )


def _get(invocation: Invocation, kind: _Kind) -> Iterator[str]:
    if not invocation.argument(1):
        raise CommandError(f"Missing {kind.name} identifier and/or key.")
    reference = _find(invocation, kind)
    sample = invocation.argument(1)
    # Uses that compare in the same way say the same; HAProxy has one line for them.
    results: dict[tuple[str, bool, str], str] = {}
    for use in reference.uses:
        found = use.look(sample)
        results.setdefault((found.method, found.sensitive, found.kind), _result(found, kind))
    return iter(results.values())


def _result(found: Found, kind: _Kind) -> str:
    case = "sensitive" if found.sensitive else "insensitive"
    answer = "found" if kind.is_map else "match"
    text = f"type={found.method}, case={case}, {answer}="
    if found.entry is None:
        return f"{text}no\n"
    key, value = found.entry
    text += f"yes, idx={'tree' if found.tree else 'list'}, "
    if not kind.is_map:
        return f'{text}pattern="{key}"\n'
    text += f'key="{key}", value='
    if not found.kind:
        return f"{text}none\n"
    shown = found.kind
    if shown == "addr":
        shown = "ipv6" if ":" in (value or "") else "ipv4"
    return f'{text}"{value}", type="{shown}"\n'


def _add(invocation: Invocation, kind: _Kind) -> None:
    version = _version(invocation)
    given = invocation.args
    payload = invocation.payload
    if kind.is_map:
        if (payload is None and len(given) < 3) or not given:
            raise CommandError(
                "'add map' expects three parameters (map identifier, key and value) or one "
                "parameter (map identifier) and a payload"
            )
    elif (payload is None and len(given) < 2) or not given:
        raise CommandError("'add acl' expects two parameters: ACL identifier and pattern.")
    reference = _find(invocation, kind)
    if not kind.is_map and reference.has_values:
        raise CommandError(
            "This ACL is shared with a map containing samples. You must use the command 'add map' "
            "to add values."
        )
    if version is not None and version > reference.next:
        raise CommandError(
            f"Version number in the future, please use 'prepare {kind.word}' before."
        )
    if payload is not None:
        entries = list(_payload(payload, kind))
    else:
        entries = [(given[1], given[2] if kind.is_map else None)]
    try:
        reference.add(entries, version)
    except ConfigError as error:
        raise CommandError(f"{error}.") from None


def _payload(text: str, kind: _Kind) -> Iterator[Entry]:
    for line in text.split("\n"):
        line = line.strip(" \t\r")
        if not line:
            continue
        if not kind.is_map:
            yield line, None
            continue
        key, *rest = line.split(None, 1)
        if not rest:
            raise CommandError(f"Missing value for key '{key}' in the payload: nothing was added.")
        yield key, rest[0]


def _delete(invocation: Invocation, kind: _Kind) -> None:
    if not invocation.argument(1):
        raise CommandError(f"This command expects two parameters: {kind.name} identifier and key.")
    reference = _find(invocation, kind)
    word = invocation.argument(1)
    number = _own_number(word)
    done = reference.remove(word) if number is None else reference.remove_one(number)
    if not done:
        raise CommandError("Key not found.")


def _clear(invocation: Invocation, kind: _Kind) -> None:
    version = _version(invocation)
    if not invocation.args:
        raise CommandError(f"Missing {kind.name} identifier.")
    _find(invocation, kind).clear(version)


def _prepare(invocation: Invocation, kind: _Kind) -> Feedback:
    return Feedback(f"New version created: {_find(invocation, kind).prepare()}")


def _commit(invocation: Invocation, kind: _Kind) -> None:
    version = _version(invocation)
    if version is None:
        raise CommandError("Missing version number.")
    if not invocation.args:
        raise CommandError(f"Missing {kind.name} identifier.")
    if not _find(invocation, kind).commit(version):
        raise CommandError("Version number out of range.")


@command("set map", on="worker", level="operator", usage="set map <map> [<key>|#<ref>] <value>",
         changes=True, text="change a value of a map")  # fmt: skip
def cmd_set_map(invocation: Invocation) -> None:
    """
    Give a key, or one entry, another value.

    @param invocation: The command.

    @raise CommandError: There is no such map or key, or the value is of another type.
    """
    if len(invocation.args) < 3:
        raise CommandError("'set map' expects three parameters: map identifier, key and value.")
    reference = _find(invocation, _MAP)
    word, value = invocation.args[1:3]
    number = _own_number(word)
    try:
        if number is None:
            done = reference.change(word, value)
        else:
            done = reference.change_one(number, value)
    except ConfigError as error:
        raise CommandError(f"{error}.") from None
    if not done:
        raise CommandError("entry not found." if number is None else "key or pattern not found.")


@command("show map", on="worker", level="user", changes=False,
         usage="show map [[@<ver>] <map>]",
         text="list maps, or show what is in one")  # fmt: skip
def cmd_show_map(invocation: Invocation) -> Iterator[str]:
    """
    List all, or show the entries of one in order.

    @param invocation: The command.

    @return: The lines.
    """
    return _show(invocation, _MAP)


@command("show acl", on="worker", level="user", changes=False,
         usage="show acl [[@<ver>] <acl>]",
         text="list ACLs, or show the patterns of one")  # fmt: skip
def cmd_show_acl(invocation: Invocation) -> Iterator[str]:
    """
    List all, or show the entries of one in order.

    @param invocation: The command.

    @return: The lines.
    """
    return _show(invocation, _ACL)


@command("get map", on="worker", level="user", changes=False,
         usage="get map <map> <value>",
         text="look a value up in a map as rules do")  # fmt: skip
def cmd_get_map(invocation: Invocation) -> Iterator[str]:
    """
    Look a value up, once for each use in the configuration.

    @param invocation: The command.

    @return: A line for each use.
    """
    return _get(invocation, _MAP)


@command("get acl", on="worker", level="user", changes=False,
         usage="get acl <acl> <value>",
         text="match a value as rules do")  # fmt: skip
def cmd_get_acl(invocation: Invocation) -> Iterator[str]:
    """
    Look a value up, once for each use in the configuration.

    @param invocation: The command.

    @return: A line for each use.
    """
    return _get(invocation, _ACL)


@command("add map", on="worker", changes=True, level="operator",
         usage="add map [@<ver>] <map> [<key> <value>|<payload>]",
         text="add entries to a map")  # fmt: skip
def cmd_add_map(invocation: Invocation) -> None:
    """
    Add an entry, or all lines of a payload.

    @param invocation: The command.

    @raise CommandError: There is no such list, or a rule could not use an entry; then none is
        added.
    """
    _add(invocation, _MAP)


@command("add acl", on="worker", changes=True, level="operator",
         usage="add acl [@<ver>] <acl> [<pattern>|<payload>]",
         text="add patterns to an ACL")  # fmt: skip
def cmd_add_acl(invocation: Invocation) -> None:
    """
    Add an entry, or all lines of a payload.

    @param invocation: The command.

    @raise CommandError: There is no such list, or a rule could not use an entry; then none is
        added.
    """
    _add(invocation, _ACL)


@command("del map", on="worker", level="operator", usage="del map <map> [<key>|#<ref>]",
         changes=True, text="remove a key from a map")  # fmt: skip
def cmd_del_map(invocation: Invocation) -> None:
    """
    Remove all entries of a key, or one entry by its own number.

    @param invocation: The command.

    @raise CommandError: There is no such list or entry.
    """
    _delete(invocation, _MAP)


@command("del acl", on="worker", level="operator", usage="del acl <acl> [<pattern>|#<ref>]",
         changes=True, text="remove a pattern from an ACL")  # fmt: skip
def cmd_del_acl(invocation: Invocation) -> None:
    """
    Remove all entries of a key, or one entry by its own number.

    @param invocation: The command.

    @raise CommandError: There is no such list or entry.
    """
    _delete(invocation, _ACL)


@command("clear map", on="worker", changes=True, level="operator", usage="clear map [@<ver>] <map>",
         text="remove all entries of a map")  # fmt: skip
def cmd_clear_map(invocation: Invocation) -> None:
    """
    Remove all entries of the current version, or of another one.

    @param invocation: The command.

    @raise CommandError: There is no such list.
    """
    _clear(invocation, _MAP)


@command("clear acl", on="worker", changes=True, level="operator", usage="clear acl [@<ver>] <acl>",
         text="remove all patterns of an ACL")  # fmt: skip
def cmd_clear_acl(invocation: Invocation) -> None:
    """
    Remove all entries of the current version, or of another one.

    @param invocation: The command.

    @raise CommandError: There is no such list.
    """
    _clear(invocation, _ACL)


@command("prepare map", on="worker", changes=True, level="operator", usage="prepare map <map>",
         text="begin a new version of a map")  # fmt: skip
def cmd_prepare_map(invocation: Invocation) -> Feedback:
    """
    Begin a version beside the current one.

    @param invocation: The command.

    @return: Its number.
    """
    return _prepare(invocation, _MAP)


@command("prepare acl", on="worker", changes=True, level="operator", usage="prepare acl <acl>",
         text="begin a new version of an ACL")  # fmt: skip
def cmd_prepare_acl(invocation: Invocation) -> Feedback:
    """
    Begin a version beside the current one.

    @param invocation: The command.

    @return: Its number.
    """
    return _prepare(invocation, _ACL)


@command("commit map", on="worker", changes=True, level="operator", usage="commit map @<ver> <map>",
         text="let a version of a map take over")  # fmt: skip
def cmd_commit_map(invocation: Invocation) -> None:
    """
    Let a prepared version take the place of the current one, for all rules in one step.

    @param invocation: The command.

    @raise CommandError: There is no such list or version.
    """
    _commit(invocation, _MAP)


@command("commit acl", on="worker", changes=True, level="operator", usage="commit acl @<ver> <acl>",
         text="let a version of an ACL take over")  # fmt: skip
def cmd_commit_acl(invocation: Invocation) -> None:
    """
    Let a prepared version take the place of the current one, for all rules in one step.

    @param invocation: The command.

    @raise CommandError: There is no such list or version.
    """
    _commit(invocation, _ACL)
