"""
What a command answers on standard output before it ends.
"""

from __future__ import annotations

import os
import sys
from signal import SIGPIPE

#: The exit status of who is ended for a reader that has gone, as a shell tells it.
READER_GONE = 128 + SIGPIPE


def answer(*lines: str) -> None:
    """
    Print lines.

    @param lines: Each without its line feed.

    @raise SystemExit: They cannot be written. Somebody who read enough, such as C{head}, is no
        reason for a word; anything else is said on standard error.
    """
    try:
        print(*lines, sep="\n", flush=True)
    except BrokenPipeError:
        _forget()
        raise SystemExit(READER_GONE) from None
    except OSError as error:
        _forget()
        raise SystemExit(f"Cannot write to standard output: {error.strerror}.") from None


def _forget() -> None:
    # What is still kept would be tried again, and complained about, when the interpreter ends.
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
