"""
Sections: how they begin and end, which names they may have, which C{defaults} they follow.

Section headers that are wrong are reported and the section is read all the same, so that one
run shows the mistakes inside it too.
"""

from __future__ import annotations

import re

from mwproxy.config.drafts import ProgramDraft
from mwproxy.config.inheritance import inherit
from mwproxy.config.model import Configuration, Global, Proxy
from mwproxy.core import compilers
from mwproxy.core.diagnostics import ConfigError, Diagnostics, Where

PROXIES = ("defaults", "frontend", "backend", "listen")
KINDS = ("global", *PROXIES, "program")

#: What a keyword function gets beside its line.
Subject = Global | Proxy | ProgramDraft

#: The rulesets; each is joined to one function when its section ends.
RULESETS = (
    "tcp-request connection",
    "tcp-request session",
    "tcp-request content",
    "tcp-response content",
    "http-request",
    "http-response",
)

_FORBIDDEN = re.compile(r"[^A-Za-z0-9_.:-]")
_SAID = {"frontend": "frontend", "backend": "backend", "listen": "proxy", "defaults": "defaults"}


class Sections:
    """
    The sections read so far.

    @ivar kind: The section being read, empty before the first one.

    @ivar name: Its name, its kind when it has none.

    @ivar subject: What its keywords fill, L{None} before the first one.
    """

    def __init__(
        self, configuration: Configuration, diagnostics: Diagnostics, discovery: bool
    ) -> None:
        """
        @param discovery: Whether only C{global} and C{program} count.
        """
        self.kind = ""
        self.name = ""
        self.subject: Subject | None = None
        self._configuration = configuration
        self._diagnostics = diagnostics
        self._discovery = discovery
        self._defaults: list[Proxy] = []
        self._explicit: set[int] = set()
        #: The kind of the first section that follows a defaults section with rules.
        self._heirs: dict[int, str] = {}
        self._implicit: set[int] = set()
        self._fronts: dict[str, Proxy] = {}
        self._backs: dict[str, Proxy] = {}
        self._programs: set[str] = set()

    def begin(self, words: list[str], where: Where) -> None:
        """
        End the current section and begin another.

        @param words: Its line.

        @param where: Its place.
        """
        self.end()
        self.kind = kind = words[0]
        if kind == "global":
            if len(words) > 1:
                self._alert(f"'global' cannot handle unexpected argument '{words[1]}'.", where)
            self.name, self.subject = kind, self._configuration.global_
        elif kind == "program":
            self._begin_program(words, where)
        elif self._discovery:
            self.name, self.subject = words[1] if len(words) > 1 else kind, None
        else:
            self._begin_proxy(words, where)

    def leave(self, kind: str) -> None:
        """
        End the current section; the lines that follow belong to none that is known.

        @param kind: What messages call it.
        """
        self.end()
        self.kind, self.name, self.subject = kind, kind, None

    def end(self) -> None:
        """
        End the current section.
        """
        subject, self.subject = self.subject, None
        self.kind = self.name = ""
        if isinstance(subject, ProgramDraft):
            if not subject.command:
                if not subject.refused:
                    self._diagnostics.alert(
                        f"config : The program section '{subject.name}' lacks a command to launch."
                    )
            elif problem := subject.problem():
                self._diagnostics.alert(
                    f"config : The program section '{subject.name}' : {problem}"
                )
            else:
                self._configuration.programs.append(subject.finish())
        elif isinstance(subject, Proxy) and subject.kind != "defaults":
            self._join_rules(subject)

    def _alert(self, text: str, where: Where) -> None:
        self._diagnostics.alert(text, where)

    def _begin_program(self, words: list[str], where: Where) -> None:
        name = words[1] if len(words) > 1 else ""
        if not name:
            self._alert("'program' expects an <id> argument", where)
        elif len(words) > 2:
            self._alert(f"'program' cannot handle unexpected argument '{words[2]}'.", where)
        if name in self._programs:
            self._diagnostics.alert(
                f"config : parsing [{where}]: '{name}' program section already exists in the"
                " configuration."
            )
        self._programs.add(name)
        self.name, self.subject = name or "program", ProgramDraft(name, where)

    def _begin_proxy(self, words: list[str], where: Where) -> None:
        kind = words[0]
        named = len(words) > 1 and not (kind == "defaults" and words[1] == "from")
        name = words[1] if named else ""
        rest = words[2:] if named else words[1:]
        source, is_explicit = self._source(kind, name, rest, where)
        proxy = inherit(source, kind, name, where)
        if kind == "defaults":
            self._defaults.append(proxy)
        else:
            self._check_name(proxy)
            self._check_mixed(source, is_explicit, where)
            self._configuration.proxies.append(proxy)
        if source is not None and kind == "listen" and any(source.rule_lines.values()):
            self._diagnostics.alert(
                f"config : parsing [{where}]: a listen section cannot inherit from a defaults"
                " section defining TCP/HTTP rules."
            )
        if source is not None and kind in ("frontend", "backend"):
            self._check_inherited(source, kind, where)
        self.name, self.subject = name or kind, proxy

    def _source(
        self, kind: str, name: str, rest: list[str], where: Where
    ) -> tuple[Proxy | None, bool]:
        """
        Find the C{defaults} section that a header's words behind the name ask for.
        """
        wanted = ""
        if rest and rest[0] == "from":
            if len(rest) > 1:
                wanted = rest[1]
            else:
                self._alert(f"'from' expects the name of a defaults section for {kind}.", where)
            rest = rest[2:]
        if rest and kind in ("frontend", "listen"):
            self._alert(f"'{kind}' cannot handle unexpected argument '{rest[0]}'.", where)
            self._alert("please use the 'bind' keyword for listening addresses.", where)
        elif rest:
            self._diagnostics.warning(f"'{kind}' : argument '{rest[0]}' ignored.", where)
        if wanted:
            return self._named_source(kind, name, wanted, where), True
        if kind == "defaults" or not self._defaults:
            return None, False
        return self._defaults[-1], False

    def _named_source(self, kind: str, name: str, wanted: str, where: Where) -> Proxy | None:
        found = [each for each in self._defaults if each.name == wanted]
        said = _SAID[kind]
        if not found:
            self._alert(f"defaults section '{wanted}' not found for {said} '{name}'.", where)
            return None
        wrong = _FORBIDDEN.search(wanted)
        if wrong is not None:
            self._alert(
                f"character '{wrong[0]}' is not permitted in defaults section name '{wanted}'"
                f" when designated by its name (section found at {found[0].where}).",
                where,
            )
        if len(found) > 1:
            self._alert(
                f"ambiguous defaults section name '{wanted}' referenced by {said} '{name}' exists"
                f" at least at {found[0].where} and {found[1].where}.",
                where,
            )
        return found[-1]

    def _check_mixed(self, source: Proxy | None, is_explicit: bool, where: Where) -> None:
        if source is None:
            return
        (self._explicit if is_explicit else self._implicit).add(id(source))
        if not is_explicit and id(source) in self._explicit:
            self._diagnostics.warning(
                f"defaults section '{source.name}' (declared at {source.where}) is explicitly"
                " referenced by another proxy and implicitly used here. To avoid any ambiguity"
                " don't mix both usage. Add a last defaults section not explicitly used or always"
                " use explicit references.",
                where,
            )

    def _check_name(self, proxy: Proxy) -> None:
        if not proxy.name:
            self._alert(f"'{proxy.kind}' expects an <id> argument", proxy.where)
            return
        wrong = _FORBIDDEN.search(proxy.name)
        if wrong is not None:
            self._alert(
                f"character '{wrong[0]}' is not permitted in '{proxy.kind}' name '{proxy.name}'.",
                proxy.where,
            )
        front = self._fronts.get(proxy.name) if proxy.has_frontend else None
        back = self._backs.get(proxy.name) if proxy.has_backend else None
        known = front or back
        if known is not None:
            self._diagnostics.alert(
                f"config : Parsing [{proxy.where}]: {_SAID[proxy.kind]} '{proxy.name}' has the"
                f" same name as {_SAID[known.kind]} '{known.name}' declared at {known.where}."
            )
        if proxy.has_frontend:
            self._fronts.setdefault(proxy.name, proxy)
        if proxy.has_backend:
            self._backs.setdefault(proxy.name, proxy)

    def _check_inherited(self, source: Proxy, kind: str, where: Where) -> None:
        if any(source.rule_lines.values()) and self._heirs.setdefault(id(source), kind) != kind:
            self._diagnostics.alert(
                f"config : parsing [{where}]: frontends and backends cannot inherit from the same"
                " defaults section if it defines TCP/HTTP rules (defaults section at"
                f" {source.where})."
            )
        if kind == "frontend" and source.rule_lines.get("tcp-response content"):
            self._diagnostics.alert(
                f"config : parsing [{where}]: a frontend section cannot inherit from a defaults"
                " section defining 'tcp-response content' rules (defaults section at"
                f" {source.where})."
            )

    def _join_rules(self, proxy: Proxy) -> None:
        for ruleset in RULESETS:
            lines = proxy.rule_lines.get(ruleset)
            if not lines:
                continue
            name = ruleset.replace("-", "_").replace(" ", "_")
            try:
                setattr(proxy, name, compilers.rules().join(lines))
            except ConfigError as error:
                self._alert(str(error), proxy.where)
        if "http-buffer-request" in proxy.options and proxy.mode == "http":
            compiler = compilers.rules()
            buffer = compiler.buffer_request(proxy.timeouts.http_request)
            content = proxy.tcp_request_content
            # HAProxy has the body before a backend's rules, but behind a frontend's.
            order = (content, buffer) if proxy.has_frontend else (buffer, content)
            proxy.tcp_request_content = compiler.chain(order)
