"""
Headers and cookies of requests and responses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from mwproxy.core.families import SampleFetch, sample_fetch, sample_fetches
from mwproxy.rules.casts import to_address, to_int
from mwproxy.rules.headers import (
    header_lines,
    header_values,
    parse_cookies,
    parse_set_cookies,
    pick,
)

Getter = Callable[[Any], Any]
Reader = Callable[[Any, bytes], list[bytes]]
Select = Callable[[Any], Any]

_HEADER = ("str?", "sint?")
_BOTH = "request response"


def _request(stream: Any) -> Any:
    return stream.request


def _response(stream: Any) -> Any:
    return stream.response


def _one(select: Select, read: Reader, name: bytes, occurrence: int | None) -> Getter:
    wanted = name.lower()
    place = occurrence or 0

    def get(stream: Any) -> bytes | None:
        return pick(read(select(stream), wanted), place)

    return get


def _all(select: Select, read: Reader, name: bytes, occurrence: int | None) -> Getter:
    wanted = name.lower()
    if occurrence:
        return _only(_one(select, read, name, occurrence))

    def get(stream: Any) -> list[bytes]:
        return read(select(stream), wanted)

    return get


def _only(get: Getter) -> Getter:
    def values(stream: Any) -> Iterable[Any]:
        value = get(stream)
        return () if value is None else (value,)

    return values


def _many_req_hdr(name: bytes = b"", occurrence: int | None = None) -> Getter:
    return _all(_request, header_values, name, occurrence)


def _many_req_fhdr(name: bytes = b"", occurrence: int | None = None) -> Getter:
    return _all(_request, header_lines, name, occurrence)


def _many_res_hdr(name: bytes = b"", occurrence: int | None = None) -> Getter:
    return _all(_response, header_values, name, occurrence)


def _many_res_fhdr(name: bytes = b"", occurrence: int | None = None) -> Getter:
    return _all(_response, header_lines, name, occurrence)


@sample_fetch("req.hdr", gives="str", args=_HEADER, phases="request", many=_many_req_hdr)
def fetch_req_hdr(name: bytes = b"", occurrence: int | None = None) -> Getter:
    """
    A comma-separated value of a request header, the last one by default.
    """
    return _one(_request, header_values, name, occurrence)


@sample_fetch("hdr", gives="str", args=_HEADER, phases=_BOTH, many=_many_req_hdr)
def fetch_hdr(name: bytes = b"", occurrence: int | None = None) -> Getter:
    """
    C{req.hdr}; in rulesets of responses the compiler takes C{res.hdr}.
    """
    return fetch_req_hdr(name, occurrence)


@sample_fetch("req.fhdr", gives="str", args=_HEADER, phases="request", many=_many_req_fhdr)
def fetch_req_fhdr(name: bytes = b"", occurrence: int | None = None) -> Getter:
    """
    A whole line of a request header, the last one by default.
    """
    return _one(_request, header_lines, name, occurrence)


@sample_fetch("res.hdr", "shdr", gives="str", args=_HEADER, phases="response", many=_many_res_hdr)
def fetch_res_hdr(name: bytes = b"", occurrence: int | None = None) -> Getter:
    """
    A comma-separated value of a response header, the last one by default.
    """
    return _one(_response, header_values, name, occurrence)


@sample_fetch("res.fhdr", gives="str", args=_HEADER, phases="response", many=_many_res_fhdr)
def fetch_res_fhdr(name: bytes = b"", occurrence: int | None = None) -> Getter:
    """
    A whole line of a response header, the last one by default.
    """
    return _one(_response, header_lines, name, occurrence)


def _counter(select: Select, read: Reader, name: bytes) -> Getter:
    wanted = name.lower()

    def count(stream: Any) -> int | None:
        message = select(stream)
        return None if message is None else len(read(message, wanted))

    return count


@sample_fetch("req.hdr_cnt", "hdr_cnt", gives="sint", args=("str?",), phases="request")
def fetch_req_hdr_cnt(name: bytes = b"") -> Getter:
    """
    How many values a request header has; without a name, all headers.
    """
    return _counter(_request, header_values, name)


@sample_fetch("req.fhdr_cnt", gives="sint", args=("str?",), phases="request")
def fetch_req_fhdr_cnt(name: bytes = b"") -> Getter:
    """
    How many lines a request header has; without a name, all headers.
    """
    return _counter(_request, header_lines, name)


@sample_fetch("res.hdr_cnt", "shdr_cnt", gives="sint", args=("str?",), phases="response")
def fetch_res_hdr_cnt(name: bytes = b"") -> Getter:
    """
    How many values a response header has; without a name, all headers.
    """
    return _counter(_response, header_values, name)


@sample_fetch("res.fhdr_cnt", gives="sint", args=("str?",), phases="response")
def fetch_res_fhdr_cnt(name: bytes = b"") -> Getter:
    """
    How many lines a response header has; without a name, all headers.
    """
    return _counter(_response, header_lines, name)


def _names(select: Select, delimiter: bytes) -> Getter:
    between = delimiter[:1] or b","

    def names(stream: Any) -> bytes | None:
        message = select(stream)
        return None if message is None else between.join([name for name, _ in message.fields()])

    return names


@sample_fetch("req.hdr_names", gives="str", args=("str?",), phases="request")
def fetch_req_hdr_names(delimiter: bytes = b",") -> Getter:
    """
    The names of all request headers.
    """
    return _names(_request, delimiter)


@sample_fetch("res.hdr_names", gives="str", args=("str?",), phases="response")
def fetch_res_hdr_names(delimiter: bytes = b",") -> Getter:
    """
    The names of all response headers.
    """
    return _names(_response, delimiter)


def _block(select: Select) -> Getter:
    def lines(stream: Any) -> bytes | None:
        message = select(stream)
        if message is None:
            return None
        return b"".join([b"%b: %b\r\n" % field for field in message.fields()]) + b"\r\n"

    return lines


@sample_fetch("req.hdrs", gives="bin", phases="request")
def fetch_req_hdrs() -> Getter:
    """
    All request headers with the empty line behind them.
    """
    return _block(_request)


@sample_fetch("res.hdrs", gives="bin", phases="response")
def fetch_res_hdrs() -> Getter:
    """
    All response headers with the empty line behind them.
    """
    return _block(_response)


def _cookies(select: Select, header: bytes) -> Callable[[Any], list[tuple[bytes, bytes]]]:
    parse = parse_cookies if header == b"cookie" else parse_set_cookies
    return lambda stream: parse(header_lines(select(stream), header))


_req_cookies = _cookies(_request, b"cookie")
_res_cookies = _cookies(_response, b"set-cookie")


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


@sample_fetch("cookie", gives="str", args=("str?",), phases=_BOTH, many=_many_req_cook)
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


def parse_header_address(value: bytes) -> Any:
    """
    Read an address as headers have it: a port behind an IPv4 address is dropped.

    @return: L{None} when it is none.
    """
    if value.count(b":") == 1:
        value, _colon, port = value.partition(b":")
        if not port.isdigit() or int(port) > 65535:
            return None
    elif value[:1] == b"[" and value[-1:] == b"]":
        value = value[1:-1]
    return to_address(value)


def _converted(make: Callable[..., Getter], change: Callable[[Any], Any]) -> Callable[..., Getter]:
    def convert(*arguments: Any) -> Getter:
        get = make(*arguments)

        def value(stream: Any) -> Any:
            found = get(stream)
            return None if found is None else change(found)

        return value

    return convert


def _converted_many(
    make: Callable[..., Getter], change: Callable[[Any], Any]
) -> Callable[..., Getter]:
    def convert(*arguments: Any) -> Getter:
        get = make(*arguments)

        def values(stream: Any) -> list[Any]:
            changed = [change(found) for found in get(stream)]
            return [value for value in changed if value is not None]

        return values

    return convert


def _derive(names: str, entry: str, gives: str, change: Callable[[Any], Any]) -> None:
    base: SampleFetch = sample_fetches.get(entry)
    many = None if base.many is None else _converted_many(base.many, change)
    register = sample_fetch(
        *names.split(), gives=gives, args=base.args, phases=" ".join(base.phases), many=many
    )
    register(_converted(base.make, change))


_derive("req.hdr_ip hdr_ip", "req.hdr", "addr", parse_header_address)
_derive("res.hdr_ip shdr_ip", "res.hdr", "addr", parse_header_address)
_derive("req.hdr_val hdr_val", "req.hdr", "sint", to_int)
_derive("res.hdr_val shdr_val", "res.hdr", "sint", to_int)
_derive("req.cook_val cook_val", "req.cook", "sint", to_int)
_derive("res.cook_val scook_val", "res.cook", "sint", to_int)
