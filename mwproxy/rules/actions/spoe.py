"""
C{send-spoe-group}: ask an agent in the midst of a ruleset.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from mwproxy.config.spoe_checks import check_calls
from mwproxy.config.spoe_settings import GroupCall
from mwproxy.core.diagnostics import ConfigError, Diagnostics
from mwproxy.core.families import action
from mwproxy.rules.ruleset import Rule, RuleLine

_calls: WeakKeyDictionary[Diagnostics, list[GroupCall]] = WeakKeyDictionary()


@action(
    "send-spoe-group",
    rulesets="http-request http-response tcp-request content tcp-response content",
)
def act_send_spoe_group(line: RuleLine) -> Rule:
    """
    Send a group of messages to the agent of an SPOE engine and wait for its answer.
    """
    words = []
    while not line.at_condition():
        words.append(line.take("a word"))
    if len(words) != 2:
        raise ConfigError("expects 2 arguments: <engine-id> <group-id>")
    engine, group = words
    kind = getattr(line.proxy, "kind", "")
    call = GroupCall(engine, group, line.proxy.name, kind, line.where, line.ruleset)
    _calls.setdefault(line.diagnostics, []).append(call)
    return call


def settle_calls(configuration: Any, diagnostics: Diagnostics) -> None:
    """
    Let the configuration have its calls, once all files are read, and check them.

    @param configuration: The L{Configuration<mwproxy.config.model.Configuration>}.
    """
    configuration.spoe_calls = _calls.pop(diagnostics, [])
    check_calls(configuration, diagnostics)
