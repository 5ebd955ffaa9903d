"""
The registries and the decorators that fill them.

A decorator records its facts and the function; it returns the function as it
was. Each family names the package whose import fills its registry, see L{PACKAGES}.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from mwproxy.core.registry import Registry

Function = TypeVar("Function", bound=Callable[..., Any])

PROXY = "defaults frontend backend listen"
FRONT = "defaults frontend listen"
BACK = "defaults backend listen"


@dataclass(frozen=True, slots=True)
class Keyword:
    """
    A configuration keyword, C{bind} option or C{server} option.

    @ivar name: Its words, one blank between them.

    @ivar sections: Where it may stand.

    @ivar low: The fewest words that follow it.

    @ivar high: The most words that follow it, L{None} for any number.

    @ivar syntax: What follows it, for messages and the reference; may be empty.

    @ivar discovery: True when the master reads it too (discovery pass).

    @ivar negatable: True when C{no} may stand before it.

    @ivar parse: Takes the L{Line<mwproxy.config.line.Line>} and the section's model.

    @ivar elsewhere: Keywords of the same name in other sections, such as C{maxconn} in
        C{global} beside that of proxies; filled on the first one registered.
    """

    name: str
    sections: frozenset[str]
    low: int
    high: int | None
    syntax: str
    discovery: bool
    negatable: bool
    parse: Callable[[Any, Any], None]
    elsewhere: list[Keyword] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SampleFetch:
    """
    A sample fetch.

    @ivar gives: Type of the sample: C{bool sint ipv4 ipv6 addr str bin meth any}.

    @ivar args: Types of the arguments, C{?} behind those that may be left out.

    @ivar phases: Where it has a value: words out of C{connection request response internal}.

    @ivar make: Called once per use with the parsed arguments; returns the function
        that is called with the L{Stream<mwproxy.live.sessions.Stream>} and returns the sample or
        L{None}. A fetch with several values (such as C{hdr}) sets C{many}.

    @ivar many: L{None}, or like C{make} but its function yields all values in turn, for ACLs.
    """

    name: str
    gives: str
    args: tuple[str, ...]
    phases: frozenset[str]
    make: Callable[..., Callable[[Any], Any]]
    many: Callable[..., Callable[[Any], Any]] | None


@dataclass(frozen=True, slots=True)
class Converter:
    """
    A converter: takes a sample and the parsed arguments, returns a sample or L{None}.
    """

    name: str
    args: tuple[str, ...]
    takes: str
    gives: str
    convert: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Matcher:
    """
    An ACL match method.

    @ivar takes: Types of samples it can match.

    @ivar make: Called once with the list of pattern strings and C{ignore_case}; returns
        the function that tells whether one sample matches.
    """

    name: str
    takes: frozenset[str]
    make: Callable[..., Callable[[Any], bool]]


@dataclass(frozen=True, slots=True)
class Action:
    """
    An action of a ruleset.

    @ivar rulesets: The rulesets that know it, such as C{"http-request"} or
        C{"tcp-request content"}.

    @ivar final: True when evaluation of its ruleset ends with it.

    @ivar make: Takes the L{RuleLine<mwproxy.rules.ruleset.RuleLine>}; consumes its words up to
        C{if}/C{unless} and returns the function to run with the stream.
    """

    name: str
    rulesets: frozenset[str]
    final: bool
    make: Callable[..., Callable[[Any], Any]]


@dataclass(frozen=True, slots=True)
class LogAlias:
    """
    A log-format variable: C{make} is called once per use, its function with the stream
    returns the bytes to log, empty or C{b"-"} when there is nothing to say.
    """

    name: str
    make: Callable[..., Callable[[Any], bytes]]


@dataclass(frozen=True, slots=True)
class Balance:
    """
    A balance algorithm.

    @ivar live_weights: True when weights may change while it runs.

    @ivar make: Takes the live backend, returns a
        L{Balancer<mwproxy.live.servers.Balancer>}.
    """

    name: str
    live_weights: bool
    make: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Command:
    """
    A console command.

    @ivar name: Its words, one blank between them.

    @ivar level: The lowest level that may run it: C{"user"}, C{"operator"}, C{"admin"}.

    @ivar usage: The words with their arguments, for C{help}.

    @ivar text: What it does, in a few words, for C{help}.

    @ivar hidden: True when C{help} does not list it.

    @ivar changes: Whether it changes anything beyond the connection that it came by, and so is
        noted in the audit; L{None}, which counts as true, for what does not say.

    @ivar run: Takes the L{Invocation<mwproxy.console.dispatch.Invocation>}; yields the lines
        of the answer, or returns an awaitable that gives the whole text.

    @ivar expert: Whether it is for C{expert-mode}, in which alone C{help} lists it.
    """

    name: str
    level: str
    usage: str
    text: str
    hidden: bool
    run: Callable[..., Any]
    changes: bool | None = None
    expert: bool = False


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """
    A kind of health check.

    @ivar make: Takes the live server, returns the check's exchange (see C{net/checks}).
    """

    name: str
    make: Callable[..., Any]


keywords: Registry[Keyword] = Registry("keyword")
bind_options: Registry[Keyword] = Registry("keyword")
console_options: Registry[Keyword] = Registry("keyword")
server_options: Registry[Keyword] = Registry("keyword")
sample_fetches: Registry[SampleFetch] = Registry("fetch method")
converters: Registry[Converter] = Registry("converter")
matchers: Registry[Matcher] = Registry("match method")
actions: Registry[dict[str, Action]] = Registry("action")
log_aliases: Registry[LogAlias] = Registry("log variable")
balances: Registry[Balance] = Registry("balance algorithm")
master_commands: Registry[Command] = Registry("command")
worker_commands: Registry[Command] = Registry("command")
#: Commands of a worker that a master has too, in mcli-debug-mode.
debug_commands: Registry[Command] = Registry("command")
health_checks: Registry[HealthCheck] = Registry("health check")

PACKAGES = {
    "keywords": "mwproxy.config.keywords",
    "sample_fetches": "mwproxy.rules.fetches",
    "converters": "mwproxy.rules.converters",
    "matchers": "mwproxy.rules.matchers",
    "actions": "mwproxy.rules.actions",
    "log_aliases": "mwproxy.rules.log_aliases",
    "balances": "mwproxy.balance",
    "master_commands": "mwproxy.console.master_commands",
    "worker_commands": "mwproxy.console.worker_commands",
    "health_checks": "mwproxy.net.checks",
}


def keyword(
    name: str,
    *,
    sections: str,
    low: int = 0,
    high: int | None = 0,
    syntax: str = "",
    discovery: bool = False,
    negatable: bool = False,
) -> Callable[[Function], Function]:
    """
    Register a configuration keyword; see L{Keyword} for what the facts mean. One name may
    be registered for different sections by different functions, see L{all_keywords}.

    @param sections: Names separated by blanks.

    @return: The decorator.
    """

    def record(function: Function) -> Function:
        entry = Keyword(
            name, frozenset(sections.split()), low, high, syntax, discovery, negatable, function
        )
        known = keywords.find(name)
        if known is None:
            keywords.register(name, entry)
            return function
        for other in (known, *known.elsewhere):
            if other.sections & entry.sections:
                raise ValueError(f"keyword '{name}' is registered twice for one section")
        known.elsewhere.append(entry)
        return function

    return record


def all_keywords() -> list[Keyword]:
    """
    List the keywords, those that share a name included.

    @return: Sorted by name.
    """
    return [each for _, first in keywords for each in (first, *first.elsewhere)]


def bind_option(
    name: str, *, low: int = 0, high: int | None = None, syntax: str = ""
) -> Callable[[Function], Function]:
    """
    Register an option of C{bind}, C{stats socket} and C{-S} lines. The option takes exactly
    C{low} words, which the function finds in C{line.args}.

    @return: The decorator.
    """
    return _option(bind_options, name, low, high, syntax)


def console_option(
    name: str, *, low: int = 0, high: int | None = None, syntax: str = ""
) -> Callable[[Function], Function]:
    """
    Register an option of C{stats socket} and C{-S} lines alone.

    @return: The decorator.
    """
    return _option(console_options, name, low, high, syntax)


def server_option(
    name: str, *, low: int = 0, high: int | None = None, syntax: str = ""
) -> Callable[[Function], Function]:
    """
    Register an option of C{server} and C{default-server} lines.

    @return: The decorator.
    """
    return _option(server_options, name, low, high, syntax)


def _option(
    registry: Registry[Keyword], name: str, low: int, high: int | None, syntax: str
) -> Callable[[Function], Function]:
    def record(function: Function) -> Function:
        most = low if high is None else high
        entry = Keyword(name, frozenset(), low, most, syntax, False, False, function)
        registry.register(name, entry)
        return function

    return record


def sample_fetch(
    *names: str,
    gives: str,
    args: tuple[str, ...] = (),
    phases: str,
    many: Callable[..., Callable[[Any], Any]] | None = None,
) -> Callable[[Function], Function]:
    """
    Register a sample fetch under one or more names; see L{SampleFetch}.

    @return: The decorator.
    """

    def record(function: Function) -> Function:
        for name in names:
            entry = SampleFetch(name, gives, args, frozenset(phases.split()), function, many)
            sample_fetches.register(name, entry)
        return function

    return record


def converter(
    name: str, *, args: tuple[str, ...] = (), takes: str, gives: str
) -> Callable[[Function], Function]:
    """
    Register a converter; see L{Converter}.

    @return: The decorator.
    """

    def record(function: Function) -> Function:
        converters.register(name, Converter(name, args, takes, gives, function))
        return function

    return record


def matcher(name: str, *, takes: str) -> Callable[[Function], Function]:
    """
    Register an ACL match method; see L{Matcher}.

    @return: The decorator.
    """

    def record(function: Function) -> Function:
        matchers.register(name, Matcher(name, frozenset(takes.split()), function))
        return function

    return record


def action(name: str, *, rulesets: str, final: bool = False) -> Callable[[Function], Function]:
    """
    Register an action; see L{Action}. One name may be registered for
    different rulesets by different functions.

    @return: The decorator.
    """

    def record(function: Function) -> Function:
        named = frozenset(re.findall(r"tcp-\S+ \S+|\S+", rulesets))
        entry = Action(name, named, final, function)
        known = actions.find(name)
        if known is None:
            known = {}
            actions.register(name, known)
        for ruleset in entry.rulesets:
            if ruleset in known:
                raise ValueError(f"action '{name}' is registered twice for {ruleset}")
            known[ruleset] = entry
        return function

    return record


def log_alias(name: str) -> Callable[[Function], Function]:
    """
    Register a log-format variable such as C{ci}; see L{LogAlias}.

    @return: The decorator.
    """

    def record(function: Function) -> Function:
        log_aliases.register(name, LogAlias(name, function))
        return function

    return record


def balance(name: str, *, live_weights: bool) -> Callable[[Function], Function]:
    """
    Register a balance algorithm; see L{Balance}.

    @return: The decorator.
    """

    def record(function: Function) -> Function:
        balances.register(name, Balance(name, live_weights, function))
        return function

    return record


def command(
    name: str,
    *,
    on: str,
    level: str = "user",
    usage: str = "",
    text: str = "",
    hidden: bool = False,
    changes: bool | None = None,
    expert: bool = False,
) -> Callable[[Function], Function]:
    """
    Register a console command; see L{Command}.

    @param on: C{"master"}, C{"worker"} or both, separated by a blank; C{"debug"} for a master in
        C{mcli-debug-mode}.

    @return: The decorator.
    """

    def record(function: Function) -> Function:
        entry = Command(name, level, usage or name, text, hidden, function, changes, expert)
        consoles = {
            "master": master_commands, "worker": worker_commands, "debug": debug_commands,
        }  # fmt: skip
        for side in on.split():
            consoles[side].register(name, entry)
        return function

    return record


def health_check(name: str) -> Callable[[Function], Function]:
    """
    Register a kind of health check; see L{HealthCheck}.

    @return: The decorator.
    """

    def record(function: Function) -> Function:
        health_checks.register(name, HealthCheck(name, function))
        return function

    return record
