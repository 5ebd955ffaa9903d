"""
The audit: a line about each command that changes something, whoever was not allowed to included.

Who (the peer, the socket, the level), what (the words of the command; of a payload only its size),
where (C{master} or a worker's pid) and how it ended. Words come from outside: each is written so
that nothing in it can look like another field or another line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mwproxy.console.state import ConsoleState
from mwproxy.core.levels import shown

#: Longest command and longest result that are written, in characters.
COMMAND, RESULT = 512, 160
#: What L{shown} leaves as it is, and blanks.
_PLAIN = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]*")


def performed(
    state: ConsoleState, words: Sequence[str], payload: str | None, target: str, result: str
) -> str:
    """
    Write the line about a command.

    @param state: The connection.

    @param words: The words of the command.

    @param payload: Its payload, L{None} for none.

    @param target: Who executed it.

    @param result: How it ended: C{ok}, or what was answered.

    @return: The line, without line feed.
    """
    text = _joined(words)
    if payload is not None:
        text += f" <<{len(payload.encode('utf-8', 'surrogateescape'))} bytes>>"
    return (
        f"audit: peer={state.who or 'unknown'} socket={state.address or 'unknown'} "
        f"level={state.level.word} target={target} "
        f'command="{_cut(text, COMMAND)}" result="{_cut(_line(result), RESULT)}"'
    )


def refused_handshake(who: str, address: str, problem: str) -> str:
    """
    Write the line about a client that did not get as far as to command anything.

    @param who: The peer.

    @param address: The socket.

    @param problem: What went wrong.

    @return: The line, without line feed.
    """
    return f'audit: peer={who} socket={address} result="TLS: {_cut(_line(problem), RESULT)}"'


def _line(text: str) -> str:
    first = text.strip().split("\n", 1)[0]
    return _joined(first.split())


def _joined(words: Sequence[str]) -> str:
    """
    Write words so that none can look like another field; most are plain.
    """
    text = " ".join(words)
    if text.count(" ") == len(words) - 1 and _PLAIN.fullmatch(text) is not None:
        return text
    return " ".join(shown(word) for word in words)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}..."
