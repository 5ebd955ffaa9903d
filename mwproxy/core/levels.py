"""
Levels of a console session, and rules that give a peer its level.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable
from dataclasses import dataclass

#: Where rules look, as the words for it are written.
SUBJECT_WORDS = ("C", "ST", "L", "O", "OU", "CN", "UID", "emailAddress", "serialNumber")
NAME_WORDS = ("DNS", "EMAIL", "URI", "IP")
_IGNORE_CASE = ("DNS", "EMAIL", "emailAddress")
_SHOWN = re.compile(r"[^\x21\x23-\x5b\x5d-\x7e]")


class Level(enum.IntEnum):
    """
    What a console session may do; a higher level may do all that a lower one may.
    """

    USER = 0
    OPERATOR = 1
    ADMIN = 2

    @property
    def word(self) -> str:
        """
        The level as configuration and consoles spell it.
        """
        return self.name.lower()


def parse_level(text: str) -> Level:
    """
    Read a level.

    @param text: C{user}, C{operator} or C{admin}.

    @return: The level.

    @raise ValueError: It is none of these.
    """
    try:
        return Level[text.upper()] if text.islower() else Level[text + "?"]
    except KeyError:
        raise ValueError(
            f"'level' only supports 'user', 'operator', and 'admin' (got '{text}')"
        ) from None


@dataclass(frozen=True, slots=True)
class Peer:
    """
    Who is at the other end of a console connection, as far as that is known for sure.

    @ivar address: C{ip:port}; empty for a UNIX socket.

    @ivar uid: Of a UNIX peer, L{None} for others.   @ivar pid: So; 0 for others.

    @ivar gids: Groups of a UNIX peer.

    @ivar subject: Of a verified client certificate: words of L{SUBJECT_WORDS} and values.

    @ivar names: Its other names: words of L{NAME_WORDS} and values.
    """

    address: str = ""
    uid: int | None = None
    pid: int = 0
    gids: frozenset[int] = frozenset()
    subject: tuple[tuple[str, str], ...] = ()
    names: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """
        The peer in one word for the log: no byte of a certificate can look like anything else.
        """
        parts = [self.address] if self.address else []
        if self.uid is not None:
            parts += [f"uid={self.uid}", f"pid={self.pid}"]
        for word, value in self.subject or self.names:
            # A value must not look like another field.
            plain = shown(value).replace(",", "\\x2c").replace("=", "\\x3d")
            parts.append(f"{word}={plain}")
        return ",".join(parts) or "unknown"


@dataclass(frozen=True, slots=True)
class LevelRule:
    """
    One C{level-cert}, C{level-uid} or C{level-gid}.

    @ivar word: Of L{SUBJECT_WORDS} or L{NAME_WORDS}, or C{uid} or C{gid}.

    @ivar wanted: The number, or a pattern with C{*} and C{?}.
    """

    word: str
    wanted: str
    level: Level

    def matches(self, peer: Peer) -> bool:
        """
        Tell whether it is about this peer.
        """
        if self.word == "uid":
            return peer.uid is not None and peer.uid == int(self.wanted)
        if self.word == "gid":
            return int(self.wanted) in peer.gids
        flags = re.DOTALL | (re.IGNORECASE if self.word in _IGNORE_CASE else 0)
        pattern = re.escape(self.wanted).replace(r"\*", ".*").replace(r"\?", ".")
        return any(
            word == self.word and re.fullmatch(pattern, value, flags) is not None
            for word, value in (*peer.subject, *peer.names)
        )


def level_of(peer: Peer, rules: Iterable[LevelRule], default: Level) -> Level:
    """
    Find the level of a peer: that of the first rule about it, higher or lower than the default.

    @param default: What peers have that no rule is about.
    """
    return next((rule.level for rule in rules if rule.matches(peer)), default)


def shown(text: str) -> str:
    """
    Write foreign text so that it stays one word of a log line, and is told from what surrounds it.

    @return: It with blanks, quotes, backslashes and all that is not ASCII as C{\\x..}.
    """
    return _SHOWN.sub(
        lambda found: "".join(
            f"\\x{byte:02x}" for byte in found[0].encode("utf-8", "surrogateescape")
        ),
        text,
    )
