"""
Weights and limits as consoles and agents write them: C{10}, C{50%}.
"""

from __future__ import annotations

from mwproxy.live.servers import Server

_MOST = 256
_EMPTY = {
    "weight": "Empty weight string empty or preceded by garbage",
    "maxconn": "maxconn string empty or preceded by garbage",
}


class BadNumber(ValueError):
    """
    A weight or a limit cannot be taken; the text says why, in HAProxy's words.
    """


def new_weight(server: Server, text: str) -> int:
    """
    Read a weight.

    @param server: Whose weight it is to be.

    @param text: A number, or percent of the weight that it had first.

    @return: 0 to 256.

    @raise BadNumber: It is no weight, or none that the balance algorithm can have.
    """
    if not text:
        raise BadNumber("Require <weight> or <weight%>.")
    value, rest = _leading_number(text, "weight")
    if rest == "%":
        if not 0 <= value <= 100 * _MOST:
            raise BadNumber("Relative weight can only be between 0 and 25600% inclusive.")
        weight = min(_MOST, server.initial_weight * value // 100)
    elif rest:
        raise BadNumber("Trailing garbage in weight string")
    elif not 0 <= value <= _MOST:
        raise BadNumber("Absolute weight can only be between 0 and 256 inclusive.")
    else:
        weight = value
    balancer = getattr(server.backend, "balancer", None)
    static = balancer is not None and not balancer.live_weights
    if static and weight not in (0, server.initial_weight):
        raise BadNumber(
            "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'."
        )
    return weight


def new_maxconn(text: str) -> int:
    """
    Read a server's C{maxconn}.

    @param text: A number.

    @return: 0 for no limit, or more.

    @raise BadNumber: It is none.
    """
    if not text:
        raise BadNumber("Require <maxconn>.")
    value, rest = _leading_number(text, "maxconn")
    if rest:
        raise BadNumber("Trailing garbage in maxconn string")
    if not 0 <= value < 2**31:
        raise BadNumber("Value out of range.")
    return value


def _leading_number(text: str, what: str) -> tuple[int, str]:
    sign = text[:1] in ("+", "-")
    end = int(sign)
    while end < len(text) and text[end] in "0123456789":
        end += 1
    # A number of so many digits would take seconds to read, and is too large anyway.
    if end == int(sign):
        raise BadNumber(_EMPTY[what])
    return (int(text[:end]) if end < 20 else 2**63), text[end:]
