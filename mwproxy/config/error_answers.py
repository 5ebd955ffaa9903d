"""
Answers of the proxy's own that the configuration gives: C{errorfile} and C{errorloc}.
"""

from __future__ import annotations

import re

from mwproxy.core.diagnostics import ConfigError

#: Status codes that have an answer of the proxy's own.
STATUSES = frozenset(
    {200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 414, 425, 429, 431}
    | {500, 501, 502, 503, 504}
)

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] \d{3}(?: [^\r\n\0]*)?")


def parse_status(keyword: str, text: str) -> int:
    """
    Read the status code of a line.

    @param keyword: For the message.

    @return: The code.

    @raise ConfigError: The proxy never answers with it.
    """
    if text.isascii() and text.isdecimal() and int(text) in STATUSES:
        return int(text)
    raise ConfigError(f"{keyword} : status code '{text}' not handled.")


def normalize(data: bytes, name: str) -> bytes:
    """
    Check an HTTP answer and write it as the proxy sends it: lines end in CR LF, header names
    are lower case.

    @param data: The whole answer; nothing is an answer too, and means to close in silence.

    @param name: The file that it comes from, for messages.

    @return: The answer.

    @raise ConfigError: It is no HTTP answer that can be sent.
    """
    if not data:
        return b""
    found = re.search(rb"\r?\n\r?\n", data)
    if found is None:
        offset = -2 if data.startswith(b"HTTP/1.") else 0
        raise ConfigError(f"errorfile : '{name}': unable to parse headers (error offset: {offset})")
    head, body = data[: found.start()], data[found.end() :]
    first, *rest = re.split(rb"\r?\n", head)
    if _STATUS_LINE.fullmatch(first) is None:
        raise ConfigError(f"errorfile : '{name}': unable to parse headers (error offset: 0)")
    lines = [first]
    for line in rest:
        field, colon, value = line.partition(b":")
        if not colon or _TOKEN.fullmatch(field) is None or re.search(rb"[\r\0]", value):
            offset = data.index(line)
            raise ConfigError(
                f"errorfile : '{name}': unable to parse headers (error offset: {offset})"
            )
        field, value = field.lower(), value.strip(b" \t")
        if field == b"transfer-encoding":
            raise ConfigError(f"errorfile : '{name}': chunk-encoded payload not supported")
        if field == b"content-length" and value != b"%d" % len(body):
            raise ConfigError(
                f"errorfile : '{name}': payload size does not match the announced "
                f"content-length ({len(body)} != {value.decode('latin-1')})"
            )
        lines.append(field + b": " + value)
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def redirect_answer(status: int, url: str) -> bytes:
    """
    Build the answer of C{errorloc302} and C{errorloc303}.

    @param status: 302 or 303.

    @param url: Where to send the client.

    @return: The answer.

    @raise ConfigError: The URL cannot stand in a header.
    """
    if re.search(r"[\r\n\0]", url):
        raise ConfigError(f"errorloc : invalid url '{url!r}'")
    reason = {302: "Found", 303: "See Other"}[status]
    return (
        f"HTTP/1.1 {status} {reason}\r\ncache-control: no-cache\r\ncontent-length: 0\r\n"
        f"location: {url}\r\n\r\n"
    ).encode("utf-8", "surrogateescape")
