"""
Who listens: whether the socket that accepts at an address belongs to a process group.

While the former instance of a program runs, that it accepts says nothing about the new one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from mwproxy.core.addresses import Address

_LISTEN = "0A"
#: C{__SO_ACCEPTCON} in the flags of /proc/net/unix.
_ACCEPTS = 0x10000


def answers_for(address: Address, group: int, former: Iterable[int]) -> bool:
    """
    Tell whether what listens at an address may be a certain program.

    @param group: Its process group.

    @param former: The groups of its former instances.

    @return: False when one of these listens there and it does not.
    """
    former = list(former)
    if not former:
        return True
    inodes = listening_inodes(address)
    holders = _holders(inodes, {group, *former})
    return group in holders or not holders


def listening_inodes(address: Address) -> set[str]:
    """
    Find the sockets that listen at an address.

    @return: Their inode numbers; empty where the system does not tell.
    """
    if address.is_ip:
        return _tcp_inodes(address.port)
    path = address.host if address.family == "unix" else f"@{address.host}"
    found = set()
    for words in _rows("/proc/net/unix"):
        if len(words) > 7 and words[7].rstrip("@") == path and int(words[3], 16) & _ACCEPTS:
            found.add(words[6])
    return found


def _tcp_inodes(port: int) -> set[str]:
    found = set()
    for name in ("/proc/net/tcp", "/proc/net/tcp6"):
        for words in _rows(name):
            if words[3] == _LISTEN and int(words[1].rpartition(":")[2], 16) == port:
                found.add(words[9])
    return found


def _rows(name: str) -> list[list[str]]:
    try:
        return [line.split() for line in Path(name).read_text("utf-8", "replace").splitlines()[1:]]
    except OSError:
        return []


def _holders(inodes: set[str], groups: set[int]) -> set[int]:
    """
    Find the groups whose members have one of some sockets.
    """
    links = {f"socket:[{inode}]" for inode in inodes}
    found = set()
    for entry in Path("/proc").iterdir() if links else ():
        if entry.name.isdecimal():
            try:
                group = os.getpgid(int(entry.name))
                if group in groups and group not in found and _has(entry / "fd", links):
                    found.add(group)
            except OSError:
                continue
    return found


def _has(directory: Path, links: set[str]) -> bool:
    for entry in directory.iterdir():
        try:
            if str(entry.readlink()) in links:
                return True
        except OSError:
            continue
    return False
