"""
What a health check found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mwproxy.live.states import CHECK_TEXTS
from mwproxy.protocols.agent_check import Advice

_PASSED = frozenset({"L4OK", "L6OK", "L7OK", "L7OKC"})
#: Results of the application itself, which are told with their code.
_CODED = frozenset({"L7OK", "L7OKC", "L7STS"})


@dataclass(frozen=True, slots=True)
class Result:
    """
    The outcome of one check.

    @ivar status: Short name, such as C{L7STS}; see
        L{CHECK_TEXTS<mwproxy.live.states.CHECK_TEXTS>}.

    @ivar code: HTTP status, 0 for none.

    @ivar info: What was seen: an error or reason phrase; may be empty.

    @ivar advice: What an agent asks for besides, L{None} for nothing.
    """

    status: str
    code: int = 0
    info: str = ""
    advice: Advice | None = None

    @property
    def passed(self) -> bool:
        """
        Whether the server is fine.
        """
        return self.status in _PASSED

    @property
    def coded(self) -> bool:
        """
        Whether the application itself has answered, so that there is a code.
        """
        return self.status in _CODED

    def describe(self, duration_ms: int) -> str:
        """
        Tell it as HAProxy's messages do.

        @param duration_ms: How long the check took.

        @return: Such as C{reason: Layer4 timeout, check duration: 300ms}.
        """
        text = f"reason: {CHECK_TEXTS[self.status]}"
        if self.coded:
            text += f", code: {self.code}"
        if self.info:
            text += f', info: "{self.info}"'
        return f"{text}, check duration: {duration_ms}ms"


class Dialog(Protocol):
    """
    What is said on the connection of one check.

    @ivar request: What to send, empty when connecting is all.

    @ivar broken: The result when the connection fails once it stands.
    """

    request: bytes
    broken: str

    def received(self, data: bytes) -> Result | None:
        """
        Take bytes that came, empty ones when the server sends no more.

        @return: The outcome, L{None} to wait for more; never L{None} at the end.
        """
