"""
The file of an SPOE agent to its description (SPOE.txt 2.1).

Lines are read as in the main files: the same quoting, variables and directives. A line C{[name]}
begins a scope; only the lines of the filter's scope count, the others are cut into words and no
more.
"""

from __future__ import annotations

import re
from pathlib import Path

from mwproxy.config.complaints import refuse_negation
from mwproxy.config.directives import Abort, Directives
from mwproxy.config.environment import Variables
from mwproxy.config.lexer import LexError, expand
from mwproxy.config.line import Line
from mwproxy.config.lookup import Table, table_of
from mwproxy.config.model import Proxy
from mwproxy.config.spoe_drafts import AgentDraft, FileDraft, GroupDraft, MessageDraft, finish
from mwproxy.config.spoe_settings import SpoeAgent
from mwproxy.config.words import WordReader
from mwproxy.core.diagnostics import ConfigError, Where
from mwproxy.core.references import note_reference
from mwproxy.core.registry import nearest
from mwproxy.core.values import BadValue

SECTIONS = ("spoe-agent", "spoe-message", "spoe-group")

_SCOPE = re.compile(r"[ \t]*\[")
_ODD = re.compile(r"[^A-Za-z0-9_.:-]")

_Draft = AgentDraft | MessageDraft | GroupDraft


def read_agent(
    name: str, engine: str, line: Line, proxy: Proxy
) -> tuple[SpoeAgent, FileDraft, AgentDraft] | None:
    """
    Read the agent of a filter.

    @param name: The file, relative to the working directory or not.

    @param engine: The scope that counts, empty for lines outside of all scopes.

    @param line: The C{filter} line.

    @param proxy: The section that it stands in.

    @return: The agent, and what was said; L{None} if there is something wrong, which was noted.

    @raise ConfigError: The file cannot be read, or lines of it, or it has no agent.
    """
    path = Path(line.base, name)
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigError(
            f"'filter' : 'Could not open configuration file {name} : {reason}'"
        ) from None
    note_reference(path)
    before = line.diagnostics.errors
    draft = FileDraft()
    _AgentFile(name, engine, line, proxy, draft).read(text)
    agent = draft.agent
    if line.diagnostics.errors > before:
        raise ConfigError(f"'filter' : 'Error(s) found in configuration file {name}'")
    if agent is None:
        raise ConfigError(f"'filter' : 'No SPOE agent found in file {name}{_hint(engine, draft)}'")
    found = finish(draft, agent, proxy.kind, line.where, line.diagnostics)
    return None if found is None else (found, draft, agent)


def _hint(engine: str, draft: FileDraft) -> str:
    """
    Tell why there is no agent when scopes are the reason.
    """
    scopes = " and ".join(f"[{each}]" for each in draft.scopes)
    if engine and engine not in draft.scopes:
        return f", which has no scope [{engine}]" + (f" but {scopes}" if scopes else "")
    if not engine and scopes:
        return f" outside of its scopes ({scopes}), use 'engine' to name one"
    return ""


