"""
Writes C{doc/configuration.md} and C{doc/commands.md} from the registries:
C{python -m doc.generate}, or C{make doc}. A test compares them with the code.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from doc.differences import OPTIONS, difference
from mwproxy.core import families
from mwproxy.core.registry import load_family

HERE = Path(__file__).resolve().parent
NOTE = "<!-- Written by `make doc` from the registries: do not edit. -->\n"
_ALL_PROXIES = {"defaults", "frontend", "backend", "listen"}
#: Endings of derived fetches.
_DERIVED = {"ip": "as an address", "val": "as a number"}
#: Sections of proxies and their letters, in the order of the reference.
_SHORT = {"defaults": "D", "frontend": "F", "listen": "L", "backend": "B"}


def load() -> None:
    """
    Import everything that registers something.
    """
    importlib.import_module("mwproxy.rules.compiler")
    for package in families.PACKAGES.values():
        load_family(package)


def summary(function: Callable[..., Any]) -> str:
    """
    Take the first sentence of a docstring, with its markup turned into Markdown.

    @param function: What stands behind an entry.

    @return: The sentence, empty when there is none.
    """
    text = inspect.getdoc(function) or ""
    paragraph = " ".join(text.split("\n\n")[0].split())
    paragraph = re.sub(r"[CL]\{([^{}<]*)(?:<[^{}]*>)?\}", r"`\1`", paragraph)
    sentence = re.match(r".*?(?:[.!](?= [A-Z`])|$)", paragraph)
    return sentence[0] if sentence else paragraph


def cell(text: str) -> str:
    """
    Protect what Markdown would take for the border of a cell.

    @return: The text.
    """
    return text.replace("|", "\\|")


def code(*words: str) -> str:
    """
    Write words as code.

    @return: The cell.
    """
    text = " ".join(word for word in words if word)
    return f"`{cell(text)}`" if text else ""


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """
    Write a table.

    @return: Its lines.
    """
    names = list(heads)
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _differs(name: str, function: Callable[..., Any]) -> str:
    return cell(difference(name, function.__name__))


def said(name: str, function: Callable[..., Any]) -> str:
    """
    Tell what an entry does.

    @param name: Its spelling. One that is derived from another has no docstring; its
        name says what it is.

    @param function: What stands behind it.

    @return: The text.
    """
    known = OPTIONS.get(name) or summary(function)
    base, _, kind = name.rpartition("_")
    if not known and kind in _DERIVED:
        return f"`{base}` {_DERIVED[kind]}."
    return known


def _text(name: str, function: Callable[..., Any]) -> str:
    return cell(said(name, function))


def _keywords(wanted: Callable[[families.Keyword], bool], where: bool) -> str:
    rows = []
    for entry in families.all_keywords():
        if wanted(entry):
            row = [code("[no]" if entry.negatable else "", entry.name, entry.syntax)]
            if where:
                row.append("".join(s for n, s in _SHORT.items() if n in entry.sections))
            rows.append([*row, _text(entry.name, entry.parse), _differs(entry.name, entry.parse)])
    heads = ["keyword", *(["in"] if where else []), "what it does", "differs from HAProxy"]
    return table(heads, rows)


def _options(registry: Any) -> str:
    rows = [
        (code(name, entry.syntax), _text(name, entry.parse), _differs(name, entry.parse))
        for name, entry in registry
    ]
    return table(("option", "what it does", "differs from HAProxy"), rows)


def _arguments(args: tuple[str, ...]) -> str:
    return f"({','.join(args)})" if args else ""


def _fetches() -> str:
    rows = (
        (
            code(name + _arguments(entry.args)),
            entry.gives,
            " ".join(sorted(entry.phases)),
            _text(name, entry.make),
            _differs(name, entry.make),
        )
        for name, entry in families.sample_fetches
    )
    return table(("fetch", "gives", "phases", "what it is", "differs from HAProxy"), rows)


def _converters() -> str:
    rows = (
        (
            code(name + _arguments(entry.args)),
            f"{entry.takes} → {entry.gives}",
            _text(name, entry.convert),
            _differs(name, entry.convert),
        )
        for name, entry in families.converters
    )
    return table(("converter", "types", "what it does", "differs from HAProxy"), rows)


def _actions() -> str:
    rows = []
    for name, known in families.actions:
        functions = {id(entry.make): entry for entry in known.values()}
        for entry in functions.values():
            rows.append(
                (
                    code(name),
                    ", ".join(code(ruleset) for ruleset in sorted(entry.rulesets)),
                    "yes" if entry.final else "",
                    _text(name, entry.make),
                    _differs(name, entry.make),
                )
            )
    heads = ("action", "rulesets", "final", "what it does", "differs from HAProxy")
    return table(heads, rows)


def _simple(registry: Any, attribute: str, prefix: str, head: str) -> str:
    rows = (
        (
            code(prefix + name),
            _text(name, getattr(entry, attribute)),
            _differs(name, getattr(entry, attribute)),
        )
        for name, entry in registry
    )
    return table((head, "what it does", "differs from HAProxy"), rows)


def configuration() -> str:
    """
    Write the keyword reference.

    @return: The page.
    """
    return "\n".join(
        [
            NOTE,
            "# Keyword reference\n",
            "What each keyword means in full is in HAProxy's configuration manual; this page lists"
            " what there is and what differs. A keyword of HAProxy that is not listed is refused"
            " by name. The guide is [index.md](index.md), the console's commands are in"
            " [commands.md](commands.md).\n",
            "## Section `global`\n",
            _keywords(lambda entry: "global" in entry.sections, False),
            "## Proxy sections\n",
            "In: `D` defaults, `F` frontend, `L` listen, `B` backend. In a section where it has no"
            " meaning a keyword is refused, or ignored with a warning, as in HAProxy.\n",
            _keywords(lambda entry: bool(entry.sections & _ALL_PROXIES), True),
            "## Section `program`\n",
            _keywords(lambda entry: "program" in entry.sections, False),
            "## Agent files (`filter spoe`)\n",
            "The file that `filter spoe config <file>` names has lines as the main files have them:"
            " the same quoting, variables and `.if`. A line `[<name>]` begins a scope: with"
            " `filter spoe engine <name>` only the sections of that scope count, without `engine`"
            " only those outside of all scopes. There has to be one `spoe-agent <name>`, and there"
            " may be any number of `spoe-message <name>` and `spoe-group <name>`. Each keyword in"
            " full is in [spoe-file.md](spoe-file.md), how to use them in [spoe.md](spoe.md).\n",
            "### Section `spoe-agent`\n",
            _keywords(lambda entry: "spoe-agent" in entry.sections, False),
            "### Section `spoe-message`\n",
            _keywords(lambda entry: "spoe-message" in entry.sections, False),
            "### Section `spoe-group`\n",
            _keywords(lambda entry: "spoe-group" in entry.sections, False),
            "## Options of `bind`, `stats socket` and `-S`\n",
            _options(families.bind_options),
            "## Options of `stats socket` and `-S` only\n",
            "mwproxy's own are `level-cert`, `level-uid` and `level-gid`. How they work together is"
            " in [console.md](console.md).\n",
            _options(families.console_options),
            "## Options of `server` and `default-server`\n",
            _options(families.server_options),
            "## Balance algorithms\n",
            _simple(families.balances, "make", "", "algorithm"),
            "## Health checks\n",
            _simple(families.health_checks, "make", "", "kind"),
            "## Actions of rules\n",
            "Final: no later rule of the same ruleset is looked at.\n",
            _actions(),
            "## Sample fetches\n",
            "`?` stands behind the type of an argument that may be left out.\n",
            _fetches(),
            "## Converters\n",
            _converters(),
            "## Match methods of ACLs (`-m`)\n",
            _simple(families.matchers, "make", "", "method"),
            "## Variables of `log-format`\n",
            _simple(families.log_aliases, "make", "%", "variable"),
        ]
    )


def commands() -> str:
    """
    Write the reference of console commands.

    @return: The page.
    """

    def rows(registry: Any) -> Iterable[Iterable[str]]:
        for name, entry in registry:
            if not entry.hidden:
                text = cell(entry.text or summary(entry.run))
                yield code(entry.usage), entry.level, text, _differs(name, entry.run)

    heads = ("command", "level", "what it does", "differs from HAProxy")
    return "\n".join(
        [
            NOTE,
            "# Console commands\n",
            "How to reach the consoles is in [management.md](management.md). The level is the"
            " lowest that may run a command.\n",
            "## Of the master (`-S`)\n",
            table(heads, rows(families.master_commands)),
            "## Of the master in `mcli-debug-mode`\n",
            table(heads, rows(families.debug_commands)),
            "## Of a worker (`stats socket`, or `@1 …` on the master's console)\n",
            table(heads, rows(families.worker_commands)),
        ]
    )


def names() -> set[str]:
    """
    List the names of all registries.

    @return: The names.
    """
    registries: tuple[Any, ...] = (
        families.keywords,
        families.bind_options,
        families.console_options,
        families.server_options,
        families.sample_fetches,
        families.converters,
        families.matchers,
        families.actions,
        families.log_aliases,
        families.balances,
        families.master_commands,
        families.worker_commands,
        families.debug_commands,
        families.health_checks,
    )
    return {name for registry in registries for name, _ in registry} | {"program"}


def main() -> int:
    """
    Write both pages.

    @return: The exit status.
    """
    load()
    (HERE / "configuration.md").write_text(configuration())
    (HERE / "commands.md").write_text(commands())
    return 0


if __name__ == "__main__":
    sys.exit(main())
