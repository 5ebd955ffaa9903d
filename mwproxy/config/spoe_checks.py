"""
What can be told of C{filter spoe} only when all files are read: backends, groups, sizes, logs.
"""

from __future__ import annotations

from dataclasses import replace

from mwproxy.config.log_line import default_format
from mwproxy.config.model import Configuration, Proxy
from mwproxy.config.spoe_drafts import (
    AT_RULES,
    AgentDraft,
    FileDraft,
    happens,
    missing,
    wanted,
)
from mwproxy.config.spoe_settings import GroupCall, SpoeAgent, SpoeFilter
from mwproxy.core.diagnostics import Diagnostics
from mwproxy.core.values import BadValue, parse_integer

#: The smallest frame that both sides must be able to take (SPOE.txt 3.2).
SMALLEST_FRAME = 256

#: Bytes of C{tune.bufsize} that a frame cannot have: its length stands in front of it.
LENGTH_BYTES = 4

#: With the usual C{tune.bufsize}.
DEFAULT_FRAME_SIZE = 16384 - LENGTH_BYTES


def check_filter(
    proxy: Proxy,
    given: SpoeFilter,
    draft: FileDraft,
    agent: AgentDraft,
    configuration: Configuration,
    diagnostics: Diagnostics,
) -> None:
    """
    Check a filter and put what is settled now in its place.

    @param given: The filter as its line made it.

    @param draft: What its file said.
    """
    at = next(index for index, each in enumerate(proxy.filters) if each is given)
    settled = _settle(given.agent, agent, configuration, diagnostics)
    proxy.filters[at] = replace(given, agent=settled)
    if proxy.disabled:
        return
    if any(each.engine == given.engine for each in proxy.filters[:at]):
        diagnostics.alert(
            f"config : Proxy {proxy.name} : duplicated name for SPOE engine '{given.engine}'."
        )
    _check_backend(proxy, agent, configuration, diagnostics)
    if not diagnostics.errors:
        _warn(proxy, draft, agent, diagnostics)


def check_calls(configuration: Configuration, diagnostics: Diagnostics) -> None:
    """
    See that the engines and groups of C{send-spoe-group} rules exist.
    """
    for call in configuration.spoe_calls:
        _check_call(call, configuration, diagnostics)


def settle_checks(configuration: Configuration, _diagnostics: Diagnostics) -> None:
    """
    Let C{option spop-check} offer the largest frame that fits.
    """
    for proxy in configuration.proxies:
        if proxy.spop_check:
            proxy.spop_check = configuration.global_.bufsize - LENGTH_BYTES


def _settle(
    agent: SpoeAgent, draft: AgentDraft, configuration: Configuration, diagnostics: Diagnostics
) -> SpoeAgent:
    most = configuration.global_.bufsize - LENGTH_BYTES
    size = most
    if draft.max_frame_size:
        try:
            size = parse_integer(draft.max_frame_size, SMALLEST_FRAME, most)
        except BadValue:
            diagnostics.alert(
                "'max-frame-size' expects a positive integer argument in the range"
                f" [{SMALLEST_FRAME}, {most}].",
                draft.max_frame_size_at,
            )
    targets = agent.log_targets
    if draft.log_global:
        targets = (*configuration.global_.log_targets, *targets)
    form = default_format(configuration)
    targets = tuple(each if each.format else replace(each, format=form) for each in targets)
    return replace(agent, max_frame_size=size, log_targets=targets)


def _check_backend(
    proxy: Proxy, agent: AgentDraft, configuration: Configuration, diagnostics: Diagnostics
) -> None:
    name = agent.backend
    used = f"used by SPOE agent '{agent.name}' declared at {agent.where}"
    found = [each for each in configuration.proxies if each.name == name and each.has_backend]
    if not found:
        diagnostics.alert(f"config : Proxy {proxy.name} : unknown backend '{name}' {used}.")
    elif found[0].mode == "http":
        diagnostics.alert(
            f"config : Proxy {proxy.name} : backend '{name}' {used} does not support HTTP mode."
        )


def _warn(proxy: Proxy, draft: FileDraft, agent: AgentDraft, diagnostics: Diagnostics) -> None:
    said = f"SPOE agent '{agent.name}'"
    if not agent.messages and not agent.groups:
        diagnostics.warning(
            f"config : Proxy '{proxy.name}': No message/group used by {said} declared at"
            f" {agent.where}."
        )
    if not (agent.timeout_hello_ms and agent.timeout_idle_ms and agent.timeout_processing_ms):
        diagnostics.warning(
            f"config : Proxy '{proxy.name}': missing timeouts for {said} declare at"
            f" {agent.where}.\n"
            "   | While not properly invalid, you will certainly encounter various problems\n"
            "   | with such a configuration. To fix this, please ensure that all following\n"
            "   | timeouts are set to a non-zero value: 'hello', 'idle', 'processing'."
        )
    for used in agent.messages:
        message = draft.messages[used.name]
        if not message.event:
            diagnostics.warning(
                f"config : Proxy '{proxy.name}': Ignore SPOE message '{message.name}' without"
                f" event at {message.where}."
            )
        elif not happens(message.event, proxy.kind):
            diagnostics.warning(
                f"config : Proxy '{proxy.name}': frontend event used on a backend proxy at"
                f" {message.where}."
            )
        elif proxy.mode != "http" and "-http-" in message.event:
            diagnostics.warning(
                f"config : Proxy '{proxy.name}': event '{message.event}' does not happen in mode"
                f" {proxy.mode} at {message.where}."
            )


def _check_call(call: GroupCall, configuration: Configuration, diagnostics: Diagnostics) -> None:
    """
    Alert in the words of HAProxy; rules of a C{defaults} section find no filter, as there.
    """
    section = f"config : Proxy '{call.proxy}'"
    owner = [
        proxy
        for proxy in configuration.proxies
        if proxy.name == call.proxy and proxy.kind == call.kind
    ]
    if owner and all(proxy.disabled for proxy in owner):
        return
    filters = [each for proxy in owner for each in proxy.filters]
    found = next((each for each in filters if each.engine == call.engine), None)
    if found is None:
        diagnostics.alert(
            f"{section}: unable to find SPOE engine '{call.engine}' used by the send-spoe-group"
            f" '{call.group}'."
        )
    elif call.group not in found.agent.groups:
        diagnostics.alert(
            f"{section}: unable to find SPOE group '{call.group}' into SPOE engine"
            f" '{call.engine}' configuration."
        )
    else:
        _check_group(call, found.agent, diagnostics)


def _check_group(call: GroupCall, agent: SpoeAgent, diagnostics: Diagnostics) -> None:
    """
    Alert of messages with arguments that never have a value where the group is sent.
    """
    here, place = AT_RULES[call.ruleset]
    side = "frontend"
    if call.kind != "frontend":
        here, side = here | {"backend"}, "backend"
    for message in agent.groups[call.group]:
        wrong = missing(message.arguments, here)
        if wrong is not None:
            diagnostics.alert(
                f"config : Proxy '{call.proxy}': Invalid SPOE message '{message.name}' used by SPOE"
                f" group '{call.group}' at {wrong.where}: some args extract information from"
                f" '{wanted(wrong)}', none of which is available here ('{side} {place}').",
            )
