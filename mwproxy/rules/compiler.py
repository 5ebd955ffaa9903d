"""
The compiler of rules, installed when this module is imported.

It loads the families that rules are made of and implements
L{RuleCompiler<mwproxy.core.compilers.RuleCompiler>}.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from mwproxy.core import compilers, families
from mwproxy.core.diagnostics import ConfigError, Diagnostics, Where
from mwproxy.core.registry import load_family
from mwproxy.rules import context as contexts
from mwproxy.rules import wording
from mwproxy.rules.acl import compile_acl
from mwproxy.rules.actions.bodies import wait_for_body
from mwproxy.rules.actions.spoe import settle_calls
from mwproxy.rules.conditions import compile_condition
from mwproxy.rules.context import Context, check_references
from mwproxy.rules.expression import BY_DIRECTION, compile_expression, split_name
from mwproxy.rules.log_format import compile_format
from mwproxy.rules.ruleset import Rule, RuleLine, chain_rulesets, join_rules
from mwproxy.rules.wording import ended as _ended

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
            raise ConfigError(wording.unknown_action(ruleset, words, proxy))
        line = RuleLine(ruleset, words, where, proxy, diagnostics)
        line.notes["context"] = context = rule_context(line)
        try:
            action = entry.make(line)
        except ConfigError as error:
            raise ConfigError(wording.bad_action(ruleset, words, proxy, str(error))) from None
        rest = words[line.position :]
        if not line.at_condition():
            raise ConfigError(wording.no_condition(ruleset, words, proxy, rest[0]))
        try:
            condition = compile_condition(rest, context)
        except ConfigError as error:
            raise ConfigError(
                wording.bad_condition(ruleset, words, proxy, rest[0], str(error))
            ) from None
        if context.ruleset:
            proxy.http_uses += [
                (where, ruleset, name)
                for name, phases in context.used
                if phases & context.phases and not phases & contexts.WITHOUT_HTTP
            ]
        return condition, action

    def join(self, rules: list[tuple[Predicate | None, Callable[[Any], Any]]]) -> Rule | None:
        """
        Make one function of compiled rules.

        @return: L{None} when there are none.
        """
        return join_rules(rules)

    def chain(self, rulesets: Iterable[Rule | None]) -> Rule | None:
        """
        Make one function of rulesets that follow each other.

        @param rulesets: L{None} for those that are empty.

        @return: L{None} when all are.
        """
        return chain_rulesets(rulesets)

    def buffer_request(self, time_ms: int | None) -> Rule:
        """
        Make a ruleset that waits for the body of a request.

        @param time_ms: How long, L{None} for as long as C{timeout client} says.
        """
        return wait_for_body(time_ms)

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

    def argument(
        self, text: str, proxy: Any, where: Where, diagnostics: Diagnostics
    ) -> tuple[Callable[[Any], Any], str, frozenset[str]]:
        """
        Compile an argument of an SPOE message.

        @param text: Fetch and converters in one word; C{hdr} and C{cookie} mean the response's once
            there is one.

        @return: The function, type of its values, and where the fetch has one.

        @raise ConfigError: It is no expression; the text is what follows C{'args': }.
        """
        try:
            found, _taken = compile_expression(text, Context(proxy, where, diagnostics))
            if split_name(text)[0] not in BY_DIRECTION:
                return found.sample, found.gives, found.phases
            back = Context(proxy, where, diagnostics, response=True)
            other, _taken = compile_expression(text, back)
        except ConfigError as error:
            raise ConfigError(_ended(str(error))) from None
        request, response = found.sample, other.sample

        def sample(stream: Any) -> Any:
            return request(stream) if stream.response is None else response(stream)

        return sample, found.gives, found.phases | other.phases

    def event_condition(
        self,
        words: list[str],
        proxy: Any,
        where: Where,
        diagnostics: Diagnostics,
        *,
        response: bool,
    ) -> Predicate | None:
        """
        Compile the condition of an SPOE message.

        @param words: From C{if} or C{unless} on.

        @param response: Whether C{hdr} means that of responses.

        @return: The predicate, L{None} for no condition.

        @raise ConfigError: A term is no ACL; the text is what follows C{condition : }.
        """
        try:
            return compile_condition(words, Context(proxy, where, diagnostics, response=response))
        except ConfigError as error:
            raise ConfigError(_ended(str(error))) from None

    def check(self, configuration: Any, diagnostics: Diagnostics) -> None:
        """
        Alert of backends, frontends and servers that rules name and no section defines.

        @param configuration: All sections, once all files are read.
        """
        check_references(configuration, diagnostics)
        settle_calls(configuration, diagnostics)


def rule_context(line: RuleLine) -> Context:
    """
    Say what has a value in a line of a ruleset.

    @return: The context.
    """
    ruleset = line.ruleset
    early = ruleset in ("tcp-request connection", "tcp-request session")
    response = not early and ruleset not in ("http-request", "tcp-request content")
    phases = contexts.RESPONSE if response else contexts.REQUEST
    if early:
        phases = contexts.CONNECTION
    elif not response and getattr(line.proxy, "has_backend", True):
        phases |= {"backend"}
    tcp = ruleset.startswith("tcp-")
    place = _place(line.proxy, f"{ruleset} rule" if tcp else f"{ruleset} header rule")
    made = Context(line.proxy, line.where, line.diagnostics, phases, place, response)
    if tcp:
        made.ruleset = ruleset
    return made


def _place(proxy: Any, what: str) -> str:
    side = "frontend" if getattr(proxy, "has_frontend", True) else "backend"
    return f"{side} {what}"


compilers.install(HaproxyRules())
