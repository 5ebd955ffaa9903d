"""
The line language of the consoles: from bytes to commands, and target prefixes.

Rules (management manual 9.3 and 9.4):
  - a command ends at a line feed or at a semicolon; several commands share a line; a line without
    its line feed is no command;
  - a backslash protects a semicolon, a backslash or a blank;
  - C{<<} as the last word of a line starts a payload that an empty line ends; C{<<TAG}, of at
    most seven characters behind C{<<}, one that a line equal to C{TAG} ends;
  - on a master, C{@} words before a command choose who executes it; C{@@} takes the rest of
    the line along.

The reader is asked for one command at a time, since a command may change what the next
bytes mean.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Most words of a command, and what is said when there are more.
MAX_WORDS = 64
TOO_MANY_WORDS = f"Too many arguments. Commands must have at most {MAX_WORDS} arguments."
TOO_LONG = "The command is too long."

MAX_TAG = 7
#: The prefix that means all current workers.
ALL = "@*"
#: Bytes that a line or payload may have (C{tune.bufsize}).
LIMIT = 16384

_UNTIL_SEPARATOR = re.compile(rb"(?:[^\\;]++|\\.?)*+", re.DOTALL)
_WORD = re.compile(rb"(?:[^\\ \t\r]++|\\.?)++", re.DOTALL)
_ESCAPED = re.compile(rb"\\([\\; \t])")
_TARGET = re.compile(r"(@@?)(!?)([0-9]{0,9})")


@dataclass(frozen=True, slots=True)
class Target:
    """
    What a prefix such as C{@1} or C{@!4711} names.

    @ivar word: The prefix as written.

    @ivar kind: C{"master"}, C{"worker"} (by relative number), C{"pid"}, C{"all"} (of the current
        workers) or C{"unknown"}.

    @ivar number: The relative number or the pid, 0 for the others.

    @ivar session: True for C{@@}: a connection that stays open.
    """

    word: str
    kind: str
    number: int
    session: bool


@dataclass(frozen=True, slots=True)
class Command:
    """
    One command.

    @ivar words: Its words, without prefix, backslashes and C{<<}. Empty for an empty line or a
        prefix alone.

    @ivar raw: The same as written, for sending on.

    @ivar target: The prefix, L{None} when there is none.

    @ivar payload: The payload's lines, each with its line feed; L{None} when there is none.

    @ivar tag: What ends the payload, empty for an empty line.

    @ivar ends_line: False when another command follows on the same line.

    @ivar problem: L{TOO_MANY_WORDS} or L{TOO_LONG}: not to be executed. Empty when it is fine.
    """

    words: tuple[str, ...] = ()
    raw: bytes = b""
    target: Target | None = None
    payload: bytes | None = None
    tag: bytes = b""
    ends_line: bool = True
    problem: str = ""

    def wire(self) -> bytes:
        """
        Write the command for another console.

        @return: Its line and its payload, without prefix.
        """
        if self.payload is None:
            return self.raw + b"\n"
        return b"%b\n%b%b\n" % (self.raw, self.payload, self.tag)


class CommandReader:
    """
    The input of one console connection.
    """

    def __init__(self, *, prefixes: bool = False, limit: int = LIMIT) -> None:
        """
        @param prefixes: True on a master: words that begin with C{@} are targets.

        @param limit: Most bytes of a line, and of a payload.
        """
        self._prefixes = prefixes
        self._limit = limit
        self._data = b""
        self._waiting: Command | None = None

    @property
    def in_payload(self) -> bool:
        """
        Whether lines of a payload are awaited (the prompt is C{+ }).
        """
        return self._waiting is not None

    @property
    def buffered(self) -> bytes:
        """
        What came but was not read yet.
        """
        return self._data

    def feed(self, data: bytes) -> None:
        """
        Add what came from the connection.
        """
        self._data += data

    def unread(self) -> bytes:
        """
        Get what another reader has to be fed with to be where this one is.

        @return: All input that was not read yet, the line of an awaited payload included.
        """
        waiting = self._waiting
        if waiting is None:
            return self._data
        target = f"{waiting.target.word} ".encode() if waiting.target is not None else b""
        return target + waiting.raw + b"\n" + self._data

    def discard(self) -> bytes:
        """
        Forget all input that has come, as errors of the master's console do; or take it away to
        give it to another reader.

        @return: What was forgotten.
        """
        data, self._data = self._data, b""
        self._waiting = None
        return data

    def next(self) -> Command | None:
        """
        Read the next command.

        @return: It, or L{None} when it has not come completely.
        """
        if self._waiting is None:
            end = self._data.find(b"\n", 0, self._limit)
            if end < 0:
                return self._overflow()
            self._waiting = self._read_line(end)
            if self._waiting.payload is None:
                command, self._waiting = self._waiting, None
                return command
        return self._read_payload(self._waiting)

    def _overflow(self) -> Command | None:
        if len(self._data) < self._limit:
            return None
        self.discard()
        return Command(problem=TOO_LONG)

    def _read_line(self, end: int) -> Command:
        line = self._data[:end].removesuffix(b"\r").lstrip(b" \t")
        whole = self._prefixes and line.startswith(b"@@")
        found = _UNTIL_SEPARATOR.match(line)
        assert found is not None  # matches the empty string too
        text = line if whole else found[0]
        rest = line[len(text) + 1 :]
        if rest.strip(b" \t"):
            self._data = rest + self._data[end:]
            return parse_command(text, prefixes=self._prefixes, ends_line=False)
        self._data = self._data[end + 1 :]
        return parse_command(text, prefixes=self._prefixes)

    def _read_payload(self, command: Command) -> Command | None:
        last = command.tag + b"\n"
        data = self._data
        begin = 0
        while (end := data.find(b"\n", begin) + 1) > 0:
            line = data[begin:end]
            if line == last or line == command.tag + b"\r\n":
                self._data = data[end:]
                self._waiting = None
                if begin > self._limit:
                    return Command(problem=TOO_LONG)
                return Command(
                    command.words, command.raw, command.target, data[:begin], command.tag
                )
            begin = end
        return self._overflow()


def parse_command(text: bytes, *, prefixes: bool = False, ends_line: bool = True) -> Command:
    """
    Read one command.

    @param text: It, without what ends it.

    @param prefixes: Whether C{@} words are targets.

    @param ends_line: Whether a line feed ended it; only then a payload may follow.

    @return: The command; C{payload} is empty instead of L{None} when one is to be read.
    """
    text = text.lstrip(b" \t")
    words = _WORD.findall(text)
    target = None
    if prefixes and words and words[0].startswith(b"@"):
        target = parse_target(_decode(words[0]))
        text = text[len(words[0]) :].lstrip(b" \t")
        del words[0]
    payload = None
    tag = b""
    if ends_line and words and words[-1].startswith(b"<<") and len(words[-1]) <= MAX_TAG + 2:
        tag = words.pop()[2:]
        payload = b""
    if len(words) > MAX_WORDS:
        return Command(raw=text, target=target, ends_line=ends_line, problem=TOO_MANY_WORDS)
    return Command(tuple(map(_decode, words)), text, target, payload, tag, ends_line)


def parse_target(word: str) -> Target:
    """
    Read a prefix.

    @param word: It, from C{@} on.

    @return: What it names; kind C{"unknown"} when it has no known form.
    """
    session = word.startswith("@@")
    name = word[2:] if session else word[1:]
    if name in ("", "0", "master"):
        return Target(word, "master", 0, session)
    if word == ALL:
        return Target(word, "all", 0, False)
    found = _TARGET.fullmatch(word)
    if found is None or not found[3]:
        return Target(word, "unknown", 0, session)
    number = int(found[3])
    if found[2]:
        return Target(word, "pid", number, session)
    return Target(word, "worker" if number else "master", number, session)


def _decode(word: bytes) -> str:
    if b"\\" not in word:
        return word.decode("utf-8", "surrogateescape")
    return _ESCAPED.sub(rb"\1", word).decode("utf-8", "surrogateescape")
