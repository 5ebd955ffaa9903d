"""
How much an agent does at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable


class Slots:
    """
    A number of places. Who finds none waits in a row, and is called when one is free.

    @ivar limit: How many there are, 0 for any number.

    @ivar taken: How many are taken.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.taken = 0
        self._waiting: deque[Callable[[], object]] = deque()

    @property
    def full(self) -> bool:
        """
        Whether no place is free.
        """
        return 0 < self.limit <= self.taken

    def take(self) -> None:
        """
        Take a place; whoever must not exceed the limit looks at C{full} before.
        """
        self.taken += 1

    def wait(self, call: Callable[[], object]) -> None:
        """
        Wait for a place.

        @param call: Called once when one is free; it looks again, and waits again if it wants more.
        """
        self._waiting.append(call)

    def forget(self, call: Callable[[], object]) -> None:
        """
        Wait no longer.
        """
        if call in self._waiting:
            self._waiting.remove(call)

    def give_back(self) -> None:
        """
        Free a place, and call who waits for it.
        """
        self.taken -= 1
        while self._waiting and not self.full:
            self._waiting.popleft()()
