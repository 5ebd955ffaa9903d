"""
Request targets and authorities: which bytes and which forms are accepted.

The target's characters are those HAProxy lets through (printable ASCII without C{#}); its form
must suit the method. A host is C{uri-host [":" port]} of RFC 9110, since names that two parsers
may read differently send requests astray.
"""

from __future__ import annotations

import re

from mwproxy.protocols.http1.messages import BadMessage

_HOST = re.compile(
    rb"(\[[0-9A-Fa-f:.]++\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})++)(?::([0-9]{0,5}+))?"
)
_ABSOLUTE = re.compile(rb"(https?)://([^/?]*+)(?:[/?].*+)?", re.IGNORECASE | re.DOTALL)
#: Good values seen lately.
_hosts: set[bytes] = set()
_REMEMBERED = 512
_PORTS = {b"http": b"80", b"https": b"443"}


def check_host(value: bytes) -> None:
    """
    Check a C{host} header. An empty one is valid: the target has no authority.

    @param value: The header's value.

    @raise BadMessage: It is malformed.
    """
    if not value or value in _hosts:
        return
    found = _HOST.fullmatch(value)
    if found is None or (found[2] and int(found[2]) > 65535):
        raise BadMessage(400, "bad host")
    if len(_hosts) >= _REMEMBERED:
        _hosts.clear()
    _hosts.add(value)


def check_target(method: bytes, target: bytes) -> bytes | None:
    """
    Check that a target has a form that suits the method.

    @param method: The method.

    @param target: The target, of valid characters.

    @return: Its authority with the default port left out and in lower case; L{None} for the
        origin form and C{*}.

    @raise BadMessage: The form is none of RFC 9112, 3.2, or is not for this method.
    """
    if method == b"CONNECT":
        check_host(target)
        host, colon, port = target.rpartition(b":")
        if not colon or not port or host.endswith(b":"):
            raise BadMessage(400, "CONNECT needs a host and a port")
        return target.lower()
    if target[:1] == b"/":
        return None
    if target == b"*":
        if method != b"OPTIONS":
            raise BadMessage(400, "target * is for OPTIONS only")
        return None
    found = _ABSOLUTE.fullmatch(target)
    if found is None:
        raise BadMessage(400, "bad request target")
    if not found[2]:
        raise BadMessage(400, "bad host")
    check_host(found[2])
    return _normal(found[2], _PORTS[found[1].lower()])


def check_authority(target: bytes, authority: bytes, host: bytes) -> None:
    """
    Check that C{host} says what the target says.

    @param target: The target.

    @param authority: What L{check_target} returned for it.

    @param host: The header's value.

    @raise BadMessage: They differ.
    """
    scheme, found, _rest = target.partition(b"://")
    if found:
        same = _normal(host, _PORTS[scheme.lower()]) == authority
    else:
        # CONNECT: some clients leave the default port out of the header.
        same = host.lower() == authority or any(
            _normal(host, port) == authority.removesuffix(b":" + port)
            for port in _PORTS.values()
            if authority.endswith(b":" + port)
        )
    if not same:
        raise BadMessage(400, "host differs from the target's authority")


def _normal(authority: bytes, port: bytes) -> bytes:
    return authority.lower().removesuffix(b":" + port).removesuffix(b":")
