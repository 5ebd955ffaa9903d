"""
Readiness as s6 wants to hear of it: a line feed on a descriptor (C{notification-fd}), whatever its
number, then its end.
"""

from __future__ import annotations

import contextlib
import os

#: The option that names the descriptor.
OPTION = "--notify-fd"
#: Standard input, output and error are not for this.
LOWEST = 3


class ReadyFd:
    """
    A descriptor that somebody waits at. Children do not get it.
    """

    def __init__(self, fd: int) -> None:
        """
        @param fd: The descriptor, -1 for none.
        """
        self._fd = fd

    def keep(self) -> str:
        """
        Keep it from children.

        @return: What is wrong with it, for the operator; empty when it can be used.
        """
        if self._fd >= 0:
            try:
                os.set_inheritable(self._fd, False)
            except OSError as error:
                fd, self._fd = self._fd, -1
                return f"{OPTION} option: descriptor {fd} cannot be used: {error.strerror}"
        return ""

    def tell(self) -> None:
        """
        Tell once, to whoever still listens.
        """
        fd, self._fd = self._fd, -1
        if fd >= 0:
            with contextlib.suppress(OSError):
                os.write(fd, b"\n")
            with contextlib.suppress(OSError):
                os.close(fd)


def parse_ready_fd(text: str) -> int:
    """
    Read the option's value.

    @return: The descriptor.

    @raise ValueError: It is none that may be used; the text is the operator's message.
    """
    if text.isascii() and text.isdecimal() and len(text) < 8 and int(text) >= LOWEST:
        return int(text)
    raise ValueError(f"{OPTION} option: '{text}' is not a descriptor from {LOWEST} on")
