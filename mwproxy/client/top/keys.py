"""
Keys of a terminal: bytes in, names out.
"""

from __future__ import annotations

import contextlib
import os
import select
import termios
import tty
from collections.abc import Iterator

_NAMES = {
    b"\x1b[A": "up",
    b"\x1b[B": "down",
    b"\x1b[C": "right",
    b"\x1b[D": "left",
    b"\x1bOA": "up",
    b"\x1bOB": "down",
    b"\x1bOC": "right",
    b"\x1bOD": "left",
    b"\x1b[5~": "pgup",
    b"\x1b[6~": "pgdn",
    b"\x1b[H": "home",
    b"\x1b[F": "end",
    b"\x1bOH": "home",
    b"\x1bOF": "end",
    b"\x1b[1~": "home",
    b"\x1b[4~": "end",
    b"\r": "enter",
    b"\n": "enter",
    b"\x7f": "backspace",
    b"\x08": "backspace",
    b"\x03": "ctrl-c",
    b"\x04": "eof",
    b"\x1b": "esc",
}
_LONGEST = max(map(len, _NAMES))
#: Seconds that the rest of a key may take.
_REST = 0.05


def names(data: bytes) -> list[str]:
    """
    Name the keys.

    @param data: What the terminal sent.

    @return: A name or a character for each key; sequences that mean nothing are left out.
    """
    found = []
    while data:
        for length in range(min(_LONGEST, len(data)), 0, -1):
            if (name := _NAMES.get(data[:length])) is not None:
                if name == "esc" and data[1:2] in (b"[", b"O"):
                    # A sequence that is not known ends with its first letter.
                    rest = data[2:]
                    while rest and not (0x40 <= rest[0] <= 0x7E):
                        rest = rest[1:]
                    data = rest[1:]
                    break
                found.append(name)
                data = data[length:]
                break
        else:
            text = data.decode("utf-8", "replace")
            found.append(text[0])
            data = text[1:].encode()
    return found


def read_keys(fd: int) -> list[str]:
    """
    Read what was pressed, without waiting for more than the rest of a sequence.

    @param fd: The terminal, readable.

    @return: The keys; C{eof} when it is gone.
    """
    data = os.read(fd, 4096)
    if not data:
        return ["eof"]
    if data.endswith(b"\x1b") and select.select([fd], [], [], _REST)[0]:
        data += os.read(fd, 4096)
    return names(data)


@contextlib.contextmanager
def unbuffered(fd: int) -> Iterator[None]:
    """
    Have a terminal give each key at once, and not show it, for a while.

    @param fd: The terminal.
    """
    before = termios.tcgetattr(fd)
    try:
        tty.setcbreak(fd, termios.TCSANOW)
        # Ctrl-C is a key like any other: the screen is put in order before it ends.
        modes = termios.tcgetattr(fd)
        modes[3] &= ~termios.ISIG
        termios.tcsetattr(fd, termios.TCSANOW, modes)
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSANOW, before)
