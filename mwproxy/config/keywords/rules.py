"""
Lines that are compiled by the rules: C{acl}, C{use_backend}, C{http-request} and its kin.
"""

from __future__ import annotations

import re
from typing import Any

from mwproxy.config import model
from mwproxy.config.capability import (
    ignored_in_backend,
    refuse_in_anonymous_defaults,
    refuse_in_defaults,
)
from mwproxy.config.line import Line
from mwproxy.config.model import Predicate
from mwproxy.core.compilers import rules
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import PROXY, keyword

_ODD_IN_NAME = re.compile(r"[^A-Za-z0-9_:.-]")


@keyword("acl", sections=PROXY, high=None, syntax="<aclname> <criterion> [flags] <value> ...")
def kw_acl(line: Line, proxy: model.Proxy) -> None:
    """
    Name a condition; lines of the same name are joined by "or".
    """
    refuse_in_anonymous_defaults(line, proxy)
    if not line.args:
        raise ConfigError("'acl' expects a name and a criterion.")
    name, *words = line.args
    odd = _ODD_IN_NAME.search(name)
    if odd is not None:
        raise ConfigError(f"character '{odd[0]}' is not permitted in acl name '{name}'.")
    if name.lower() == "or":
        raise ConfigError(
            f"acl name '{name}' will never match. 'or' is used to express a logical "
            "disjunction within a condition."
        )
    try:
        predicate = rules().acl(words, proxy, line.where, line.diagnostics)
    except ConfigError as error:
        raise ConfigError(f"error detected while parsing ACL '{name}' : {error}") from None
    owner, lines = proxy.acl_lines.get(name, (None, []))
    if owner is proxy:
        lines.append(predicate)
        _note_facts(proxy.acls[name], predicate)
        return
    # An ACL of the defaults section is hidden by one of the same name.
    more: list[Predicate] = []
    proxy.acl_lines[name] = (proxy, more)
    proxy.acls[name] = joined = _any_of(predicate, more)
    _note_facts(joined, predicate)


def _note_facts(joined: Any, line: Any) -> None:
    """
    Let a joined ACL tell where it can match: wherever one of its lines can.

    @param joined: What L{_any_of} returned.

    @param line: One of its predicates.
    """
    phases = getattr(line, "phases", None)
    if phases is not None:
        joined.phases = getattr(joined, "phases", frozenset()) | phases
        joined.criterion = getattr(joined, "criterion", line.criterion)


def _any_of(first: Predicate, more: list[Predicate]) -> Predicate:
    """
    Join the lines of an ACL. As in HAProxy, conditions see lines that follow them.

    @param more: The lines after the first one; may grow later.
    """

    def match(stream: Any) -> bool:
        if first(stream):
            return True
        # any() would cost twice as much, and this runs for each stream.
        for line in more:  # noqa: SIM110
            if line(stream):
                return True
        return False

    return match


@keyword("use_backend", sections=PROXY, high=None, syntax="<backend> [{if | unless} <condition>]")
def kw_use_backend(line: Line, proxy: model.Proxy) -> None:
    """
    Choose a backend on a condition; the name may be computed.
    """
    refuse_in_defaults(line, proxy)
    if ignored_in_backend(line, proxy):
        return
    if not line.args:
        raise ConfigError("'use_backend' expects a backend name.")
    name, *words = line.args
    if words and words[0] not in ("if", "unless"):
        raise ConfigError(
            f"'use_backend' : unexpected keyword '{words[0]}', only 'if' or 'unless' is allowed "
            "after the backend."
        )
    compiler = rules()
    condition = None
    if words:
        try:
            condition = compiler.condition(words, proxy, line.where, line.diagnostics)
        except ConfigError as error:
            raise ConfigError(f"error detected while parsing switching rule : {error}") from None
    dynamic = None
    if "%" in name:
        dynamic = compiler.log_format(name, proxy, line.where, line.diagnostics, log=False)
    proxy.use_backend.append(model.Switch(name, dynamic, condition, line.where))


@keyword("default_backend", sections=PROXY, high=1, syntax="<backend>")
def kw_default_backend(line: Line, proxy: model.Proxy) -> None:
    """
    Choose the backend when no C{use_backend} does.
    """
    if ignored_in_backend(line, proxy):
        return
    if not line.args:
        raise ConfigError("'default_backend' expects a backend name.")
    proxy.default_backend = line.args[0]


def _rule(line: Line, proxy: model.Proxy) -> None:
    refuse_in_anonymous_defaults(line, proxy)
    compiled = rules().rule(line.name, line.args, proxy, line.where, line.diagnostics)
    proxy.rule_lines.setdefault(line.name, []).append(compiled)
    proxy.own_rules.add(line.name)


@keyword("http-request", sections=PROXY, high=None, syntax="<action> [options...] [<condition>]")
def kw_http_request(line: Line, proxy: model.Proxy) -> None:
    """
    Act on requests.
    """
    _rule(line, proxy)
    if proxy.use_backend:
        line.warning(
            "a 'http-request' rule placed after a 'use_backend' rule will still be processed "
            "before."
        )


@keyword("http-response", sections=PROXY, high=None, syntax="<action> [options...] [<condition>]")
def kw_http_response(line: Line, proxy: model.Proxy) -> None:
    """
    Act on responses.
    """
    _rule(line, proxy)
