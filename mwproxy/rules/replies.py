"""
Answers that rules give: the arguments of C{deny} and C{return}, compiled.

An answer is made whole, with its body. Who sends it leaves the body out for C{HEAD} and says
whether the connection stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.references import note_reference
from mwproxy.protocols.http1.answers import build_answer
from mwproxy.rules.actions.headers import header_name
from mwproxy.rules.log_format import compile_format
from mwproxy.rules.ruleset import RuleLine, Verdict
from mwproxy.rules.texts import to_wire

Answer = Callable[[Any], bytes]

#: Statuses with an answer of their own, which C{errorfile} can replace.
KNOWN = (
    200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 421, 422, 425, 429, 500, 501, 502, 503, 504,
)  # fmt: skip
_SOURCES = (
    "default-errorfiles",
    "errorfile",
    "errorfiles",
    "file",
    "lf-file",
    "string",
    "lf-string",
)


@dataclass(slots=True)
class Reply:
    """
    What the words behind an action say.

    @ivar source: Which word gave the payload, empty for none; C{payload} is its argument.

    @ivar legacy: True for C{deny_status}, which implies C{default-errorfiles}.
    """

    status: int
    content_type: str = ""
    source: str = ""
    payload: str = ""
    legacy: bool = False
    headers: list[tuple[bytes, Answer]] = field(default_factory=list)


def read_reply(line: RuleLine, status: int) -> Reply:
    """
    Read C{status}, C{content-type}, the payload and C{hdr} words.

    @param status: The default status.

    @return: What they say.

    @raise ConfigError: They are wrong.
    """
    reply = Reply(status)
    while not line.at_condition():
        word = line.words[line.position]
        if word in ("status", "deny_status"):
            reply.legacy = word == "deny_status"
            reply.status = _status(_argument(line, "'status' expects <status_code> as argument"))
        elif word == "content-type":
            reply.content_type = _argument(line, "'content-type' expects <ctype> as argument")
        elif word in _SOURCES:
            if reply.source:
                raise ConfigError(f"unexpected '{word}' argument, '{reply.source}' already defined")
            reply.source = word
            if word == "default-errorfiles":
                line.position += 1
            else:
                shown = {"string": "<str>", "lf-string": "<fmt>", "errorfiles": "<name>"}
                what = shown.get(word, "<file>")
                reply.payload = _argument(line, f"'{word}' expects {what} as argument")
        elif word == "hdr":
            if line.position + 2 >= len(line.words):
                raise ConfigError("'hdr' expects <name> and <value> as arguments")
            name, text = line.words[line.position + 1 : line.position + 3]
            value = compile_format(text, line.notes["context"], log=False)
            reply.headers.append((header_name(name), value))
            line.position += 3
        else:
            break
    return reply


def _argument(line: RuleLine, message: str) -> str:
    if line.position + 1 >= len(line.words) or not line.words[line.position + 1]:
        raise ConfigError(message)
    word = line.words[line.position + 1]
    line.position += 2
    return word


def _status(word: str) -> int:
    number = int(word) if word.isascii() and word.isdecimal() else 0
    if not 200 <= number <= 599:
        raise ConfigError(f"Unexpected status code '{number}'")
    return number


def make_verdict(line: RuleLine, reply: Reply, kind: str) -> Verdict:
    """
    Compile a reply.

    @param kind: C{"deny"} or C{"return"}.

    @return: The verdict; without an answer of its own for the proxy's error answers.

    @raise ConfigError: The words do not fit each other, or a file cannot be read.
    """
    if reply.source == "errorfiles":
        raise ConfigError("'errorfiles' is not supported by mwproxy")
    if reply.source == "default-errorfiles" or (kind == "deny" and not reply.source):
        if (reply.source or reply.legacy) and reply.status not in KNOWN:
            raise ConfigError(
                f"status code '{reply.status}' not handled by default with "
                "'default-errorfiles' argument"
            )
        if reply.status in KNOWN and not reply.headers:
            _ignored(line, reply)
            return Verdict(kind, reply.status)
    if reply.source == "errorfile":
        whole = _whole_answer(_read(reply.payload))
        return Verdict(kind, reply.status, lambda stream: whole)
    body = _body(line, reply)
    if not reply.source:
        _ignored(line, reply)
    return Verdict(kind, reply.status, _build(reply, body))


def _ignored(line: RuleLine, reply: Reply) -> None:
    if reply.content_type:
        line.diagnostics.warning(
            f"content-type '{reply.content_type}' ignored by the http reply because neither "
            "errorfile nor payload defined.",
            line.where,
        )


def _read(name: str) -> bytes:
    try:
        data = Path(name).read_bytes()
    except OSError:
        raise ConfigError(f"error opening file '{name}'") from None
    note_reference(name)
    return data


def _whole_answer(data: bytes) -> bytes:
    if not data.startswith(b"HTTP/"):
        raise ConfigError("errorfile must hold a whole HTTP response")
    head, _empty, body = data.partition(b"\r\n\r\n")
    if not _empty:
        head, _empty, body = data.partition(b"\n\n")
        head = head.replace(b"\n", b"\r\n")
    return head + b"\r\n\r\n" + body


def _body(line: RuleLine, reply: Reply) -> Answer | None:
    if not reply.source or reply.source == "default-errorfiles":
        return None
    context = line.notes["context"]
    if reply.source == "file":
        data = _read(reply.payload)
        made: Answer = _constant(data)
        empty = not data
    elif reply.source == "lf-file":
        text = _read(reply.payload).decode("utf-8", "surrogateescape")
        made = compile_format(text, context, log=False)
        empty = not text
    elif reply.source == "string":
        made = _constant(to_wire(reply.payload))
        empty = False
    else:
        made = compile_format(reply.payload, context, log=False)
        empty = False
    if not empty and not reply.content_type:
        raise ConfigError("a content type must be defined when non-empty payload is configured")
    return made


def _constant(data: bytes) -> Answer:
    def fixed(stream: Any) -> bytes:
        return data

    fixed.__dict__["constant"] = data
    return fixed


def _build(reply: Reply, body: Answer | None) -> Answer:
    kind = to_wire(reply.content_type)
    status = reply.status
    headers = reply.headers
    bodiless = status in (204, 304)
    constant = b"" if body is None or bodiless else getattr(body, "constant", None)
    if constant is not None and not headers:
        whole = build_answer(status, [(b"content-type", kind)] if constant else [], constant)
        return lambda stream: whole

    def answer(stream: Any) -> bytes:
        data = b"" if body is None or bodiless else body(stream)
        fields = [(name, value(stream)) for name, value in headers]
        if data:
            fields.append((b"content-type", kind))
        return build_answer(status, fields, data)

    return answer
