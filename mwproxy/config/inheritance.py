"""
What a proxy takes from its C{defaults} section (configuration manual 4 "Proxies").

Settings are copied, what makes a section itself is not: name, listeners, servers, ACLs,
switching rules. Rules of a named C{defaults} section are copied and so run before the
proxy's own; their ACLs stay private to that section.
"""

from __future__ import annotations

import copy
from dataclasses import fields

from mwproxy.config.model import Proxy, Sealed, ServerSettings
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
        "use_backend",
        "acls",
        "http_request",
        "http_response",
    }
)
_INHERITED = tuple(each.name for each in fields(Proxy) if each.name not in OWN)


def inherit(defaults: Proxy | None, kind: str, name: str, where: Where) -> Proxy:
    """
    Begin a proxy.

    @param defaults: The section to take settings from, L{None} for the documented defaults.

    @param kind: C{defaults frontend backend} or C{listen}.

    @param name: Its name.

    @param where: The line that begins it.

    @return: The proxy; nothing that can change is shared with C{defaults}.
    """
    proxy = Proxy(kind, name, where)
    if defaults is not None:
        proxy.defaults = defaults.name
        for each in _INHERITED:
            setattr(proxy, each, _duplicate(getattr(defaults, each)))
    return proxy


def _duplicate(value: object) -> object:
    if isinstance(value, ServerSettings):
        return value.fork()
    if isinstance(value, list):
        return list(value)
    if isinstance(value, set):
        return set(value)
    if isinstance(value, dict):
        return {key: _duplicate(each) for key, each in value.items()}
    if isinstance(value, Sealed):
        return copy.copy(value)
    return value
