"""
What is said about a line whose keyword does not fit: unknown, elsewhere, not had here.
"""

from __future__ import annotations

import re

from mwproxy.config.lookup import Table, find_elsewhere
from mwproxy.config.model import Proxy
from mwproxy.config.sections import PROXIES, Subject
from mwproxy.config.unsupported import is_unsupported
from mwproxy.core.diagnostics import Diagnostics, Where
from mwproxy.core.families import Keyword
from mwproxy.core.registry import nearest

#: Keywords that are refused, not ignored, in a proxy without servers.
_NEEDS_SERVERS = frozenset({"server", "default-server", "server-template"})

#: What to use instead in a proxy of the other kind.
_INSTEAD = {"maxconn": "fullconn", "fullconn": "maxconn"}

_ONLY = {"stats": "only supports"}


def refuse(
    words: list[str], table: Table, subject: Subject, where: Where, diagnostics: Diagnostics
) -> None:
    """
    Report a line whose keyword the section does not have.

    @param words: The line, C{no} not among them.

    @param table: The section's keywords.

    @param subject: The section.
    """
    found = find_elsewhere(words)
    if found is not None and table.section in PROXIES and isinstance(subject, Proxy):
        keyword, _ = found
        if keyword.sections & set(PROXIES):
            _misplaced(keyword, subject, where, diagnostics)
            return
    name = is_unsupported(words, table.section)
    if name:
        diagnostics.alert(
            f"keyword '{name}' is not supported by mwproxy in '{table.section}' section", where
        )
    elif words[0] == "option" and table.following("option"):
        _unknown_option(words, where, diagnostics)
    elif following := table.following(words[0]):
        _unknown_second(words, following, where, diagnostics)
    else:
        _unknown(words[0], table, where, diagnostics)


def _misplaced(keyword: Keyword, proxy: Proxy, where: Where, diagnostics: Diagnostics) -> None:
    name = keyword.name.removeprefix("option ")
    if proxy.kind == "defaults":
        diagnostics.alert(f"'{name}' not allowed in 'defaults' section.", where)
        return
    side = "backend" if proxy.kind == "frontend" else "frontend"
    because = f"because {proxy.kind} '{proxy.name}' has no {side} capability"
    if keyword.name in _NEEDS_SERVERS:
        diagnostics.alert(f"'{name}' not allowed {because}.", where)
    elif name.startswith("timeout "):
        diagnostics.warning(f"'{name}' will be ignored {because}", where)
    else:
        instead = _INSTEAD.get(name, "")
        cure = f" Maybe you want '{instead}' instead ?" if instead else ""
        diagnostics.warning(f"'{name}' ignored {because}.{cure}", where)


def _unknown_option(words: list[str], where: Where, diagnostics: Diagnostics) -> None:
    if len(words) < 2:
        diagnostics.alert(f"config : parsing [{where}]: 'option' expects an option name.")
    else:
        diagnostics.alert(f"unknown option '{words[1]}'.", where)


def _unknown_second(
    words: list[str], following: list[str], where: Where, diagnostics: Diagnostics
) -> None:
    *head, last = [f"'{each}'" for each in following]
    names = f"{', '.join(head)} and {last}" if head else last
    said = _ONLY.get(words[0], "supports")
    got = words[1] if len(words) > 1 else ""
    diagnostics.alert(f"'{words[0]}' {said} {names} (got '{got}')", where)


def _unknown(word: str, table: Table, where: Where, diagnostics: Diagnostics) -> None:
    text = f"unknown keyword '{word}' in '{table.section}' section"
    guess = nearest(word, table.first_words())
    if guess:
        text += f"; did you mean '{guess}' maybe ?"
    diagnostics.alert(text, where)


def refuse_count(keyword: Keyword, args: list[str], where: Where, diagnostics: Diagnostics) -> None:
    """
    Report a line with too few or too many words.

    @param keyword: Its keyword.

    @param args: What follows the keyword.
    """
    name = keyword.name
    if keyword.high is not None and len(args) > keyword.high:
        diagnostics.alert(
            f"'{name}' cannot handle unexpected argument '{args[keyword.high]}'.", where
        )
        return
    wanted = keyword.syntax or ("an argument" if keyword.low == 1 else f"{keyword.low} arguments")
    plural = "s" if len(re.findall(r"<[^>]*>", wanted)) > 1 else ""
    said = f"{wanted} as argument{plural}" if keyword.syntax else wanted
    diagnostics.alert(f"'{name}' expects {said}.", where)


def refuse_negation(word: str, option: str, where: Where, diagnostics: Diagnostics) -> None:
    """
    Report C{no} before a keyword that does not take it.

    @param word: The keyword's first word, empty when C{no} stood alone.

    @param option: The option's name when it is one, else empty.
    """
    if option:
        text = f"negation/default is not supported for option '{option}'."
    else:
        text = "negation/default currently supported only for options and log."
    diagnostics.alert(f"config : parsing [{where}]: {text}")
