"""
Answers that the proxy gives by itself.

Header lines, their order and their letter case are HAProxy's. Answers are built once for each
form and then remembered.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from mwproxy.protocols.http1.messages import Field

#: Reason phrases. Those of 400, 408 and 504 are spelled as HAProxy spells them.
REASONS: dict[int, str] = {
    100: "Continue", 101: "Switching Protocols", 102: "Processing", 103: "Early Hints",
    200: "OK", 201: "Created", 202: "Accepted", 203: "Non-Authoritative Information",
    204: "No Content", 205: "Reset Content", 206: "Partial Content", 207: "Multi-Status",
    208: "Already Reported", 226: "IM Used",
    300: "Multiple Choices", 301: "Moved Permanently", 302: "Found", 303: "See Other",
    304: "Not Modified", 305: "Use Proxy", 307: "Temporary Redirect", 308: "Permanent Redirect",
    400: "Bad request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden",
    404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable",
    407: "Unauthorized", 408: "Request Time-out", 409: "Conflict", 410: "Gone",
    411: "Length Required", 412: "Precondition Failed", 413: "Payload Too Large",
    414: "URI Too Long", 415: "Unsupported Media Type", 416: "Range Not Satisfiable",
    417: "Expectation Failed", 418: "I'm a teapot", 421: "Misdirected Request",
    422: "Unprocessable Content", 423: "Locked", 424: "Failed Dependency", 425: "Too Early",
    426: "Upgrade Required", 428: "Precondition Required", 429: "Too Many Requests",
    431: "Request Header Fields Too Large", 451: "Unavailable For Legal Reasons",
    500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway",
    503: "Service Unavailable", 504: "Gateway Time-out", 505: "HTTP Version Not Supported",
    506: "Variant Also Negotiates", 507: "Insufficient Storage", 508: "Loop Detected",
    510: "Not Extended", 511: "Network Authentication Required",
}  # fmt: skip

_TEXTS: dict[int, str] = {
    200: "The proxy is in service.",
    400: "The request could not be understood.",
    401: "This needs a user name and a password.",
    403: "The rules of this site do not allow the request.",
    404: "There is nothing here under that name.",
    405: "This resource does not support the method of the request.",
    407: "The proxy needs a user name and a password.",
    408: "The request was not complete in time.",
    410: "What was here is gone and will not come back.",
    413: "The request is larger than this site accepts.",
    421: "This server does not answer for the requested name.",
    422: "The request is well-formed but cannot be processed.",
    425: "The request came too early to be safe.",
    429: "Too many requests came in a short time.",
    500: "Something went wrong inside.",
    501: "The request asks for something that is not supported.",
    502: "The server gave an invalid or incomplete answer.",
    503: "No server is available for this request.",
    504: "The server did not answer in time.",
    505: "This version of HTTP is not spoken here.",
}

#: The statuses that have a default answer.
ERROR_STATUSES = tuple(_TEXTS)


def reason(status: int) -> str:
    """
    Get the reason phrase of a status.

    @param status: Any status.

    @return: The phrase; for an unknown status that of its class (x00).
    """
    known = REASONS.get(status)
    return known if known is not None else REASONS.get(status // 100 * 100, "Other")


@lru_cache(maxsize=256)
def error_answer(status: int, *, close: bool, head: bool = False) -> bytes:
    """
    Get the default answer for a status.

    @param status: One of L{ERROR_STATUSES}; others get a body that only names the status.

    @param close: True when the connection is closed behind it.

    @param head: True when it answers C{HEAD}: the body is left out.

    @return: The whole answer.
    """
    phrase = reason(status)
    text = _TEXTS.get(status, "")
    body = f"<html><body><h1>{status} {phrase}</h1>\n{text}\n</body></html>\n".encode()
    headers = [(b"cache-control", b"no-cache"), (b"content-type", b"text/html")]
    return build_answer(status, headers, body, close=close, head=head)


def build_answer(
    status: int,
    headers: Iterable[Field],
    body: bytes = b"",
    *,
    close: bool = False,
    head: bool = False,
    phrase: str = "",
) -> bytes:
    """
    Build an answer.

    @param status: Its status.

    @param headers: Lines to send behind C{content-length}; names in lower case.

    @param body: Its body; must be empty for 1xx, 204 and 304.

    @param close: True to say C{connection: close}.

    @param head: True to leave the body out, but not its length.

    @param phrase: The reason phrase, empty for the usual one.

    @return: The whole answer.
    """
    lines = [f"HTTP/1.1 {status} {phrase or reason(status)}".encode("latin-1")]
    if status >= 200 and status not in (204, 304):
        lines.append(b"content-length: %d" % len(body))
    lines += [b"%b: %b" % field for field in headers]
    if close:
        lines.append(b"connection: close")
    lines.append(b"\r\n" if head else b"\r\n" + body)
    return b"\r\n".join(lines)
