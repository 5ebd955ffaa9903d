"""
Configuration files to description.

Lines are read one after the other; each is cut into words (L{mwproxy.config.lexer}), may be a
directive (L{mwproxy.config.directives}), begins a section (L{mwproxy.config.sections}) or has
its keyword looked up and called. A mistake is noted and the next line is read, so that one run
reports all of them.

The master reads in discovery mode: C{global} keywords that concern it and C{program} sections;
what the workers read is passed over in silence, and no more than that is imported.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

from mwproxy.config import checks
from mwproxy.config.complaints import refuse, refuse_count, refuse_negation
from mwproxy.config.directives import Abort, Directives
from mwproxy.config.environment import LogFormatVariables, Variables
from mwproxy.config.files import cannot_open, expand_files
from mwproxy.config.lexer import MAX_WORDS, LexError, expand, is_plain
from mwproxy.config.line import LaterCheck, Line
from mwproxy.config.lookup import Table, table_of
from mwproxy.config.model import Configuration
from mwproxy.config.sections import KINDS, Sections, Subject
from mwproxy.config.unsupported import SECTIONS as UNSUPPORTED_SECTIONS
from mwproxy.config.words import WordReader
from mwproxy.core.diagnostics import ConfigError, Diagnostics, Where
from mwproxy.core.families import PACKAGES, Keyword
from mwproxy.core.registry import load_family
from mwproxy.core.values import BadValue
from mwproxy.core.variable_names import begin_names, end_names

__all__ = ["expand_files", "load"]

#: The keyword modules that the master imports.
_MASTER_MODULES = (
    "generations",
    "log_targets",
    "process",
    "program",
    "program_life",
    "program_room",
    "variables",
)

#: First words of lines that begin a section.
_BEGINNINGS = frozenset(KINDS) | UNSUPPORTED_SECTIONS

#: Lines whose address is expanded even outside quotes, and where it stands.
_ADDRESS_AT = {"bind": 1, "server": 2, "log": 1, "stats": 2}


def read_file(name: str) -> bytes:
    """
    Get the text of a file.

    @raise OSError: It cannot be read.

    @raise ValueError: That is no name.
    """
    return Path(name).read_bytes()


def load(
    files: list[str],
    environment: dict[str, str],
    diagnostics: Diagnostics,
    *,
    discovery: bool = False,
    diag: bool = False,
    read: Callable[[str], bytes] = read_file,
    mark: str = "",
) -> Configuration:
    """
    Read all files. Full reading needs C{mwproxy.rules.compiler} imported before.

    @param files: Their names, in order; no directories, see L{expand_files}.

    @param environment: The variables; C{setenv} and its like change it.

    @param diagnostics: Gets the messages. Who calls looks at its C{errors}: the result may be
        used only when there are none.

    @param discovery: Read as the master does.

    @param diag: Emit C{.diag} messages.

    @param read: Gets the text of a file; raises C{OSError} or C{ValueError} if there is none.

    @param mark: Stands behind the names of files in messages: empty if it is their present text.

    @return: The description, not sealed yet, so that the command line can still override.
    """
    if discovery:
        for name in _MASTER_MODULES:
            importlib.import_module(f"{PACKAGES['keywords']}.{name}")
    else:
        load_family(PACKAGES["keywords"])
    configuration = Configuration(files=list(files))
    loader = _Loader(configuration, environment, diagnostics, discovery, diag, read, mark)
    begin_names()
    with LogFormatVariables(environment):
        aborted = loader.read_all(files)
        if not discovery and not aborted:
            checks.run(configuration, loader.later, diagnostics)
    configuration.variable_names = end_names()
    if diagnostics.errors and not aborted:
        diagnostics.alert("config : Fatal errors found in configuration.")
    return configuration


class _Loader:
    """
    One reading of all files.

    @ivar later: The checks that keywords asked for.
    """

    def __init__(
        self,
        configuration: Configuration,
        environment: dict[str, str],
        diagnostics: Diagnostics,
        discovery: bool,
        diag: bool,
        read: Callable[[str], bytes],
        mark: str,
    ) -> None:
        self.later: list[LaterCheck] = []
        self._diagnostics = diagnostics
        self._environment = environment
        self._discovery = discovery
        self._diag = diag
        self._read = read
        self._mark = mark
        self._variables = Variables(environment)
        self._reader = WordReader(diagnostics, self._variables)
        self._sections = Sections(configuration, diagnostics, discovery)
        self._directives = Directives(diagnostics, environment, diag=diag, silent=discovery)
        self._table: Table | None = None
        self._single: dict[str, Keyword] = {}

    def read_all(self, files: list[str]) -> bool:
        """
        Read the files.

        @return: Whether reading was given up.
        """
        for name in files:
            before = self._diagnostics.errors
            aborted = self._read_file(name)
            if self._diagnostics.errors > before:
                self._diagnostics.alert(
                    f"config : Error(s) found in configuration file : {name}{self._mark}"
                )
            if aborted:
                return True
        self._sections.end()
        return False

    def _read_file(self, name: str) -> bool:
        try:
            text = self._read(name).decode("utf-8", "surrogateescape")
        except (OSError, ValueError) as error:
            self._diagnostics.alert(cannot_open(name, error))
            return False
        self._sections.end()
        self._enter(None)
        self._variables.file = name
        self._variables.section = ""
        shown = name + self._mark
        lines = text.split("\n")
        number = 0
        try:
            for number, line in enumerate(lines, 1):
                if line and not (self._discovery and self._passes_over(line)):
                    self._read_line(line, Where(shown, number))
            self._reader.end_of_file(lines[-1], Where(shown, number))
            self._directives.end_of_file(Where(shown, max(1, len(lines) - (not lines[-1]))))
        except Abort:
            return True
        finally:
            self._sections.end()
        return False

    def _complain(self, where: Where, text: str) -> None:
        self._diagnostics.alert(f"config : parsing [{where}]: {text}")

    def _enter(self, table: Table | None) -> None:
        self._table = table
        self._single = table.single if table is not None else {}

    def _passes_over(self, text: str) -> bool:
        """
        Tell at a glance whether a line says nothing to a master: it is in a section of the
        workers, begins none, is no directive, and there is nothing in it to expand or to unquote.
        """
        if self._sections.subject is not None:
            return False
        text = text.lstrip("\t")
        if not text.isascii() or not text.isprintable():
            return False
        words = text.split(None, 1)
        if not words or words[0] in _BEGINNINGS or words[0][0] == ".":
            return False
        return not ("$" in text or "#" in text or '"' in text or "'" in text or "\\" in text)

    def _read_line(self, text: str, where: Where) -> None:
        if is_plain(text):
            words = text.split()
            if len(words) > MAX_WORDS:
                words = self._words(text, where)
        else:
            words = self._words(text, where)
        if not words:
            return
        first = words[0]
        if first[0] == "." and self._directives.apply(words, where):
            return
        if self._directives.skipping:
            return
        if "$" in text and first in _ADDRESS_AT:
            self._expand_address(words, where)
        keyword = self._single.get(first)
        if keyword is not None and self._sections.subject is not None:
            self._call(keyword, words, words[1:], where)
        elif first in KINDS:
            self._begin(words, where)
        elif first in UNSUPPORTED_SECTIONS:
            self._begin_unsupported(words, where)
        else:
            self._dispatch(words, where)

    def _words(self, text: str, where: Where) -> list[str]:
        silent = self._discovery or self._directives.skipping
        return self._reader.read(text, where, self._sections.name, silent=silent)

    def _expand_address(self, words: list[str], where: Where) -> None:
        at = _ADDRESS_AT[words[0]]
        if len(words) <= at:
            return
        try:
            words[at] = expand(words[at], self._variables.lookup)
        except LexError as error:
            self._complain(where, f"{error.reason} in '{words[at]}'.")

    def _begin(self, words: list[str], where: Where) -> None:
        self._sections.begin(words, where)
        self._enter(table_of(words[0], discovery=self._discovery))

    def _begin_unsupported(self, words: list[str], where: Where) -> None:
        self._sections.leave(words[0])
        self._enter(None)
        if not self._discovery:
            self._diagnostics.alert(f"'{words[0]}' section is not supported by mwproxy.", where)

    def _dispatch(self, words: list[str], where: Where) -> None:
        table, subject = self._table, self._sections.subject
        if table is None or subject is None:
            if not self._sections.kind and not self._discovery:
                self._complain(where, f"unknown keyword '{words[0]}' out of section.")
            return
        body = words[1:] if words[0] in ("no", "default") else words
        found = table.find(body) if body else None
        if found is None:
            if not self._discovery or table.section == "program":
                self._refuse(words, body, table, subject, where)
            return
        keyword, count = found
        if body is not words and not keyword.negatable:
            self._refuse_negation(body, where)
            return
        self._call(keyword, words, body[count:], where, negated=body is not words)

    def _refuse(
        self, words: list[str], body: list[str], table: Table, subject: Subject, where: Where
    ) -> None:
        if body is not words and body[:1] != ["option"]:
            refuse_negation("", "", where, self._diagnostics)
        if body:
            refuse(body, table, subject, where, self._diagnostics)

    def _refuse_negation(self, body: list[str], where: Where) -> None:
        option = body[1] if body[0] == "option" and len(body) > 1 else ""
        refuse_negation(body[0], option, where, self._diagnostics)

    def _call(
        self,
        keyword: Keyword,
        words: list[str],
        args: list[str],
        where: Where,
        *,
        negated: bool = False,
    ) -> None:
        count = len(args)
        too_few = count < keyword.low and not negated
        if too_few or (keyword.high is not None and count > keyword.high):
            refuse_count(keyword, args, where, self._diagnostics)
            return
        line = Line(
            words,
            keyword.name,
            args,
            where,
            self._diagnostics,
            self._sections.kind,
            negated,
            self._environment,
            self.later,
            diag=self._diag,
            discovery=self._discovery,
        )
        try:
            keyword.parse(line, self._sections.subject)
        except (ConfigError, BadValue) as error:
            self._diagnostics.alert(str(error), where)
        except LexError as error:
            self._diagnostics.alert(f"'{keyword.name}' : {error.reason}", where)
        except Exception as error:
            # The rim of all keyword functions: a fault in one must not end the run.
            self._diagnostics.alert(
                f"'{keyword.name}' : internal error: {type(error).__name__}: {error}"
                f" (line {_line_of(error)})",
                where,
            )


def _line_of(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "unknown"
    module = trace.tb_frame.f_globals.get("__name__", "")
    return f"{trace.tb_lineno} of {module}" if module in sys.modules else str(trace.tb_lineno)
