"""
Turns what a function returns into the actions of an ACK, and follows those that are not done at
once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from mwproxy.protocols.spop.actions import SetVar, UnsetVar, encode_action


class BadResult(Exception):
    """
    A function returned what is no action; the text says what.
    """


def encode_result(result: Any) -> tuple[bytes, int]:
    """
    Write what a function returned.

    @param result: An action, several, or L{None}.

    @return: The payload of an ACK, and how many actions it has.

    @raise BadResult: It is something else.

    @raise TypeError: A value has no SPOP type.

    @raise ValueError: A value cannot be written.
    """
    if result is None:
        return b"", 0
    if isinstance(result, SetVar | UnsetVar):
        return encode_action(result), 1
    if isinstance(result, str | bytes) or not isinstance(result, Iterable):
        raise BadResult(f"returned {type(result).__name__}, actions expected")
    pieces = []
    for each in result:
        if not isinstance(each, SetVar | UnsetVar):
            raise BadResult(f"returned {type(each).__name__} among actions")
        pieces.append(encode_action(each))
    return b"".join(pieces), len(pieces)


class Exchange:
    """
    One NOTIFY whose functions are not all done.

    The answer is given once: when all are done, or when the time is over, with the actions
    that there are by then. Functions are told to stop by canceling their Deferred.

    @ivar parts: What each function gave so far, L{None} while it is not done.
    """

    __slots__ = (
        "_answer",
        "_answered",
        "_deferreds",
        "_done",
        "_failed",
        "_late",
        "_left",
        "_timer",
        "parts",
    )

    def __init__(
        self,
        parts: list[Any],
        answer: Callable[[list[Any], bool], None],
        failed: Callable[[int, Failure], None],
        done: Callable[[], None],
        late: Callable[[], None],
    ) -> None:
        """
        @param parts: Results of the functions in order, Deferreds among them.

        @param answer: Takes the results, L{None} for what failed or is missing, and whether the
            time was over.

        @param failed: Takes the place of a function and why it failed.

        @param done: Called when all functions are done, late ones included.

        @param late: Called for each function that gives a result nobody waits for.
        """
        self.parts = parts
        self._answer = answer
        self._failed = failed
        self._done = done
        self._late = late
        self._answered = False
        self._timer: IDelayedCall | None = None
        self._deferreds = [
            (place, part) for place, part in enumerate(parts) if isinstance(part, Deferred)
        ]
        self._left = len(self._deferreds)

    def start(self, clock: IReactorTime, timeout_ms: int) -> None:
        """
        Wait for the functions.

        @param timeout_ms: How long, 0 for any time.
        """
        for place, _ in self._deferreds:
            self.parts[place] = None
        if timeout_ms:
            self._timer = clock.callLater(timeout_ms / 1000, self._time_is_over)
        for place, deferred in self._deferreds:
            deferred.addCallbacks(
                self._succeeded, self._errback, callbackArgs=(place,), errbackArgs=(place,)
            )

    def abandon(self) -> None:
        """
        Nobody wants the answer any more.
        """
        self._answered = True
        self._stop_timer()
        self._cancel()

    def _time_is_over(self) -> None:
        self._timer = None
        self._answered = True
        self._answer(self.parts, True)
        self._cancel()

    def _cancel(self) -> None:
        for _, deferred in self._deferreds:
            deferred.cancel()

    def _succeeded(self, result: Any, place: int) -> None:
        if self._answered:
            self._late()
        else:
            self.parts[place] = result
        self._one_less()

    def _errback(self, failure: Failure, place: int) -> None:
        if not self._answered:
            self._failed(place, failure)
        elif failure.check(CancelledError) is None:
            self._late()
        self._one_less()

    def _one_less(self) -> None:
        self._left -= 1
        if self._left:
            return
        self._deferreds = []
        self._stop_timer()
        if not self._answered:
            self._answered = True
            self._answer(self.parts, False)
        self._done()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