class _AgentFile:
    """
    One reading of an agent file.
    """

    def __init__(self, name: str, engine: str, line: Line, proxy: Proxy, draft: FileDraft) -> None:
        self._name = name
        self._engine = engine
        self._filter = line
        self._proxy = proxy
        self._draft = draft
        self._diagnostics = line.diagnostics
        self._variables = Variables(line.environment)
        self._variables.file = name
        self._reader = WordReader(line.diagnostics, self._variables)
        self._directives = Directives(line.diagnostics, line.environment, diag=line.diag)
        self._scope = ""
        self._kind = ""
        self._section: _Draft | None = None
        self._table: Table | None = None

    def read(self, text: str) -> None:
        """
        Read all lines.
        """
        lines = text.split("\n")
        number = 0
        try:
            for number, line in enumerate(lines, 1):
                if line:
                    self._read_line(line, Where(self._name, number))
            self._reader.end_of_file(lines[-1], Where(self._name, number))
            self._directives.end_of_file(Where(self._name, max(1, len(lines) - (not lines[-1]))))
        except Abort:
            pass
        finally:
            self._leave()

    def _read_line(self, text: str, where: Where) -> None:
        if _SCOPE.match(text) and not self._directives.skipping:
            self._begin_scope(text, where)
            return
        silent = self._directives.skipping
        words = self._reader.read(text, where, self._kind, silent=silent)
        if not words or (words[0][0] == "." and self._directives.apply(words, where)):
            return
        if self._directives.skipping:
            return
        if words[0] in SECTIONS:
            self._begin(words, where)
        elif not self._kind:
            # As in HAProxy, what is out of all scopes has to make sense though it does not count.
            if self._scope in ("", self._engine):
                self._complain(f"unknown keyword '{words[0]}' out of section.", where)
        elif self._section is not None and self._table is not None:
            self._dispatch(words, self._table, self._section, where)

    def _complain(self, text: str, where: Where) -> None:
        self._diagnostics.alert(f"config : parsing [{where}]: {text}")

    def _begin_scope(self, text: str, where: Where) -> None:
        name, bracket, rest = text.strip(" \t\r").removeprefix("[").partition("]")
        self._leave()
        self._scope = ""
        if not bracket:
            self._diagnostics.alert(f"missing ']' after scope name '{name}'.", where)
            return
        odd = _ODD.search(name)
        rest = rest.strip(" \t\r")
        if odd is not None:
            self._diagnostics.alert(
                f"character '{odd[0]}' is not permitted in a scope name.", where
            )
        elif not name:
            self._diagnostics.alert("empty scope name is forbidden.", where)
        elif rest and rest[0] != "#":
            self._diagnostics.alert(
                f"character '{rest[0]}' is not permitted after scope declaration.", where
            )
        self._scope = name
        if name and name not in self._draft.scopes:
            self._draft.scopes.append(name)

    def _leave(self) -> None:
        if isinstance(self._section, MessageDraft):
            self._section.compile(self._diagnostics)
        self._kind, self._section, self._table = "", None, None

    def _begin(self, words: list[str], where: Where) -> None:
        self._leave()
        self._kind = kind = words[0]
        if self._scope != self._engine:
            return
        self._table = table_of(kind, discovery=False)
        name = words[1] if len(words) > 1 else ""
        odd = _ODD.search(name)
        if not name:
            self._diagnostics.alert(f"missing name for {kind} section.", where)
        elif kind == "spoe-agent" and self._draft.agent is not None:
            self._diagnostics.alert("another spoe-agent section previously defined.", where)
        elif len(words) > 2:
            self._diagnostics.alert(
                f"'{kind}' cannot handle unexpected argument '{words[2]}'.", where
            )
        elif odd is not None:
            self._diagnostics.alert(
                f"character '{odd[0]}' is not permitted in '{kind}' name '{name}'.", where
            )
        self._section = self._new(kind, name, where)

    def _new(self, kind: str, name: str, where: Where) -> _Draft:
        draft = self._draft
        if kind == "spoe-agent":
            agent = AgentDraft(name, where)
            draft.agent = draft.agent or agent
            return agent
        if kind == "spoe-message":
            # ACLs are compiled for the proxy, and found in the message alone.
            scope = Proxy(self._proxy.kind, self._proxy.name, where, mode=self._proxy.mode)
            message = MessageDraft(name, where, scope)
            self._check_twice(kind, name, draft.messages.setdefault(name, message).where, where)
            return message
        group = GroupDraft(name, where)
        self._check_twice(kind, name, draft.groups.setdefault(name, group).where, where)
        return group

    def _check_twice(self, kind: str, name: str, first: Where, where: Where) -> None:
        if name and first is not where:
            self._complain(
                f"{kind} section '{name}' has the same name as another one declared at {first}.",
                where,
            )

    def _dispatch(self, words: list[str], table: Table, section: _Draft, where: Where) -> None:
        negated = words[0] == "no"
        body = words[1:] if negated else words
        found = table.find(body) if body else None
        is_option = body[:1] == ["option"]
        if negated and (found is None or not found[0].negatable):
            if is_option and len(body) > 1:
                self._complain(f"negation is not supported for option '{body[1]}'.", where)
            else:
                refuse_negation("", "", where, self._diagnostics)
        elif found is None:
            self._refuse(body, table, where)
        else:
            keyword, count = found
            if body[0] == "log" and len(body) > 1:
                self._expand(body, where)
            args = body[count:]
            line = Line(
                words,
                keyword.name,
                args,
                where,
                self._diagnostics,
                self._kind,
                negated,
                self._filter.environment,
                self._filter.later,
                self._filter.base,
            )
            try:
                keyword.parse(line, section)
            except (ConfigError, BadValue) as error:
                self._diagnostics.alert(str(error), where)

    def _expand(self, words: list[str], where: Where) -> None:
        try:
            words[1] = expand(words[1], self._variables.lookup)
        except LexError as error:
            self._complain(f"{error.reason} in '{words[1]}'.", where)

    def _refuse(self, words: list[str], table: Table, where: Where) -> None:
        following = table.following(words[0])
        if words[0] == "option" and following:
            if len(words) < 2:
                self._complain("'option' expects an option name.", where)
                return
            guess = nearest(words[1], following)
            hint = f"; did you mean '{guess}' maybe ?" if guess else "."
            self._complain(f"option '{words[1]}' is not supported{hint}", where)
            return
        guess = nearest(words[0], table.own_words())
        hint = f"; did you mean '{guess}' maybe ?" if guess else "."
        self._diagnostics.alert(
            f"unknown keyword '{words[0]}' in {self._kind} section{hint}", where
        )
