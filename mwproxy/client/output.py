"""
Answers on their way out: byte for byte into files and pipes, harmless on terminals, or as JSON.
"""

from __future__ import annotations

import codecs
import contextlib
import sys
from collections.abc import Iterable
from typing import IO, Any

from mwproxy.client.terminal import neutral


class Sink:
    """
    Where an answer goes.
    """

    def __init__(self, stream: IO[str]) -> None:
        """
        @param stream: Standard output or error.
        """
        self._stream = stream
        self._bytes = None if stream.isatty() else getattr(stream, "buffer", None)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._last = b"\n"

    def write(self, piece: bytes) -> None:
        """
        Show a piece of an answer; characters may be cut between pieces.

        @param piece: Bytes.
        """
        self._last = piece[-1:] or self._last
        if self._bytes is not None:
            self._bytes.write(piece)
        else:
            self._stream.write(neutral(self._decoder.decode(piece)))
        self.flush()

    def end(self) -> None:
        """
        End the answer, at the end of a line.
        """
        if rest := self._decoder.decode(b"", True):
            self._stream.write(rest)
        if self._last != b"\n":
            self.write(b"\n")
        self.flush()

    def flush(self) -> None:
        """
        Have it seen now.
        """
        self._stream.flush()


def show_json(value: Any) -> None:
    """
    Write a value on standard output as one line of JSON, or readably on a terminal.

    @param value: What a reader of listings gave. JSON escapes what a terminal would obey.
    """
    import json

    print(json.dumps(value, indent=2 if sys.stdout.isatty() else None))


def show_table(rows: Iterable[Iterable[object]], right: frozenset[int] = frozenset()) -> None:
    """
    Write aligned columns on standard output.

    @param rows: The first one has the names. C{None} is shown as C{-}.

    @param right: Which columns are numbers, and so aligned on the right.
    """
    texts = [["-" if cell is None else neutral(str(cell)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for row in texts:
        cells = (
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join(cells).rstrip())


def forget_output() -> None:
    """
    Have the interpreter not complain at its end about a reader that has gone.
    """
    import os

    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
