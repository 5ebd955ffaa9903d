"""
C{-dK}: what the registries know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mwproxy.core.families import (
    all_keywords,
    bind_options,
    converters,
    master_commands,
    sample_fetches,
    server_options,
    worker_commands,
)

_SECTIONS = (
    *("global", "defaults", "frontend", "backend", "listen", "program"),
    # Those of agent files, which HAProxy does not list.
    *("spoe-agent", "spoe-message", "spoe-group"),
)


def _keywords() -> Iterator[str]:
    yield "# List of registered configuration keywords:"
    for section in _SECTIONS:
        yield section
        for each in all_keywords():
            if section in each.sections:
                yield f"\t{each.name}{f' {each.syntax}' if each.syntax else ''}"
    for title, options in (("bind", bind_options), ("server", server_options)):
        yield f"{title} <...>"
        for name, option in options:
            yield f"\t{name}{f' {option.syntax}' if option.syntax else ''}"


def _commands() -> Iterator[str]:
    yield "# List of registered CLI keywords:"
    found: dict[str, list[str]] = {}
    for word, registry in (("MASTER", master_commands), ("WORKER", worker_commands)):
        for name, _ in registry:
            found.setdefault(name, []).append(f"[{word}]")
    for name in sorted(found):
        yield f"{name} {' '.join(found[name])} "


def _arguments(types: tuple[str, ...]) -> str:
    if not types:
        return ""
    text = ""
    optional = 0
    for position, each in enumerate(types):
        comma = "," if position else ""
        if each.endswith("?"):
            optional += 1
            text += f"[{comma}{each[:-1]}"
        else:
            text += comma + each
    return f"({text}{']' * optional})"


def _converters() -> Iterator[str]:
    yield "# List of registered sample converter functions:"
    for name, each in converters:
        yield f"{name}{_arguments(each.args)}: {each.takes} => {each.gives}"


def _fetches() -> Iterator[str]:
    yield "# List of registered sample fetch functions:"
    for name, each in sample_fetches:
        phases = ",".join(sorted(each.phases))
        yield f"[ {phases} ] {name}{_arguments(each.args)}: {each.gives}"


def _acls() -> Iterator[str]:
    from mwproxy.rules.acl import DERIVED

    yield "# List of registered ACL keywords:"
    for name, (fetch, method) in DERIVED.items():
        if fetch in sample_fetches:
            yield f"{name} = {fetch} -m {method}"


def _filters() -> Iterator[str]:
    yield "# List of registered filter names:"
    yield "spoe [SPOE]"


def _services() -> Iterator[str]:
    yield "# List of registered service names:"


#: The classes with what they are and who lists them.
CLASSES: dict[str, tuple[str, Callable[[], Iterator[str]]]] = {
    "acl": ("ACL keywords", _acls),
    "cfg": ("configuration keywords", _keywords),
    "cli": ("CLI keywords", _commands),
    "cnv": ("sample converter keywords", _converters),
    "flt": ("filter names", _filters),
    "smp": ("sample fetch functions", _fetches),
    "svc": ("service names", _services),
}
#: Families to load before.
FAMILIES = (
    "keywords",
    "sample_fetches",
    "converters",
    "master_commands",
    "worker_commands",
)


def classes_help() -> Iterator[str]:
    """
    List the classes.

    @return: Lines.
    """
    yield "# List of supported keyword classes:"
    yield "all: list all keywords"
    for name, (text, _) in CLASSES.items():
        yield f"{name}: {text}"


def registered(text: str) -> Iterator[str]:
    """
    List what is registered; the families were loaded before.

    @param text: Classes, separated by commas; C{all}, C{help} or nothing.

    @return: Lines.
    """
    wanted = [word for word in text.split(",") if word]
    if not wanted or "help" in wanted:
        yield from classes_help()
    for name, (_, lister) in CLASSES.items():
        if name in wanted or "all" in wanted:
            yield from lister()


def unknown_classes(text: str) -> list[str]:
    """
    Find the words that are no classes.

    @param text: Classes, separated by commas.

    @return: Those that do not exist.
    """
    known = {*CLASSES, "all", "help", ""}
    return [word for word in text.split(",") if word not in known]
