"""
What a proxy takes from its C{defaults} section (configuration manual 4 "Proxies").

Settings are copied, what makes a section itself is not: name, listeners, servers, ACLs,
switching rules. Rules of a named C{defaults} section are copied and so run before the
proxy's own; their ACLs stay private to that section.
"""

from __future__ import annotations

from typing import Any

from mwproxy.config.model import Proxy, Sealed
from mwproxy.core.diagnostics import Where

#: Fields that a proxy does not take from its C{defaults} section.
OWN = frozenset(
    {
        "kind",
        "name",
        "where",
        "defaults",
        "number",
        "description",
        "binds",
        "servers",
        "referred",
        "use_backend",
        "acls",
        "http_request",
        "http_response",
        "own_rules",
        "tcp_request_connection",
        "tcp_request_content",
        "tcp_request_session",
        "tcp_response_content",
        "filters",
    }
)


def inherit(defaults: Proxy | None, kind: str, name: str, where: Where) -> Proxy:
    """
    Begin a proxy.

    @param defaults: The section to take settings from, L{None} for the documented defaults.

    @param kind: C{defaults frontend backend} or C{listen}.

    @param name: Its name.

    @param where: The line that begins it.

    @return: The proxy; nothing that can change is shared with C{defaults}, what is sealed is.
    """
    if defaults is None:
        return Proxy(kind, name, where)
    taken = {
        each: _duplicate(value) if isinstance(value, _CHANGEABLE) else value
        for each, value in vars(defaults).items()
        if each not in OWN
    }
    return Proxy(kind, name, where, defaults.name, **taken)


_CHANGEABLE = (Sealed, list, set, dict)


def _duplicate(value: Any) -> Any:
    if isinstance(value, list):
        return list(value)
    if isinstance(value, set):
        return set(value)
    if isinstance(value, dict):
        return {key: _duplicate(each) for key, each in value.items()}
    if isinstance(value, Sealed):
        return value if value.sealed else value.copy()
    return value
