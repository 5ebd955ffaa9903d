"""
Looks into the bodies of requests: forbidden words, JSON that is none, bodies that are cut.

    mwproxy spoa doc/examples/agents/body_inspector.py
    mwproxy -f doc/examples/agents/body_inspector.cfg    # or haproxy

HAProxy sends what it has in its buffer, and not more than a frame holds. A body of which only the
beginning was sent is tagged as such; the configuration decides what to do with it.
"""

from __future__ import annotations

import json
import os
from urllib.parse import unquote_to_bytes

from mwproxy.spoa.actions import set_var
from mwproxy.spoa.agent import Agent

#: Plain words, looked for in any case: the time that takes does not depend on who wrote the body.
FORBIDDEN = tuple(
    word.encode().lower()
    for word in os.environ.get("FORBIDDEN", "<script,union select,../..,${jndi:").split(",")
    if word
)
#: The deepest nesting of JSON.
DEEPEST = 50

agent = Agent("body-inspector")


def check_json(body: bytes) -> str:
    """
    Check a JSON body.

    @return: What is wrong with it, empty for nothing.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return "no JSON"
    level = [found]
    for _ in range(DEEPEST):
        level = [
            item
            for each in level
            if isinstance(each, dict | list)
            for item in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return ""
    return "JSON too deep"


def check_words(body: bytes) -> str:
    """
    Look for forbidden words, in the body as it is and without percent-encoding.

    @return: What is wrong with it, empty for nothing.
    """
    plain = body.lower()
    decoded = unquote_to_bytes(body.replace(b"+", b" ")).lower()
    for word in FORBIDDEN:
        if word in plain or word in decoded:
            return f"forbidden: {word.decode('utf-8', 'replace')}"
    return ""


@agent.message("inspect-body")
def inspect_body(body: bytes = b"", size: int = 0, content_type: str = "") -> object:
    """
    Decide about one body.

    @param size: How long it is as announced or buffered; 0 when it is not known.
    """
    cut = size > len(body)
    reason = check_words(body)
    kind = content_type.partition(";")[0].strip().lower()
    if not reason and not cut and (kind == "application/json" or kind.endswith("+json")):
        reason = check_json(body)
    return [
        set_var("txn", "denied", bool(reason)),
        set_var("txn", "cut", cut),
        set_var("txn", "reason", reason),
    ]
