"""
Descriptors that are held back for a reload: a master that is at its limit can do one all the same.
"""

from __future__ import annotations

import os

#: Descriptors that are held: those of a standby's channel, of the way between two workers, of the
#: configuration's text, of a file that is read, and some to spare.
SIZE = 8


class Reserve:
    """
    Some descriptors of C{/dev/null}.
    """

    def __init__(self, size: int = SIZE) -> None:
        """
        @param size: How many are held.
        """
        self._size = size
        self._held: list[int] = []
        self.hold()

    def __len__(self) -> int:
        return len(self._held)

    def lend(self) -> None:
        """
        Give them up, for something that needs them more.
        """
        while self._held:
            os.close(self._held.pop())

    def hold(self) -> None:
        """
        Hold as many again as there are to be had.
        """
        try:
            while len(self._held) < self._size:
                self._held.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        except OSError:
            return
