"""
What is sent at an event, or for a group: its messages, ready to be written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf
from typing import Any

from mwproxy.config.spoe_settings import CLOSED, OPEN, WAIT, SpoeMessage
from mwproxy.spoe.encoding import Encoder, message_encoder


class Part:
    """
    One message of a plan.

    @ivar limit: Seconds that its answer may take, infinite for any time.
    """

    __slots__ = ("condition", "encode", "limit", "policy")

    def __init__(self, message: SpoeMessage, processing: float) -> None:
        self.condition: Callable[[Any], bool] | None = message.condition
        self.encode: Encoder = message_encoder(message)
        self.limit = processing if message.timeout_ms is None else message.timeout_ms / 1000 or inf
        self.policy = message.failure


class Plan:
    """
    The messages of one event or group.

    @ivar kind: C{EVENT} or C{GROUP}.   @ivar name: Its name.
    """

    __slots__ = ("_only", "_parts", "kind", "name")

    def __init__(
        self, kind: str, name: str, messages: Iterable[SpoeMessage], processing: float
    ) -> None:
        """
        @param messages: In the order in which they are sent.

        @param processing: C{timeout processing} in seconds, infinite for none.
        """
        self.kind = kind
        self.name = name
        self._parts = tuple(Part(each, processing) for each in messages)
        alone = len(self._parts) == 1 and self._parts[0].condition is None
        self._only = self._parts[0] if alone else None

    def write(self, stream: Any) -> tuple[bytes, str, float] | None:
        """
        Write the messages whose conditions hold.

        @param stream: The stream that they tell of.

        @return: The payload, the strictest of their policies and the shortest of their limits in
            seconds; L{None} when there is nothing to send.
        """
        only = self._only
        if only is not None:
            return only.encode(stream), only.policy, only.limit
        chosen = self._chosen(stream)
        if not chosen:
            return None
        payload = b"".join([each.encode(stream) for each in chosen])
        return payload, strictest(chosen), min(each.limit for each in chosen)

    def policy(self, stream: Any) -> str:
        """
        Tell what becomes of a stream about which nothing will be asked.

        @param stream: The stream.

        @return: The strictest policy of the messages whose conditions hold.
        """
        return strictest(self._chosen(stream))

    def _chosen(self, stream: Any) -> list[Part]:
        return [each for each in self._parts if each.condition is None or each.condition(stream)]


def strictest(parts: Iterable[Part]) -> str:
    """
    Tell which policy holds for messages that are sent together.

    @param parts: The messages.

    @return: C{wait} if one of them says so, else C{closed}, else C{open}.
    """
    said = {each.policy for each in parts}
    return WAIT if WAIT in said else CLOSED if CLOSED in said else OPEN
