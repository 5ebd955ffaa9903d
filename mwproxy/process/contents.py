"""
The text of configuration files on its way from the master to its workers.

The master reads each file once; what it looked at is what all workers of the generation load, and
what one loads that replaces a dead one later. It travels as a sealed file in memory: a line of JSON
(name and length of each file), then the texts.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping

_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


def put_contents(contents: Mapping[str, bytes]) -> int:
    """
    Put texts into a file in memory.

    @param contents: Texts by the names of their files.

    @return: A descriptor that the caller owns.

    @raise OSError: The system refuses.
    """
    index = json.dumps([[name, len(text)] for name, text in contents.items()]).encode()
    fd = os.memfd_create("configuration", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with open(fd, "wb", closefd=False) as file:
            file.write(index + b"\n")
            file.writelines(contents.values())
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
    except BaseException:
        os.close(fd)
        raise
    return fd


def get_contents(fd: int) -> dict[str, bytes]:
    """
    Read texts back.

    @param fd: From L{put_contents}, in whatever process; stays the caller's, its position too.

    @return: Texts by the names of their files.

    @raise ValueError: It is something else.

    @raise OSError: The system refuses.
    """
    size = os.fstat(fd).st_size
    data = b""
    while len(data) < size and (piece := os.pread(fd, size - len(data), len(data))):
        data += piece
    index, found, _ = data.partition(b"\n")
    position = len(index) + len(found)
    contents = {}
    for name, length in json.loads(index):
        contents[name] = data[position : position + length]
        position += length
    if position != size:
        raise ValueError("the texts have other lengths than their index says")
    return contents
