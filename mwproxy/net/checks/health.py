"""
What the outcome of a check means for its server.

Rules (configuration manual 5.2, "rise", "fall"). Health counts from 0 to rise+fall-1, the server is
up from rise on. A passed check makes one that is up entirely healthy, a failed one takes one step
down; below rise it is down and begins anew at 0. A server that has just started or left maintenance
stands at rise: the first failure brings it down. An agent that reports the server down keeps it
down whatever health checks find.
"""

from __future__ import annotations

from mwproxy.core.diagnostics import Severity
from mwproxy.live.servers import Operational, Server
from mwproxy.live.states import NOTICE, Message, set_down, set_up
from mwproxy.net.checks.result import Result


def take_result(server: Server, result: Result, duration_ms: int, now: float) -> list[Message]:
    """
    Note the outcome of a check, which may bring the server up or down.

    @param server: The server.

    @param result: The outcome.

    @param duration_ms: How long it took.

    @param now: The monotonic clock.

    @return: Messages for L{announce<mwproxy.live.states.announce>}.
    """
    check = server.description.settings.check
    logs_all = "log-health-checks" in server.backend.description.options
    reason = "" if logs_all else result.describe(duration_ms)
    before = (server.check_status.lstrip("* "), server.health)
    server.check_status = result.status
    server.check_code = result.code if result.coded else None
    server.check_duration_ms = duration_ms
    server.check_description = result.info
    was_up = server.health >= check.rise
    messages: list[Message] = []
    if not result.passed:
        if was_up:
            server.counters.chkfail += 1
            server.health -= 1
            if server.health < check.rise:
                server.health = 0
                messages = set_down(server, now, reason)
        else:
            server.health = 0
    else:
        if was_up or server.health + 1 >= check.rise:
            server.health = check.rise + check.fall - 1
        else:
            server.health += 1
        if server.wanted_up:
            messages = set_up(server, now, reason)
    if logs_all and (result.status, server.health) != before:
        messages.insert(0, _health_message(server, result, duration_ms))
    return messages


def interval_ms(server: Server) -> int:
    """
    Tell how long to wait between checks in the server's present state.

    @param server: The server.

    @return: C{inter}, C{fastinter} while its state is in doubt, or C{downinter}.
    """
    check = server.description.settings.check
    if not server.check_status.lstrip("* ") or 0 < server.health < check.rise + check.fall - 1:
        special = check.fastinter_ms
    elif server.operational is Operational.STOPPED:
        special = check.downinter_ms
    else:
        special = None
    return special or check.inter_ms


def _health_message(server: Server, result: Result, duration_ms: int) -> Message:
    check = server.description.settings.check
    if server.health >= check.rise:
        status = f"{server.health - check.rise + 1}/{check.fall} UP"
    else:
        status = f"{server.health}/{check.rise} DOWN"
    text = (
        f"Health check for {'backup ' if server.backup else ''}server "
        f"{server.backend.name}/{server.name} {'succeeded' if result.passed else 'failed'}, "
        f"{result.describe(duration_ms)}, status: {status}."
    )
    return Message(Severity.WARNING, NOTICE, text)
