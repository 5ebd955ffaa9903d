"""
Actions that end a ruleset: C{allow deny return redirect}.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import action
from mwproxy.protocols.http1.answers import build_answer
from mwproxy.rules.fetches.request import path_and_query
from mwproxy.rules.log_format import compile_format
from mwproxy.rules.replies import make_verdict, read_reply
from mwproxy.rules.ruleset import ALLOW, Rule, RuleLine, Verdict
from mwproxy.rules.texts import to_wire

_BOTH = "http-request http-response"
Answer = Callable[[Any], bytes]


@action("allow", rulesets="http-request http-response http-after-response", final=True)
def act_allow(line: RuleLine) -> Rule:
    """
    Stop evaluating the ruleset and go on.
    """
    return lambda stream: ALLOW


@action("deny", rulesets=_BOTH, final=True)
def act_deny(line: RuleLine) -> Rule:
    """
    Refuse the request (403) or the response (502).
    """
    status = 403 if line.ruleset == "http-request" else 502
    verdict = make_verdict(line, read_reply(line, status), "deny")
    return lambda stream: verdict


@action("return", rulesets=_BOTH, final=True)
def act_return(line: RuleLine) -> Rule:
    """
    Answer in place of the server.
    """
    verdict = make_verdict(line, read_reply(line, 200), "return")
    return lambda stream: verdict


@action("redirect", rulesets=_BOTH, final=True)
def act_redirect(line: RuleLine) -> Rule:
    """
    Send the client elsewhere.
    """
    words = _read_redirect(line)
    target = compile_format(words["target"], line.notes["context"], log=False)
    location = _location(words, target)
    status = int(words["code"])
    fields = [] if status in (301, 308) else [(b"cache-control", b"no-cache")]
    fields += _cookies(words)
    skip_empty = "ignore-empty" in words

    def redirect(stream: Any) -> Verdict | None:
        place = location(stream)
        if skip_empty and not place:
            return None
        data = build_answer(status, [(b"location", place), *fields])
        return Verdict("redirect", status, lambda _stream: data)

    return redirect


_CODES = ("301", "302", "303", "307", "308")
_KINDS = ("location", "prefix", "scheme")


def _read_redirect(line: RuleLine) -> dict[str, str]:
    words = {"code": "302"}
    while not line.at_condition():
        word = line.words[line.position]
        line.position += 1
        if word in ("drop-query", "append-slash", "ignore-empty"):
            words[word] = ""
            continue
        if word not in (*_KINDS, "code", "set-cookie", "clear-cookie"):
            raise ConfigError(
                "expects 'code', 'prefix', 'location', 'scheme', 'set-cookie', 'clear-cookie', "
                f"'drop-query', 'ignore-empty' or 'append-slash' (was '{word}')"
            )
        if line.position >= len(line.words) or not line.words[line.position]:
            raise ConfigError(f"missing argument for '{word}'")
        argument = line.words[line.position]
        line.position += 1
        if word == "code" and argument not in _CODES:
            raise ConfigError(
                f"'code': unsupported HTTP code '{argument}' (must be one of 301, 302, 303, "
                "307 or 308)"
            )
        if word in _KINDS:
            words["kind"], words["target"] = word, argument
        elif word == "code":
            words["code"] = argument
        else:
            words["cookie"], words["cookie_value"] = word, argument
    if "kind" not in words:
        raise ConfigError("redirection type expected ('prefix', 'location', or 'scheme')")
    if line.ruleset != "http-request" and words["kind"] != "location":
        raise ConfigError("response only supports redirect type 'location'")
    return words


def _location(words: dict[str, str], target: Answer) -> Answer:
    kind = words["kind"]
    drop_query, append_slash = "drop-query" in words, "append-slash" in words
    if kind == "location":
        return target

    def rest(stream: Any) -> bytes:
        whole = path_and_query(stream.request)
        if whole == b"*":
            whole = b"/"
        if drop_query:
            path = whole.partition(b"?")[0]
            return path + b"/" if append_slash and not path.endswith(b"/") else path
        return whole

    if kind == "prefix":

        def with_prefix(stream: Any) -> bytes:
            prefix = target(stream)
            return rest(stream) if prefix == b"/" else prefix + rest(stream)

        return with_prefix

    def with_scheme(stream: Any) -> bytes:
        hosts = stream.request.get_all(b"host")
        host = hosts[0] if hosts else b""
        return target(stream) + b"://" + host + (rest(stream) or b"/")

    return with_scheme


def _cookies(words: dict[str, str]) -> list[tuple[bytes, bytes]]:
    if "cookie" not in words:
        return []
    value = to_wire(words["cookie_value"])
    if any(byte < 32 or byte == 127 for byte in value):
        raise ConfigError("cookie must not hold control characters")
    if words["cookie"] == "clear-cookie":
        return [(b"set-cookie", value + b"; path=/; Max-Age=0;")]
    return [(b"set-cookie", value + b"; path=/;")]
