"""
What an agent counts.
"""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(slots=True)
class Counters:
    """
    Numbers since the start, and how many there are now.

    @ivar connections: Connections of engines, health checks included.

    @ivar open: Connections that are open now.

    @ivar checks: Health checks answered.

    @ivar notifies: NOTIFY frames.

    @ivar in_flight: NOTIFY frames whose functions are not done now.

    @ivar acks: ACK frames, each the answer to one NOTIFY.

    @ivar actions: Actions in them.

    @ivar unknown: Messages without a function.

    @ivar errors: Messages whose function failed, or whose actions could not be sent.

    @ivar timeouts: NOTIFY frames answered before all of their functions were done.

    @ivar late: Functions that were done after their NOTIFY had been answered.

    @ivar canceled: NOTIFY frames whose engine went away first.

    @ivar refused: Connections ended for what the engine sent.
    """

    connections: int = 0
    open: int = 0
    checks: int = 0
    notifies: int = 0
    in_flight: int = 0
    acks: int = 0
    actions: int = 0
    unknown: int = 0
    errors: int = 0
    timeouts: int = 0
    late: int = 0
    canceled: int = 0
    refused: int = 0

    def line(self) -> str:
        """
        Tell all numbers in a line.

        @return: Such as C{connections=1 open=1 …}.
        """
        return " ".join(f"{each.name}={getattr(self, each.name)}" for each in fields(self))
