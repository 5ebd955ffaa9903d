"""
Reloads that were asked for, in the order in which they were.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from twisted.internet.defer import Deferred

from mwproxy.console.generations_view import Progress
from mwproxy.console.master_view import ReloadResult
from mwproxy.process.discovery import KeptText
from mwproxy.process.inheritance import RequestFacts


@dataclass(frozen=True, slots=True)
class Wish:
    """
    What a load is to be, beyond an ordinary one.

    @ivar by: Who asked for it, empty if that is not known.

    @ivar kept: The text to load, L{None} for what the files say.

    @ivar confirm_ms: How long it may serve without being confirmed, 0 for ever.

    @ivar unasked: It goes back since nobody confirmed.

    @ivar lost: What it should have loaded is not known any more.

    @ivar progress: Told how far it is, L{None} if nobody wants to know.
    """

    by: str = ""
    kept: KeptText | None = None
    confirm_ms: int = 0
    unasked: bool = False
    lost: bool = False
    progress: Progress | None = None


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
    wish: Wish = field(default_factory=Wish)

    def facts(self) -> RequestFacts:
        """
        Note what another image of the master needs to know.
        """
        wish = self.wish
        return RequestFacts(
            self.hard,
            self.by_signal,
            self.begun,
            wish.by,
            0 if wish.kept is None else wish.kept.generation,
            wish.confirm_ms,
            wish.unasked,
        )

    def tell(self, text: str) -> None:
        """
        Tell who asked how far it is.
        """
        if self.wish.progress is not None:
            self.wish.progress(text)


class Line:
    """
    Those that wait. False while nobody does.
    """

    def __init__(self) -> None:
        self._waiting: deque[Request] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def join(
        self, *, hard: bool, by_signal: bool, wish: Wish | None = None
    ) -> Deferred[ReloadResult]:
        """
        Ask for a load. A signal joins one that waits already: signals do not add up.

        @return: Fires when it is served, or cannot be.
        """
        for request in self._waiting:
            if by_signal and request.by_signal and request.hard == hard:
                return request.answer
        request = Request(hard, by_signal, wish=wish or Wish())
        if self._waiting:
            request.tell(f"behind {len(self._waiting)} others in line")
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
