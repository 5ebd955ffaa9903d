"""
Cookies of requests and responses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mwproxy.core.families import sample_fetch
from mwproxy.rules.casts import to_int
from mwproxy.rules.fetches.headers import derive, request_of, response_of
from mwproxy.rules.headers import header_lines, parse_cookies, parse_set_cookies

Getter = Callable[[Any], Any]
Select = Callable[[Any], Any]


def _cookies(select: Select, header: bytes) -> Callable[[Any], list[tuple[bytes, bytes]]]:
    parse = parse_cookies if header == b"cookie" else parse_set_cookies
    return lambda stream: parse(header_lines(select(stream), header))


_req_cookies = _cookies(request_of, b"cookie")
_res_cookies = _cookies(response_of, b"set-cookie")


def _cookie(read: Callable[[Any], list[tuple[bytes, bytes]]], name: bytes) -> Getter:
    def last(stream: Any) -> bytes | None:
        found = [value for known, value in read(stream) if known == name]
        return found[-1] if found else None

    def first(stream: Any) -> bytes | None:
        found = read(stream)
        return found[0][1] if found else None

    return last if name else first


def _every_cookie(read: Callable[[Any], list[tuple[bytes, bytes]]], name: bytes) -> Getter:
    def values(stream: Any) -> list[bytes]:
        return [value for known, value in read(stream) if known == name or not name]

    return values


def _many_req_cook(name: bytes = b"") -> Getter:
    return _every_cookie(_req_cookies, name)


def _many_res_cook(name: bytes = b"") -> Getter:
    return _every_cookie(_res_cookies, name)


@sample_fetch(
    "req.cook", "cook", gives="str", args=("str?",), phases="request", many=_many_req_cook
)
def fetch_req_cook(name: bytes = b"") -> Getter:
    """
    A cookie of the request: the last one of that name, or the first of all.
    """
    return _cookie(_req_cookies, name)


@sample_fetch("cookie", gives="str", args=("str?",), phases="request response", many=_many_req_cook)
def fetch_cookie(name: bytes = b"") -> Getter:
    """
    C{req.cook}; in rulesets of responses the compiler takes C{res.cook}.
    """
    return _cookie(_req_cookies, name)


@sample_fetch(
    "res.cook", "scook", gives="str", args=("str?",), phases="response", many=_many_res_cook
)
def fetch_res_cook(name: bytes = b"") -> Getter:
    """
    A cookie that the response sets: the last one of that name, or the first of all.
    """
    return _cookie(_res_cookies, name)


@sample_fetch("req.cook_cnt", "cook_cnt", gives="sint", args=("str?",), phases="request")
def fetch_req_cook_cnt(name: bytes = b"") -> Getter:
    """
    How many cookies of that name the request has, or of any name.
    """
    values = _many_req_cook(name)
    return lambda stream: len(values(stream))


@sample_fetch("res.cook_cnt", "scook_cnt", gives="sint", args=("str?",), phases="response")
def fetch_res_cook_cnt(name: bytes = b"") -> Getter:
    """
    How many cookies of that name the response sets, or of any name.
    """
    values = _many_res_cook(name)
    return lambda stream: len(values(stream))


def _cookie_names(read: Callable[[Any], list[tuple[bytes, bytes]]], delimiter: bytes) -> Getter:
    between = delimiter[:1] or b","
    return lambda stream: between.join([name for name, _value in read(stream)])


@sample_fetch("req.cook_names", gives="str", args=("str?",), phases="request")
def fetch_req_cook_names(delimiter: bytes = b",") -> Getter:
    """
    The names of all cookies of the request.
    """
    return _cookie_names(_req_cookies, delimiter)


@sample_fetch("res.cook_names", gives="str", args=("str?",), phases="response")
def fetch_res_cook_names(delimiter: bytes = b",") -> Getter:
    """
    The names of all cookies that the response sets.
    """
    return _cookie_names(_res_cookies, delimiter)


derive("req.cook_val cook_val", "req.cook", "sint", to_int)
derive("res.cook_val scook_val", "res.cook", "sint", to_int)
