"""
Reloads that were asked for, in the order in which they were.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from twisted.internet.defer import Deferred

from mwproxy.console.master_view import ReloadResult


@dataclass
class Request:
    """
    One load that was asked for.

    @ivar hard: The former workers get SIGTERM.

    @ivar by_signal: Several of these in line are one.

    @ivar begun: It was announced and counted, perhaps by a former image of the master.
    """

    hard: bool
    by_signal: bool
    begun: bool = False
    answer: Deferred[ReloadResult] = field(default_factory=Deferred)


class Line:
    """
    Those that wait. False while nobody does.
    """

    def __init__(self) -> None:
        self._waiting: deque[Request] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def join(self, *, hard: bool, by_signal: bool) -> Deferred[ReloadResult]:
        """
        Ask for a load. A signal joins one that waits already: signals do not add up.

        @return: Fires when it is served, or cannot be.
        """
        for request in self._waiting:
            if by_signal and request.by_signal and request.hard == hard:
                return request.answer
        request = Request(hard, by_signal)
        self._waiting.append(request)
        return request.answer

    def first(self) -> Request:
        """
        Take the first out of the line.

        @raise IndexError: Nobody waits.
        """
        return self._waiting.popleft()

    def requests(self) -> list[Request]:
        """
        List them.
        """
        return list(self._waiting)

    def inherit(self, requests: Sequence[Request]) -> None:
        """
        Go on with the line of a former image of the master.
        """
        self._waiting.extend(requests)

    def dissolve(self) -> list[Request]:
        """
        Send everybody home.

        @return: Who was there, and wants an answer.
        """
        waited, self._waiting = self._waiting, deque()
        return list(waited)
