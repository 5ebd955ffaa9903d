"""
Conditions: C{if} and C{unless} with named, anonymous and predefined ACLs.

Configuration manual 7.2. Terms next to each other must all hold; C{or} and C{||} separate groups
of which one must hold; C{!} inverts a term.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mwproxy.core.diagnostics import ConfigError
from mwproxy.rules.acl import compile_acl
from mwproxy.rules.context import Context

Predicate = Callable[[Any], bool]

#: Predefined ACLs (configuration manual, 7.4).
PREDEFINED: dict[str, tuple[str, ...]] = {
    "TRUE": ("always_true",),
    "FALSE": ("always_false",),
    "LOCALHOST": ("src", "127.0.0.1/8", "::1"),
    "HTTP": ("req.proto_http",),
    "HTTP_1.0": ("req.ver", "1.0"),
    "HTTP_1.1": ("req.ver", "1.1"),
    "HTTP_2.0": ("req.ver", "2.0"),
    "HTTP_3.0": ("req.ver", "3.0"),
    "HTTP_CONTENT": ("req.hdr_val(content-length)", "gt", "0"),
    "HTTP_URL_ABS": ("url_reg", "^[^/:]*://"),
    "HTTP_URL_SLASH": ("url_beg", "/"),
    "HTTP_URL_STAR": ("url", "*"),
    "METH_CONNECT": ("method", "CONNECT"),
    "METH_DELETE": ("method", "DELETE"),
    "METH_GET": ("method", "GET", "HEAD"),
    "METH_HEAD": ("method", "HEAD"),
    "METH_OPTIONS": ("method", "OPTIONS"),
    "METH_POST": ("method", "POST"),
    "METH_PUT": ("method", "PUT"),
    "METH_TRACE": ("method", "TRACE"),
    "WAIT_END": ("wait_end",),
    "RDP_COOKIE": ("req.rdp_cookie_cnt", "gt", "0"),
    "REQ_CONTENT": ("req.len", "gt", "0"),
}


def compile_condition(words: list[str], context: Context) -> Predicate | None:
    """
    Compile a condition.

    @param words: From C{if} or C{unless} on; empty for none.

    @return: The predicate, L{None} for no condition.

    @raise ConfigError: A term is no ACL.
    """
    if not words:
        return None
    inverted = words[0] == "unless"
    groups = _parse(words[1:], context)
    predicate = _or([_and(group) for group in groups])
    return _not(predicate) if inverted else predicate


def _parse(words: list[str], context: Context) -> list[list[Predicate]]:
    groups: list[list[Predicate]] = []
    current: list[Predicate] | None = None
    inverted = False
    position = 0
    while position < len(words):
        word = words[position]
        if word in ("or", "||"):
            current = None
            inverted = False
            position += 1
            continue
        while word.startswith("!"):
            inverted = not inverted
            word = word[1:]
        position += 1
        if not word:
            continue
        if word == "{":
            try:
                end = words.index("}", position)
            except ValueError:
                raise ConfigError("missing closing '}' in condition") from None
            term = compile_acl(words[position:end], context)
            name = "anonymous acl"
            position = end + 1
        else:
            term = _named(word, context)
            name = f"acl '{word}'"
        term = _possible(term, name, context)
        if current is None:
            current = []
            groups.append(current)
        current.append(_not(term) if inverted else term)
        inverted = False
    return groups


def _named(name: str, context: Context) -> Predicate:
    known: Predicate | None = context.proxy.acls.get(name) if context.proxy is not None else None
    if known is not None:
        return known
    if name in PREDEFINED:
        return compile_acl(list(PREDEFINED[name]), context)
    raise ConfigError(f"no such ACL : '{name}'")


def _possible(term: Predicate, name: str, context: Context) -> Predicate:
    phases = getattr(term, "phases", None)
    inside = f" in '{context.ruleset}'" if context.ruleset else ""
    if phases is None or phases & context.phases:
        if inside and phases is not None and not name.startswith("anonymous"):
            context.used.append((name, phases))
        return term
    if name.startswith("anonymous"):
        uses = f"it uses keyword '{getattr(term, 'criterion', '')}' which is incompatible"
    else:
        uses = "it only involves keywords that are incompatible"
    context.diagnostics.warning(
        f"{name} will never match{inside} because {uses} with '{context.place}'", context.where
    )
    return _never


def _never(_stream: Any) -> bool:
    return False


def _always(_stream: Any) -> bool:
    return True


def _not(predicate: Predicate) -> Predicate:
    if predicate is _never:
        return _always
    return lambda stream: not predicate(stream)


def _and(terms: list[Predicate]) -> Predicate:
    if len(terms) == 1:
        return terms[0]
    if len(terms) == 2:
        first, second = terms
        return lambda stream: first(stream) and second(stream)

    def every(stream: Any) -> bool:
        for term in terms:  # noqa: SIM110  # a generator would cost a call
            if not term(stream):
                return False
        return True

    return every


def _or(groups: list[Predicate]) -> Predicate:
    if not groups:
        return _never
    if len(groups) == 1:
        return groups[0]
    if len(groups) == 2:
        first, second = groups
        return lambda stream: first(stream) or second(stream)

    def some(stream: Any) -> bool:
        for group in groups:  # noqa: SIM110  # a generator would cost a call
            if group(stream):
                return True
        return False

    return some
