"""
The compiler of rules, installed when this module is imported.

It loads the families that rules are made of and implements
L{RuleCompiler<mwproxy.core.compilers.RuleCompiler>}.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mwproxy.core import compilers, families
from mwproxy.core.diagnostics import ConfigError, Diagnostics, Where
from mwproxy.core.registry import load_family, nearest
from mwproxy.rules import context as contexts
from mwproxy.rules.acl import compile_acl
from mwproxy.rules.conditions import compile_condition
from mwproxy.rules.context import Context, check_references
from mwproxy.rules.expression import compile_expression, guess
from mwproxy.rules.log_format import compile_format
from mwproxy.rules.ruleset import Rule, RuleLine, join_rules
from mwproxy.rules.unsupported import ACTIONS

Predicate = Callable[[Any], bool]

for _family in ("sample_fetches", "converters", "matchers", "actions", "log_aliases"):
    load_family(families.PACKAGES[_family])


class HaproxyRules:
    """
    Compiles HAProxy's rule language; see L{RuleCompiler<mwproxy.core.compilers.RuleCompiler>}.
    """

    def acl(
        self, words: list[str], proxy: Any, where: Where, diagnostics: Diagnostics
    ) -> Predicate:
        """
        Compile what follows the name on an C{acl} line.

        @param words: Criterion, flags and patterns.

        @return: The predicate.

        @raise ConfigError: It is no ACL; the text is what follows C{error detected while
            parsing ACL 'name' : }.
        """
        try:
            return compile_acl(words, Context(proxy, where, diagnostics))
        except ConfigError as error:
            raise ConfigError(_ended(str(error))) from None

    def condition(
        self, words: list[str], proxy: Any, where: Where, diagnostics: Diagnostics
    ) -> Predicate | None:
        """
        Compile C{if ...} or C{unless ...}.

        @param words: From C{if} or C{unless} on; empty for no condition.

        @return: The predicate, L{None} for no condition.

        @raise ConfigError: A term is no ACL; the text is what follows C{error detected while
            parsing switching rule : } or the like.
        """
        phases = contexts.REQUEST | {"backend", "server"}
        context = Context(proxy, where, diagnostics, phases, _place(proxy, "switching rule"))
        try:
            return compile_condition(words, context)
        except ConfigError as error:
            raise ConfigError(_ended(str(error))) from None

    def rule(
        self, ruleset: str, words: list[str], proxy: Any, where: Where, diagnostics: Diagnostics
    ) -> tuple[Predicate | None, Rule]:
        """
        Compile what follows C{http-request} or another ruleset's name.

        @return: Condition (L{None} for always) and action.

        @raise ConfigError: Action or condition are wrong; the text is the whole message.
        """
        name, _parenthesis, _rest = (words[0] if words else "").partition("(")
        entry = (families.actions.find(name) or {}).get(ruleset)
        if entry is None:
            raise ConfigError(_unknown_action(ruleset, words))
        line = RuleLine(ruleset, words, where, proxy, diagnostics)
        line.notes["context"] = rule_context(line)
        try:
            action = entry.make(line)
        except ConfigError as error:
            section = getattr(proxy, "kind", "proxy")
            section = section if section in ("frontend", "backend", "defaults") else "proxy"
            raise ConfigError(
                f"error detected in {section} '{proxy.name}' while parsing '{ruleset} "
                f"{words[0]}' rule : {_ended(str(error))}"
            ) from None
        if not line.at_condition():
            raise ConfigError(
                f"'{ruleset} {words[0]}' expects either 'if' or 'unless' followed by a "
                f"condition but found '{words[line.position]}'."
            )
        try:
            condition = compile_condition(words[line.position :], line.notes["context"])
        except ConfigError as error:
            raise ConfigError(
                f"error detected while parsing an '{ruleset} {words[0]}' condition : "
                f"{_ended(str(error))}"
            ) from None
        return condition, action

    def join(self, rules: list[tuple[Predicate | None, Callable[[Any], Any]]]) -> Rule | None:
        """
        Make one function of compiled rules.

        @return: L{None} when there are none.
        """
        return join_rules(rules)

    def log_format(
        self,
        text: str,
        proxy: Any,
        where: Where,
        diagnostics: Diagnostics,
        *,
        http: bool = True,
        log: bool = True,
    ) -> Callable[[Any], bytes]:
        """
        Compile a log-format string.

        @param http: Whether variables of HTTP exist here.

        @param log: True for log lines, False for C{use_backend} and other values, where what is
            absent is empty and requests can be looked at.

        @return: Makes the bytes from a stream.

        @raise ConfigError: It cannot be compiled; the text is what follows C{failed to parse
            log-format : }.
        """
        phases = contexts.LOG if log else contexts.REQUEST | {"backend"}
        context = Context(proxy, where, diagnostics, phases, "logs" if log else "switching rule")
        try:
            return compile_format(text, context, log=log, http=http)
        except ConfigError as error:
            raise ConfigError(_ended(str(error))) from None

    def expression(
        self, words: list[str], proxy: Any, where: Where, diagnostics: Diagnostics
    ) -> tuple[Callable[[Any], Any], int]:
        """
        Compile a sample expression.

        @param words: The expression; converters may follow as words of their own.

        @return: The function, and how many words it took.

        @raise ConfigError: It is none.
        """
        if not words:
            raise ConfigError("missing fetch method")
        context = Context(proxy, where, diagnostics)
        found, taken = compile_expression(words[0], context, more=tuple(words[1:]))
        return found.sample, taken + 1

    def check(self, configuration: Any, diagnostics: Diagnostics) -> None:
        """
        Alert of backends, frontends and servers that rules name and no section defines.

        @param configuration: All sections, once all files are read.
        """
        check_references(configuration, diagnostics)


def rule_context(line: RuleLine) -> Context:
    """
    Say what has a value in a line of a ruleset.

    @return: The context.
    """
    response = line.ruleset != "http-request"
    phases = contexts.RESPONSE if response else contexts.REQUEST
    if not response and getattr(line.proxy, "has_backend", True):
        phases |= {"backend"}
    place = _place(line.proxy, f"{line.ruleset} header rule")
    return Context(line.proxy, line.where, line.diagnostics, phases, place, response)


def _place(proxy: Any, what: str) -> str:
    side = "frontend" if getattr(proxy, "has_frontend", True) else "backend"
    return f"{side} {what}"


def _ended(text: str) -> str:
    return text if text.endswith((".", "?")) else f"{text}."


def _unknown_action(ruleset: str, words: list[str]) -> str:
    if not words or not words[0]:
        return f"'{ruleset}' expects an action, but got '' (missing argument)."
    name = words[0].partition("(")[0]
    if name.rstrip("0123456789") in ACTIONS.get(ruleset, ()):
        return f"'{ruleset} {name}' is not supported by mwproxy."
    known = [known for known, entries in families.actions if ruleset in entries]
    hint = guess(nearest(name, known)).removeprefix("; ").capitalize()
    expected = ", ".join(f"'{known_name}'" for known_name in known)
    return f"'{ruleset}' expects {expected}, but got '{words[0]}'. {hint}".rstrip()


compilers.install(HaproxyRules())
