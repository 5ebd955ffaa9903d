"""
Whether a program that ended is started again (C{restart}, C{on-failure}); decisions only.
"""

from __future__ import annotations

from dataclasses import dataclass

from mwproxy.config.program_settings import ALWAYS, NEVER, ON_FAILURE, Restart

#: Seconds after which a program counts as one that lasted: it begins a new row.
LASTED = 60.0
#: Ends that are no failure: a clean exit, an interrupt, SIGTERM.
EXPECTED = (0, 130, 143)
#: Doublings beyond which the longest pause is reached in any case.
_MOST_DOUBLINGS = 40


@dataclass(frozen=True, slots=True)
class Again:
    """
    It is to be started once more.

    @ivar pause: In how many seconds.

    @ivar in_row: Which time in a row it will be, from 1.
    """

    pause: float
    in_row: int


@dataclass(frozen=True, slots=True)
class GivenUp:
    """
    It has been started as often as C{limit} allows.

    @ivar in_row: How often that was.
    """

    in_row: int


def failed(status: int, told: int) -> bool:
    """
    Tell whether an end is a failure.

    @param told: The signal that it was sent last, 0 for none: dying of that is none.
    """
    return status not in EXPECTED and not (told and status == 128 + told)


def judge(
    restart: Restart, status: int, told: int, in_row: int, lasted: float
) -> Again | GivenUp | None:
    """
    Decide about a current program that ended.

    @param in_row: Which start in a row it was, 0 for the one that a reload or start did.

    @param lasted: How many seconds it ran.

    @return: L{None} when it is not to be started again, and never was.
    """
    if restart.when == NEVER or (restart.when == ON_FAILURE and not failed(status, told)):
        return None
    assert restart.when in (ALWAYS, ON_FAILURE)
    if lasted >= LASTED:
        in_row = 0
    if restart.limit is not None and in_row >= restart.limit:
        return GivenUp(in_row)
    pause_ms = min(restart.first_ms << min(in_row, _MOST_DOUBLINGS), restart.most_ms)
    return Again(pause_ms / 1000, in_row + 1)
