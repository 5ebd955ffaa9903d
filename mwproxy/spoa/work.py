"""
The NOTIFY frames of one connection that are in work: from messages to functions to an ACK.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import iscoroutine
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from mwproxy.protocols.spop.frames import Kind, encode_frame
from mwproxy.protocols.spop.notify import Message
from mwproxy.spoa.agent import Entry
from mwproxy.spoa.answers import BadResult, Exchange, encode_result
from mwproxy.spoa.binding import BadArguments, Request

if TYPE_CHECKING:
    from mwproxy.spoa.service import AgentService

#: What an ACK has beside its actions, at most: type, flags, two ids.
_ACK_HEAD = 25


class Work:
    """
    Calls functions and puts their actions together.

    @ivar max_size: The longest ACK, in bytes.

    @ivar engine_id: Tells engines apart.

    @ivar peer: Where the engine connects from.
    """

    def __init__(self, service: AgentService, answer: Callable[[bytes], object]) -> None:
        """
        @param answer: Takes each ACK.
        """
        self.max_size = service.agent.max_frame_size
        self.engine_id = ""
        self.peer = "?"
        self._service = service
        self._agent = service.agent
        self._counters = service.counters
        self._answer = answer
        self._exchanges: set[Exchange] = set()

    @property
    def busy(self) -> bool:
        """
        Whether an ACK is to come.
        """
        return bool(self._exchanges)

    def take(self, messages: list[Message], stream_id: int, frame_id: int) -> None:
        """
        Work on a NOTIFY.

        @param messages: What it says.
        """
        self._counters.notifies += 1
        results: list[Any] = []
        entries: list[Entry] = []
        waits = False
        for message in messages:
            entry = self._agent.entries.get(message.name)
            if entry is None:
                self._counters.unknown += 1
                self._service.log.complain(
                    f"unknown {message.name}", f"no function for message '{message.name}'"
                )
                continue
            result = self._call(entry, message, stream_id, frame_id)
            waits = waits or isinstance(result, Deferred)
            results.append(result)
            entries.append(entry)
        if waits:
            self._wait(entries, results, stream_id, frame_id)
        else:
            self._acknowledge(entries, results, stream_id, frame_id)

    def abandon(self) -> None:
        """
        Tell what is in work to stop: the engine is gone.
        """
        exchanges, self._exchanges = self._exchanges, set()
        for exchange in exchanges:
            self._counters.canceled += 1
            exchange.abandon()

    def _call(self, entry: Entry, message: Message, stream_id: int, frame_id: int) -> Any:
        binding = entry.binding
        request = None
        if binding.wants_request:
            request = Request(message, stream_id, frame_id, self.engine_id, self.peer)
        try:
            result = binding.call(message.arguments, request)
        except (Exception, SystemExit):
            self._failed(entry, Failure())
            return None
        if iscoroutine(result):
            result = Deferred.fromCoroutine(result)
        if isinstance(result, Deferred) and result.called and not result.paused:
            # Nothing was waited for: it counts as a plain function.
            found: list[Any] = []
            result.addBoth(found.append)
            result = found[0]
            if isinstance(result, Failure):
                self._failed(entry, result)
                return None
        return result

    def _wait(
        self, entries: list[Entry], results: list[Any], stream_id: int, frame_id: int
    ) -> None:
        def answered(parts: list[Any], over: bool) -> None:
            self._exchanges.discard(exchange)
            if over:
                self._counters.timeouts += 1
                names = ", ".join(f"'{entry.name}'" for entry in entries)
                self._service.log.complain(f"timeout {names}", f"message {names} takes too long")
            self._acknowledge(entries, parts, stream_id, frame_id)

        exchange = Exchange(
            results,
            answered,
            lambda place, failure: self._failed(entries[place], failure),
            self._done,
            self._too_late,
        )
        self._exchanges.add(exchange)
        self._service.slots.take()
        self._counters.in_flight += 1
        limits = [
            self._agent.timeout_ms if entry.timeout_ms is None else entry.timeout_ms
            for entry in entries
        ]
        exchange.start(self._service.clock, 0 if 0 in limits else max(limits))

    def _done(self) -> None:
        self._counters.in_flight -= 1
        self._service.slots.give_back()

    def _too_late(self) -> None:
        self._counters.late += 1

    def _acknowledge(
        self, entries: list[Entry], results: list[Any], stream_id: int, frame_id: int
    ) -> None:
        payload = b""
        count = 0
        for entry, result in zip(entries, results, strict=True):
            if result is None:
                continue
            try:
                piece, more = encode_result(result)
                if len(payload) + len(piece) + _ACK_HEAD > self.max_size:
                    raise BadResult(
                        f"{more} actions of {len(piece)} bytes do not fit into a frame of "
                        f"{self.max_size} bytes"
                    )
            except Exception:
                self._failed(entry, Failure())
                continue
            payload += piece
            count += more
        self._counters.acks += 1
        self._counters.actions += count
        self._answer(encode_frame(Kind.ACK, payload, stream_id, frame_id))

    def _failed(self, entry: Entry, failure: Failure) -> None:
        self._counters.errors += 1
        known = failure.check(BadArguments, BadResult) is not None
        self._service.log.complain(
            f"error {entry.name} {failure.type}",
            f"message '{entry.name}': {failure.getErrorMessage()}",
            None if known else failure,
        )
