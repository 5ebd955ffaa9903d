"""
The request line and what it says.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any

from mwproxy.core.families import sample_fetch
from mwproxy.rules.casts import to_int
from mwproxy.rules.headers import parse_parameters
from mwproxy.rules.texts import to_text

Getter = Callable[[Any], Any]

_PARAMETER = ("str?", "str?", "str?")


def path_and_query(request: Any) -> bytes:
    """
    Cut scheme and authority off a request target.

    @return: What starts with the first slash; empty for C{CONNECT}, C{*} for C{OPTIONS *}.
    """
    target: bytes = request.target
    if target[:1] == b"/":
        return target
    _scheme, found, rest = target.partition(b"://")
    if not found:
        return target if target == b"*" else b""
    slash = rest.find(b"/")
    if slash >= 0:
        return rest[slash:]
    question = rest.find(b"?")
    return b"/" + rest[question:] if question >= 0 else b"/"


@sample_fetch("method", gives="meth", phases="request response log")
def fetch_method() -> Getter:
    """
    The method.
    """

    def method(stream: Any) -> bytes | None:
        request = stream.request
        return None if request is None else request.method

    return method


@sample_fetch("path", gives="str", phases="request")
def fetch_path() -> Getter:
    """
    The path, without scheme, authority and query.
    """

    def path(stream: Any) -> bytes | None:
        request = stream.request
        return None if request is None else request.path

    return path


@sample_fetch("pathq", gives="str", phases="request")
def fetch_pathq() -> Getter:
    """
    The path and the query.
    """

    def pathq(stream: Any) -> bytes | None:
        request = stream.request
        return None if request is None else path_and_query(request)

    return pathq


@sample_fetch("url", gives="str", phases="request")
def fetch_url() -> Getter:
    """
    The whole request target.
    """

    def url(stream: Any) -> bytes | None:
        request = stream.request
        return None if request is None else request.target

    return url


@sample_fetch("query", gives="str", args=("str?",), phases="request")
def fetch_query(options: bytes = b"") -> Getter:
    """
    What follows the question mark; with C{with_qm}, the mark too.
    """
    if options not in (b"", b"with_qm"):
        raise ValueError(f"unexpected option '{to_text(options)}', only 'with_qm' is known")

    def query(stream: Any) -> bytes | None:
        request = stream.request
        if request is None:
            return None
        _path, mark, rest = request.target.partition(b"?")
        if not mark:
            return None
        found: bytes = mark + rest if options else rest
        return found

    return query


def _host(stream: Any) -> bytes:
    request = stream.request
    if request is None:
        return b""
    if request.untouched():
        return request.block.host or b""
    found = request.get_all(b"host")
    return found[0] if found else b""


@sample_fetch("base", gives="str", phases="request")
def fetch_base() -> Getter:
    """
    C{Host} and the path.
    """

    def base(stream: Any) -> bytes | None:
        request = stream.request
        return None if request is None else _host(stream) + request.path

    return base


@sample_fetch("baseq", gives="str", phases="request")
def fetch_baseq() -> Getter:
    """
    C{Host}, the path and the query.
    """

    def baseq(stream: Any) -> bytes | None:
        request = stream.request
        return None if request is None else _host(stream) + path_and_query(request)

    return baseq


def _authority(stream: Any) -> bytes | None:
    request = stream.request
    if request is None:
        return None
    _scheme, found, rest = request.target.partition(b"://")
    return re.split(rb"[/?]", rest, maxsplit=1)[0] if found else None


@sample_fetch("url_ip", gives="ipv4", phases="request")
def fetch_url_ip() -> Getter:
    """
    The IPv4 address in an absolute request target.
    """

    def url_ip(stream: Any) -> IPv4Address | None:
        authority = _authority(stream)
        if authority is None:
            return None
        try:
            return IPv4Address(authority.partition(b":")[0].decode("latin-1"))
        except ValueError:
            return None

    return url_ip


@sample_fetch("url_port", gives="sint", phases="request")
def fetch_url_port() -> Getter:
    """
    The port in an absolute request target whose host is an IPv4 address, 80 when it has none.
    """
    address = fetch_url_ip()

    def url_port(stream: Any) -> int | None:
        if address(stream) is None:
            return None
        port = (_authority(stream) or b"").partition(b":")[2]
        return int(port) if port.isdigit() else 80

    return url_port


def _parameters(delimiter: bytes) -> Callable[[Any], list[tuple[bytes, bytes]]]:
    mark = delimiter[:1] or b"?"

    def parameters(stream: Any) -> list[tuple[bytes, bytes]]:
        request = stream.request
        if request is None:
            return []
        target = request.target
        if mark not in target:
            return []
        query = target.partition(mark)[2]
        return parse_parameters(query.replace(mark, b"&") if mark != b"?" else query)

    return parameters


def _chosen(name: bytes, options: bytes) -> Callable[[bytes], bool]:
    if options not in (b"", b"i"):
        raise ValueError(f"unexpected option '{to_text(options)}', only 'i' is known")
    if not name:
        return lambda known: True
    if options:
        wanted = name.lower()
        return lambda known: known.lower() == wanted
    return name.__eq__


def _many_urlp(name: bytes = b"", delimiter: bytes = b"?", options: bytes = b"") -> Getter:
    read, chosen = _parameters(delimiter), _chosen(name, options)
    return lambda stream: [value for known, value in read(stream) if chosen(known)]


@sample_fetch("urlp", "url_param", gives="str", args=_PARAMETER, phases="request", many=_many_urlp)
def fetch_urlp(name: bytes = b"", delimiter: bytes = b"?", options: bytes = b"") -> Getter:
    """
    The first parameter of that name in the query, or the first of all.
    """
    values = _many_urlp(name, delimiter, options)

    def first(stream: Any) -> bytes | None:
        found = values(stream)
        return found[0] if found else None

    return first


def _many_urlp_val(name: bytes = b"", delimiter: bytes = b"?", options: bytes = b"") -> Getter:
    values = _many_urlp(name, delimiter, options)
    return lambda stream: [to_int(value) for value in values(stream)]


@sample_fetch("urlp_val", gives="sint", args=_PARAMETER, phases="request", many=_many_urlp_val)
def fetch_urlp_val(name: bytes = b"", delimiter: bytes = b"?", options: bytes = b"") -> Getter:
    """
    The first parameter of that name as a number.
    """
    first = fetch_urlp(name, delimiter, options)

    def value(stream: Any) -> int | None:
        found = first(stream)
        return None if found is None else to_int(found)

    return value


def version_text(version: int) -> bytes:
    """
    Write a version of HTTP.

    @param version: Such as 11.

    @return: Such as C{1.1}.
    """
    return b"%d.%d" % divmod(version, 10)


@sample_fetch("req.ver", "req_ver", gives="str", phases="request")
def fetch_req_ver() -> Getter:
    """
    The request's version of HTTP, such as C{1.1}.
    """

    def version(stream: Any) -> bytes | None:
        request = stream.request
        return None if request is None else version_text(request.version)

    return version


@sample_fetch("req.proto_http", "req_proto_http", gives="bool", phases="request response log")
def fetch_req_proto_http() -> Getter:
    """
    Whether there is an HTTP request.
    """
    return lambda stream: stream.request is not None


@sample_fetch("http_first_req", gives="bool", phases="request response log")
def fetch_http_first_req() -> Getter:
    """
    Whether this is the first request of its connection.
    """
    return lambda stream: stream.session.requests <= 1


def _received(stream: Any) -> tuple[bytes, bytes] | None:
    if stream.received is not None:
        known: tuple[bytes, bytes] = stream.received
        return known
    request = stream.request
    return None if request is None else (request.method, request.target)


@sample_fetch("capture.req.method", gives="str", phases="request response log")
def fetch_capture_req_method() -> Getter:
    """
    The method as it came, in responses and logs too.
    """

    def method(stream: Any) -> bytes | None:
        known = _received(stream)
        return None if known is None else known[0]

    return method


@sample_fetch("capture.req.uri", gives="str", phases="request response log")
def fetch_capture_req_uri() -> Getter:
    """
    The request target as it came, from its first slash on, in responses and logs too.
    """

    def uri(stream: Any) -> bytes | None:
        known = _received(stream)
        if known is None:
            return None
        target = known[1]
        if target[:1] == b"/" or b"://" not in target:
            return target
        rest = target.partition(b"://")[2]
        slash = rest.find(b"/")
        return rest[slash:] if slash >= 0 else b"/"

    return uri


@sample_fetch("capture.req.ver", gives="str", phases="request response log")
def fetch_capture_req_ver() -> Getter:
    """
    C{HTTP/1.0} or C{HTTP/1.1}, in responses and logs too.
    """

    def version(stream: Any) -> bytes | None:
        request = stream.request
        return None if request is None else b"HTTP/" + version_text(request.version)

    return version


def _captured(attribute: str, index: int) -> Getter:
    if index < 0:
        raise ValueError("capture index must not be negative")

    def captured(stream: Any) -> bytes | None:
        known: tuple[bytes | None, ...] = getattr(stream, attribute)
        return known[index] if index < len(known) else None

    return captured


@sample_fetch("capture.req.hdr", gives="str", args=("sint",), phases="request response log")
def fetch_capture_req_hdr(index: int) -> Getter:
    """
    A captured request header.
    """
    return _captured("request_captures", index)


@sample_fetch("capture.res.hdr", gives="str", args=("sint",), phases="response log")
def fetch_capture_res_hdr(index: int) -> Getter:
    """
    A captured response header.
    """
    return _captured("response_captures", index)
