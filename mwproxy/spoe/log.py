"""
The log line of an event or a group (SPOE.txt 4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mwproxy.live.spoe import EngineFigures

if TYPE_CHECKING:
    from mwproxy.spoe.ask import Ask

NOTICE, WARNING = 5, 4


def milliseconds(since: float, until: float) -> int:
    """
    Tell how long something took.

    @param since: When it began, 0.0 for not at all.

    @param until: When it was over, 0.0 for not at all.

    @return: Milliseconds, -1 when it was not done.
    """
    if not since or not until:
        return -1
    return max(0, int((until - since) * 1000 + 0.5))


def event_line(ask: Ask, code: int, now: float, taken_ms: int, figures: EngineFigures) -> bytes:
    """
    Write the line of an event or group that is over.

    @param ask: The question.

    @param code: Its status, as C{option set-on-error} has it; 0 for success.

    @param now: The reactor's clock.

    @param taken_ms: How long it took, all told.

    @param figures: Those of the engine.

    @return: The line.
    """
    encode = -1 if code in (2, 3) else 0
    line = event_text(
        figures, ask.plan.kind, ask.plan.name, ask.part.stream_id, code,
        encode, milliseconds(ask.begun, ask.sent), milliseconds(ask.sent, ask.received),
        -1 if code else milliseconds(ask.received, now), taken_ms,
    )  # fmt: skip
    return line


def event_text(
    figures: EngineFigures, kind: str, name: str, stream_id: int, code: int, *times: int
) -> bytes:
    """
    Write a line.

    @param times: C{reqT qT wT resT pT} in milliseconds, -1 for what was not done.

    @return: The line.
    """
    return (
        f"SPOE: [{figures.agent}] <{kind}:{name}> sid={stream_id} st={code} "
        f"{times[0]}/{times[1]}/{times[2]}/{times[3]}/{times[4]} "
        f"{figures.idle}/{figures.connections} {figures.waiting}/{figures.in_flight} "
        f"{figures.failed}/{figures.processed}"
    ).encode()


def connection_line(figures: EngineFigures, server: str, reason: str) -> bytes:
    """
    Write the line of a connection that failed, which is mwproxy's own.

    @param server: Its name.

    @param reason: What happened.

    @return: The line.
    """
    name = f"{figures.backend}/{server}"
    return f"SPOE: [{figures.agent}] <SERVER:{name}> {reason}".encode("utf-8", "replace")
