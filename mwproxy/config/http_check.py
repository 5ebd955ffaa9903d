"""
The arguments of C{option httpchk} and C{http-check} (configuration manual 4.2).

One exchange per check: a request, and conditions that the answer must all meet.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

from mwproxy.config.model import HttpCheck
from mwproxy.core.diagnostics import ConfigError

#: Takes status and body of an answer.
Expect = Callable[[int, bytes], bool]

_SEND_WORDS = "'comment', 'meth', 'uri', 'uri-lf', 'ver', 'hdr', 'body' or 'body-lf'"
_EXPECT_WORDS = (
    "'only supports min-recv, [!]string', '[!]rstring', '[!]string-lf', '[!]status', "
    "'[!]rstatus', [!]hdr, [!]fhdr or comment"
)
_EXPECT_UNSUPPORTED = frozenset(
    {"min-recv", "ok-status", "error-status", "tout-status", "on-success", "on-error"}
    | {"status-code", "string-lf", "hdr", "fhdr"}
)


def parse_option(check: HttpCheck, args: list[str]) -> bool:
    """
    Read C{option httpchk}: nothing, C{<uri>}, or
    C{<method> <uri> [<version> [<host>]]}.

    @param check: Is changed; what C{http-check send} said of the request stays.

    @return: Whether headers or a body were hidden behind the version.

    @raise ConfigError: There are too many arguments.
    """
    if len(args) > 4:
        raise ConfigError(f"'option httpchk' cannot handle unexpected argument '{args[4]}'.")
    check.option = tuple(args)
    headers: tuple[tuple[str, str], ...] = ()
    body = ""
    version = "HTTP/1.0"
    hidden = ""
    method, uri = "OPTIONS", "/"
    if len(args) == 1:
        uri = args[0]
    elif args:
        method, uri = args[:2]
        if len(args) > 2:
            version, _, hidden = args[2].partition("\r\n")
            headers, body = _parse_hidden(hidden)
        if len(args) > 3:
            headers = (*headers, ("Host", args[3]))
    check.method, check.uri, check.version = method, uri, _check_version("option httpchk", version)
    check.headers, check.body = headers, body
    _check_request("option httpchk", check)
    if check.send is not None:
        _apply_send(check, check.send)
    return bool(hidden)


def _check_request(keyword: str, check: HttpCheck) -> None:
    for text in (check.method, check.uri):
        if re.fullmatch(r"[^\s\0]+", text) is None:
            raise ConfigError(f"'{keyword}' : {text!r} cannot stand in a request line.")


def _parse_hidden(text: str) -> tuple[tuple[tuple[str, str], ...], str]:
    head, _, body = text.partition("\r\n\r\n")
    headers = []
    for line in head.split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            headers.append((name.strip(), value.strip()))
    return tuple(headers), body


def _check_version(keyword: str, text: str) -> str:
    if re.fullmatch(r"HTTP/1\.[01]", text) is None:
        raise ConfigError(f"'{keyword}' : version '{text}' is not supported by mwproxy")
    return text


def parse_send(check: HttpCheck, args: list[str]) -> None:
    """
    Read C{http-check send}.

    @param check: Is changed.

    @raise ConfigError: An argument is wrong.
    """
    if check.send is not None:
        raise ConfigError(
            "'http-check send' : a second request in one check is not supported by mwproxy."
        )
    check.send = tuple(args)
    _apply_send(check, check.send)


def _apply_send(check: HttpCheck, args: tuple[str, ...]) -> None:
    headers = list(check.headers)
    words = iter(args)
    for word in words:
        if word in ("uri-lf", "body-lf"):
            raise ConfigError(f"'http-check send' : '{word}' is not supported by mwproxy.")
        if word == "hdr":
            name, value = next(words, None), next(words, None)
            if name is None or value is None:
                raise ConfigError(
                    "'http-check send' : 'hdr' expects <name> and <value> as arguments."
                )
            if "%[" in value:
                raise ConfigError(
                    "'http-check send' : log-formats in headers are not supported by mwproxy."
                )
            _check_header(name, value)
            headers.append((name, value.replace("%%", "%")))
            continue
        if word not in ("comment", "meth", "uri", "ver", "body"):
            raise ConfigError(
                f"'http-check send' : expects {_SEND_WORDS} but got '{word}' as argument."
            )
        value = next(words, None)
        if value is None:
            raise ConfigError(f"'http-check send' : '{word}' expects a string as argument.")
        if word == "meth":
            check.method = value
        elif word == "uri":
            check.uri = value
        elif word == "ver":
            check.version = _check_version("http-check send", value)
        elif word == "body":
            check.body = value
    check.headers = tuple(headers)
    _check_request("http-check send", check)


def _check_header(name: str, value: str) -> None:
    if re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) is None:
        raise ConfigError(f"'http-check send' : invalid header name '{name}'.")
    if re.search(r"[\r\n\0]", value):
        raise ConfigError(f"'http-check send' : invalid value of header '{name}'.")


def parse_expect(check: HttpCheck, args: list[str]) -> None:
    """
    Read C{http-check expect}; conditions of several lines must all be met.

    @param check: Is changed.

    @raise ConfigError: An argument is wrong.
    """
    words = list(args)
    if not words:
        raise ConfigError("'http-check expect' : expects at least a matching pattern as arguments.")
    found = None
    while words:
        word = words.pop(0)
        if word == "comment":
            _pop(words, "'comment' expects a string as argument.")
            continue
        inverted = word.startswith("!")
        if inverted:
            word = word[1:] or (words.pop(0) if words else "")
        if word in _EXPECT_UNSUPPORTED:
            raise ConfigError(f"'http-check expect' : '{word}' is not supported by mwproxy.")
        make = _MATCHES.get(word)
        if make is None or found is not None:
            raise ConfigError(
                f"'http-check expect' : {_EXPECT_WORDS} but got '{word}' as argument."
            )
        match = make(_pop(words, f"'{word}' expects a <pattern> as argument."))
        found = _inverse(match) if inverted else match
    if found is None:
        raise ConfigError("'http-check expect' : expects at least a matching pattern as arguments.")
    before = check.expect
    check.expect = found if before is None else _both(before, found)


def _pop(words: list[str], missing: str) -> str:
    if not words:
        raise ConfigError(f"'http-check expect' : {missing}")
    return words.pop(0)


def _inverse(match: Expect) -> Expect:
    return lambda status, body: not match(status, body)


def _both(first: Expect, second: Expect) -> Expect:
    return lambda status, body: first(status, body) and second(status, body)


def _match_status(text: str) -> Expect:
    ranges: list[range] = []
    for part in text.split(","):
        odd = re.search(r"[^0-9-]", part)
        if odd is not None:
            raise ConfigError(
                f"'http-check expect' : invalid character '{odd[0]}' in the list of status codes."
            )
        found = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", part, re.ASCII)
        low = int(found[1]) if found else 0
        high = int(found[2]) if found and found[2] else low
        if found is None or low > high:
            raise ConfigError(f"'http-check expect' : invalid range of status codes '{part}'.")
        ranges.append(range(low, high + 1))
    codes = frozenset(code for each in ranges for code in each if code < 1000)
    return lambda status, body: status in codes


def _regex(text: str) -> re.Pattern[bytes]:
    try:
        return re.compile(text.encode("utf-8", "surrogateescape"))
    except re.error as error:
        raise ConfigError(
            f"'http-check expect' : regex '{text}' is invalid (error={error.msg}, "
            f"erroffset={error.pos})."
        ) from None


def _match_rstatus(text: str) -> Expect:
    pattern = _regex(text)
    return lambda status, body: pattern.search(b"%d" % status) is not None


def _match_string(text: str) -> Expect:
    wanted = text.encode("utf-8", "surrogateescape")
    return lambda status, body: wanted in body


def _match_rstring(text: str) -> Expect:
    pattern = _regex(text)
    return lambda status, body: pattern.search(body) is not None


_MATCHES: dict[str, Callable[[str], Expect]] = {
    "status": _match_status,
    "rstatus": _match_rstatus,
    "string": _match_string,
    "rstring": _match_rstring,
}


def begin_rules(check: HttpCheck | None, section: tuple[str, str]) -> HttpCheck:
    """
    Prepare to read a C{http-check} line: the first one of a section replaces those that came
    from C{defaults}.

    @param check: What holds so far, L{None} for nothing.

    @param section: Kind and name of the section.

    @return: The object to change.
    """
    if check is not None and check.writer in (section, ("", "")):
        return dataclasses.replace(check, writer=section)
    fresh = HttpCheck(writer=section)
    if check is not None:
        parse_option(fresh, list(check.option))
    return fresh
