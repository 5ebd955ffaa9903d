"""
Heads as they leave: what the proxy changes in requests and responses, and whether connections
live on.

Header names leave in lower case, as HAProxy sends them. What concerns only one connection was
removed by the parser and is said anew for the next one.
"""

from __future__ import annotations

import ipaddress

from mwproxy.live.sessions import Stream
from mwproxy.protocols.http1.messages import Request, Response
from mwproxy.stream.routing import Route

_VERSIONS = {10: b" HTTP/1.0\r\n", 11: b" HTTP/1.1\r\n"}
_status_lines: dict[tuple[int, int, bytes], bytes] = {}


def request_head(stream: Stream, request: Request, route: Route) -> bytes:
    """
    Write the head of a request for the server.

    @param stream: The stream, after all rules.

    @param request: Its request.

    @param route: Where it goes.

    @return: The head with its empty line.
    """
    block = request.block
    tail = b"\r\n"
    if block.chunked:
        tail = b"transfer-encoding: chunked\r\n\r\n"
    if block.upgrade and request.version >= 11:
        tail = b"connection: Upgrade\r\nupgrade: %b\r\n%b" % (block.upgrade, tail)
    elif route.says_close:
        tail = b"connection: close\r\n" + tail
    elif request.version < 11:
        tail = b"connection: keep-alive\r\n" + tail
    if route.forwardfor is not None:
        tail = forwarded_for(stream, request, route.forwardfor) + tail
    line = request.line
    if stream.received is not None or not line:
        line = request.method + b" " + request.target + _VERSIONS[request.version]
    return line + request.wire_fields() + tail


def forwarded_for(
    stream: Stream, request: Request, settings: tuple[bytes, tuple[object, ...], bool]
) -> bytes:
    """
    Write the line that C{option forwardfor} adds.

    @param stream: The stream.

    @param request: Its request.

    @param settings: Header name, exempt networks, if-none.

    @return: The line, or nothing when it does not apply.
    """
    name, exempt, if_none = settings
    client = stream.session.client_host
    if not client:
        return b""
    if if_none and request.get_all(name.lower()):
        return b""
    if exempt:
        address = ipaddress.ip_address(client)
        if any(address in network for network in exempt):  # type: ignore[operator]
            return b""
    return b"%b: %b\r\n" % (name, client.encode())


def response_head(response: Response, request: Request, *, keep: bool, decoded: bool) -> bytes:
    """
    Write the head of a response for the client.

    @param response: The response, after all rules.

    @param request: What it answers.

    @param keep: Whether the client's connection lives on.

    @param decoded: True when chunked coding was taken off.

    @return: The head with its empty line.
    """
    block = response.block
    tail = b"\r\n"
    if block.chunked and not decoded:
        tail = b"transfer-encoding: chunked\r\n\r\n"
    if response.status == 101:
        tail = b"connection: upgrade\r\nupgrade: %b\r\n%b" % (block.upgrade, tail)
    elif not keep:
        tail = b"connection: close\r\n" + tail
    elif request.version < 11 or response.version < 11:
        tail = b"connection: keep-alive\r\n" + tail
    return (response.line or status_line(response)) + response.wire_fields() + tail


def status_line(response: Response) -> bytes:
    """
    Write the status line of a response.

    @return: The line with its line end.
    """
    key = (response.version, response.status, response.reason)
    line = _status_lines.get(key)
    if line is None:
        line = b"HTTP/1.%d %d %b\r\n" % (key[0] - 10, key[1], key[2])
        if len(_status_lines) < 256:
            _status_lines[key] = line
    return line


def server_keeps(response: Response) -> bool:
    """
    Tell whether the server lets its connection serve another request, as far as its head says.
    """
    block = response.block
    return not block.close if response.version >= 11 else block.keep_alive
