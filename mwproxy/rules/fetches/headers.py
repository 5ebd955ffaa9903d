"""
Headers of requests and responses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from mwproxy.core.families import SampleFetch, sample_fetch, sample_fetches
from mwproxy.rules.casts import to_address, to_int
from mwproxy.rules.headers import (
    header_lines,
    header_values,
    pick,
)

Getter = Callable[[Any], Any]
Reader = Callable[[Any, bytes], list[bytes]]
Select = Callable[[Any], Any]

_HEADER = ("str?", "sint?")
_BOTH = "request response"


def request_of(stream: Any) -> Any:
    """
    Get the request.

    @return: L{None} when there is none.
    """
    return stream.request


def response_of(stream: Any) -> Any:
    """
    Get the response.

    @return: L{None} when there is none.
    """
    return stream.response


def _one(select: Select, read: Reader, name: bytes, occurrence: int | None) -> Getter:
    wanted = name.lower()
    place = occurrence or 0
    if not wanted:
        return lambda stream: None

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
    return _all(request_of, header_values, name, occurrence)


def _many_req_fhdr(name: bytes = b"", occurrence: int | None = None) -> Getter:
    return _all(request_of, header_lines, name, occurrence)


def _many_res_hdr(name: bytes = b"", occurrence: int | None = None) -> Getter:
    return _all(response_of, header_values, name, occurrence)


def _many_res_fhdr(name: bytes = b"", occurrence: int | None = None) -> Getter:
    return _all(response_of, header_lines, name, occurrence)


@sample_fetch("req.hdr", gives="str", args=_HEADER, phases="request", many=_many_req_hdr)
def fetch_req_hdr(name: bytes = b"", occurrence: int | None = None) -> Getter:
    """
    A comma-separated value of a request header, the last one by default.
    """
    return _one(request_of, header_values, name, occurrence)


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
    return _one(request_of, header_lines, name, occurrence)


@sample_fetch("res.hdr", "shdr", gives="str", args=_HEADER, phases="response", many=_many_res_hdr)
def fetch_res_hdr(name: bytes = b"", occurrence: int | None = None) -> Getter:
    """
    A comma-separated value of a response header, the last one by default.
    """
    return _one(response_of, header_values, name, occurrence)


@sample_fetch("res.fhdr", gives="str", args=_HEADER, phases="response", many=_many_res_fhdr)
def fetch_res_fhdr(name: bytes = b"", occurrence: int | None = None) -> Getter:
    """
    A whole line of a response header, the last one by default.
    """
    return _one(response_of, header_lines, name, occurrence)


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
    return _counter(request_of, header_values, name)


@sample_fetch("req.fhdr_cnt", gives="sint", args=("str?",), phases="request")
def fetch_req_fhdr_cnt(name: bytes = b"") -> Getter:
    """
    How many lines a request header has; without a name, all headers.
    """
    return _counter(request_of, header_lines, name)


@sample_fetch("res.hdr_cnt", "shdr_cnt", gives="sint", args=("str?",), phases="response")
def fetch_res_hdr_cnt(name: bytes = b"") -> Getter:
    """
    How many values a response header has; without a name, all headers.
    """
    return _counter(response_of, header_values, name)


@sample_fetch("res.fhdr_cnt", gives="sint", args=("str?",), phases="response")
def fetch_res_fhdr_cnt(name: bytes = b"") -> Getter:
    """
    How many lines a response header has; without a name, all headers.
    """
    return _counter(response_of, header_lines, name)


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
    return _names(request_of, delimiter)


@sample_fetch("res.hdr_names", gives="str", args=("str?",), phases="response")
def fetch_res_hdr_names(delimiter: bytes = b",") -> Getter:
    """
    The names of all response headers.
    """
    return _names(response_of, delimiter)


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
    return _block(request_of)


@sample_fetch("res.hdrs", gives="bin", phases="response")
def fetch_res_hdrs() -> Getter:
    """
    All response headers with the empty line behind them.
    """
    return _block(response_of)


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


def derive(names: str, entry: str, gives: str, change: Callable[[Any], Any]) -> None:
    """
    Register fetches that convert what another one gives.

    @param names: The new names.

    @param entry: The other one.

    @param gives: The new type.
    """
    base: SampleFetch = sample_fetches.get(entry)
    many = None if base.many is None else _converted_many(base.many, change)
    register = sample_fetch(
        *names.split(), gives=gives, args=base.args, phases=" ".join(base.phases), many=many
    )
    register(_converted(base.make, change))


derive("req.hdr_ip hdr_ip", "req.hdr", "addr", parse_header_address)
derive("res.hdr_ip shdr_ip", "res.hdr", "addr", parse_header_address)
derive("req.hdr_val hdr_val", "req.hdr", "sint", to_int)
derive("res.hdr_val shdr_val", "res.hdr", "sint", to_int)
