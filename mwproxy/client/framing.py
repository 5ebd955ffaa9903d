"""
Where an answer ends, and whether it is a refusal. Pure: bytes in, bytes out.

Rules (management manual 9.3 and 9.4): with a prompt, an answer is ended by one; a command's answer
ends with an empty line before it, but the errors of the master's console itself have none. After
C{set severity-output number} feedback begins with its number, errors with 3 or less. Consoles that
have no such number for some errors (HAProxy's master before 3.0) are known by their words.
"""

from __future__ import annotations

import re

_PROMPT = re.compile(
    rb"(?:\A|(?<=\n))((?:\[[0-9:]{7,}\] |\[gone\] )?(?:master(?:\[ReloadFailed\])?|[0-9]+)?"
    rb"(?:\([xed]+\))?> )\Z"
)
_LONGEST_PROMPT = 80
_SEVERITY = re.compile(rb"(?:\+ )*(?:\[([0-7])\]: )?")
_WORST = 3
_REFUSALS = (
    b"Unknown command",
    b"Permission denied",
    b"Can't find ",
    b"No such ",
    b"Can't connect to the target CLI",
    b"Success=0",
    b"Too many arguments",
    b"The command is too long",
    b"Internal error",
)
_LONGEST_REFUSAL = max(map(len, _REFUSALS))
#: What a reload tells while it goes on, and the first line of many listings.
_PROGRESS = b"# "
_STATE = re.compile(rb"[a-z-]+-mode is (?:ON|OFF)\n")


class Framing:
    """
    One answer being received.

    @ivar done: Whether the prompt came.

    @ivar prompt: It.

    @ivar refused: Whether the console refuses the command; certain once C{done}.
    """

    def __init__(self, *, master: bool) -> None:
        """
        @param master: Whether it is a master's console, whose own errors have no empty line.
        """
        self.done = False
        self.prompt = ""
        self.refused = False
        self._master = master
        self._tail = b""
        self._begun = False
        self._head: bytes | None = b""

    def feed(self, data: bytes) -> bytes:
        """
        Take what came.

        @param data: Bytes.

        @return: What of the answer can be shown: without severity, prompt and last empty line.
        """
        self._tail += data
        found = _PROMPT.search(self._tail, max(0, len(self._tail) - _LONGEST_PROMPT))
        if found is not None:
            self.done = True
            self.prompt = found[1].decode()
            return self._end(self._tail[: found.start()])
        line = self._tail.rfind(b"\n") + 1
        if not self._begun and len(self._tail) < _LONGEST_PROMPT and self._tail.count(b"\n") < 2:
            return b""
        keep = len(self._tail)
        if keep - line <= _LONGEST_PROMPT:
            keep = line
            while keep > line - 2 and self._tail[keep - 1 : keep] == b"\n":
                keep -= 1
        text, self._tail = self._tail[:keep], self._tail[keep:]
        return self._begin(text)

    def hung_up(self) -> bytes:
        """
        Take notice that no more will come.

        @return: What was held back.
        """
        text, self._tail = self._tail, b""
        return self._end(text, cut=True)

    def _end(self, text: bytes, *, cut: bool = False) -> bytes:
        blank = text.endswith(b"\n\n") or (not self._begun and text == b"\n")
        if blank:
            text = text[:-1]
        shown = self._begin(text)
        # The proxy's own errors stand alone, and so does what a worker said before it died; to tell
        # of a mode is no error.
        alone = self._master and not blank and not cut
        if alone and self._begun and not _STATE.fullmatch(shown):
            self.refused = True
        return shown

    def _begin(self, text: bytes) -> bytes:
        if text and not self._begun:
            self._begun = True
            found = _SEVERITY.match(text)
            assert found is not None  # matches the empty string too
            text = text[found.end() :]
            self.refused = found[1] is not None and int(found[1]) <= _WORST
        if self._head is not None:
            self._judge(self._head + text)
        return text

    def _judge(self, head: bytes) -> None:
        """
        Look for words of refusal: in the first line that does not tell of progress.
        """
        self._head = head
        while head.startswith(_PROGRESS):
            _, feed, head = head.partition(b"\n")
            if not feed:
                return
        if len(head) >= _LONGEST_REFUSAL or b"\n" in head:
            self._head = None
        if head.startswith(_REFUSALS):
            self.refused = True
