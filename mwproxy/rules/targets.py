"""
Rewriting request targets, and noting what came.
"""

from __future__ import annotations

from typing import Any


def split_target(target: bytes) -> tuple[bytes, bytes, bytes]:
    """
    Cut a request target.

    @return: Scheme and authority (empty for most), path, and the query with its question mark.
    """
    front = b""
    if target[:1] != b"/":
        scheme, found, rest = target.partition(b"://")
        if found:
            slash = len(rest)
            for mark in (b"/", b"?"):
                place = rest.find(mark)
                slash = place if 0 <= place < slash else slash
            front = scheme + found + rest[:slash]
            target = rest[slash:]
    path, mark, query = target.partition(b"?")
    return front, path, mark + query


def change_target(stream: Any, target: bytes) -> None:
    """
    Give the request another target; what came is kept for logs.

    @param target: The new target; blanks in it are escaped, an empty one becomes C{/}.
    """
    request = stream.request
    if stream.received is None:
        stream.received = (request.method, request.target)
    if b" " in target:
        target = target.replace(b" ", b"%20")
    request.target = target or b"/"


def change_method(stream: Any, method: bytes) -> None:
    """
    Give the request another method; what came is kept for logs.
    """
    request = stream.request
    if stream.received is None:
        stream.received = (request.method, request.target)
    request.method = method
