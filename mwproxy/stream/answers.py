"""
Answers that the proxy gives in place of a server: error answers, error files, verdicts of rules.
"""

from __future__ import annotations

from functools import lru_cache

from mwproxy.config import model
from mwproxy.protocols.http1.answers import error_answer


def error(
    status: int, proxies: tuple[model.Proxy | None, ...], *, close: bool, head: bool
) -> bytes:
    """
    Make the answer for a status.

    @param status: The status.

    @param proxies: Sections whose C{errorfile} lines apply, the first that has one wins.

    @param close: Whether the connection is closed behind it.

    @param head: Whether it answers C{HEAD}.

    @return: The whole answer.
    """
    for proxy in proxies:
        if proxy is not None and proxy.error_files and status in proxy.error_files:
            return finish(proxy.error_files[status], close=close, head=head, old=False)
    return error_answer(status, close=close, head=head)


@lru_cache(maxsize=256)
def finish(answer: bytes, *, close: bool, head: bool, old: bool) -> bytes:
    """
    Fit a ready-made answer to the connection it goes out on.

    @param answer: Head and body, as an error file or a rule gives them.

    @param close: Whether the connection is closed behind it.

    @param head: Whether it answers C{HEAD}: its body is left out.

    @param old: Whether the client speaks HTTP/1.0 and must be told that the connection stays.

    @return: The answer with the right C{connection} and C{content-length} lines.
    """
    top, _, body = answer.partition(b"\r\n\r\n")
    lines = []
    status = top[9:12]
    has_length = status in (b"204", b"304")
    for line in top.split(b"\r\n"):
        name = line.partition(b":")[0].lower()
        if name in (b"connection", b"keep-alive", b"transfer-encoding"):
            continue
        if name == b"content-length":
            line = b"content-length: %d" % len(body)
            has_length = True
        lines.append(line)
    if not has_length:
        lines.append(b"content-length: %d" % len(body))
    if close:
        lines.append(b"connection: close")
    elif old:
        lines.append(b"connection: keep-alive")
    return b"\r\n".join(lines) + b"\r\n\r\n" + (b"" if head else body)
