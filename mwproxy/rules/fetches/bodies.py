"""
The body of a request: what of it is at hand (configuration manual, 7.3.6).

Without C{option http-buffer-request} or C{http-request wait-for-body} that is what came together
with the head. Chunked coding is undone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mwproxy.core.families import sample_fetch
from mwproxy.rules.headers import parse_parameters

Getter = Callable[[Any], Any]


@sample_fetch("req.body", gives="bin", phases="request")
def fetch_req_body() -> Getter:
    """
    What is at hand of the request's body.
    """

    def body(stream: Any) -> bytes | None:
        if stream.request is None:
            return None
        found: bytes = stream.payload()
        return found

    return body


@sample_fetch("req.body_len", gives="sint", phases="request")
def fetch_req_body_len() -> Getter:
    """
    How many bytes are at hand of the request's body.
    """

    def length(stream: Any) -> int | None:
        return None if stream.request is None else len(stream.payload())

    return length


@sample_fetch("req.body_size", gives="sint", phases="request")
def fetch_req_body_size() -> Getter:
    """
    The announced length of the request's body; of a chunked one, which announces none, what is at
    hand and the rest of its chunk.
    """

    def size(stream: Any) -> int | None:
        request = stream.request
        if request is None:
            return None
        block = request.block
        length: int = stream.payload_size() if block.chunked else max(block.length, 0)
        return length

    return size


@sample_fetch("req.body_truncated", gives="bool", phases="request")
def fetch_req_body_truncated() -> Getter:
    """
    Whether more of the request's body is to come than C{req.body} has (mwproxy's own).
    """

    def truncated(stream: Any) -> bool | None:
        return None if stream.request is None else not stream.payload_whole()

    return truncated


def _many_body_param(name: bytes = b"") -> Getter:
    def values(stream: Any) -> list[bytes]:
        if stream.request is None:
            return []
        found = parse_parameters(stream.payload())
        return [value for known, value in found if not name or known == name]

    return values


@sample_fetch(
    "req.body_param", gives="str", args=("str?",), phases="request", many=_many_body_param
)
def fetch_req_body_param(name: bytes = b"") -> Getter:
    """
    The first parameter of that name in a body coded as URLs are, or the first of all.
    """
    values = _many_body_param(name)

    def first(stream: Any) -> bytes | None:
        found = values(stream)
        return found[0] if found else None

    return first
