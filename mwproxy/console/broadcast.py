"""
C{@*}: one command for all current workers, each answer behind a line that says whose it is.

All are asked at the same time. Answers are shown as they are complete, so one worker that is slow
does not hide the others'. One that is longer than L{HELD} is shown while it comes, the others are
kept waiting meanwhile, so that no memory is taken. A worker that says nothing for L{SILENCE}
seconds although it may is given up, and one that is gone is said to be gone.

The empty lines that end each answer are left out; one ends the whole, so that whoever reads up to
an empty line gets all of it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from mwproxy.console.relay import WorkerLink, link

#: Bytes of an answer that are held before it has to have its turn.
HELD = 65536
#: Seconds.
SILENCE = 10.0


class Answer:
    """
    What one worker says.

    @ivar over: Nothing more will come.

    @ivar problem: Why there is no answer, or only a part; empty if there is none.

    @ivar shown: Its turn has begun.

    @ivar said: Anything has come.   @ivar wrote: Anything of it was shown.
    """

    def __init__(self, label: str) -> None:
        self.label = label
        self.over = False
        self.problem = ""
        self.shown = False
        self.said = False
        self.wrote = False
        self.held = b""
        self.paused = False
        self.link: WorkerLink | None = None
        self.timer: Any = None


class Broadcast:
    """
    One command under way in several workers.
    """

    def __init__(
        self, reactor: Any, write: Callable[[bytes], None], ended: Callable[[], None]
    ) -> None:
        """
        @param write: Gets the answers.

        @param ended: Called once, when all are answered or given up.
        """
        self._reactor = reactor
        self._write = write
        self._ended = ended
        self._answers: list[Answer] = []
        self._turn: Answer | None = None
        self._full = False
        self._begun = False

    def ask(self, label: str, sock: socket.socket, request: bytes) -> None:
        """
        Ask a worker.

        @param label: Names it.

        @param sock: A session in it.
        """
        answer = Answer(label)
        self._answers.append(answer)
        answer.link = WorkerLink(
            request, lambda data: self._came(answer, data), lambda: self._over(answer)
        )
        self._watch(answer)
        try:
            link(self._reactor, sock, answer.link)
        except OSError as error:
            answer.link = None
            self._give_up(answer, f"cannot be asked: {error.strerror}")

    def refuse(self, label: str, problem: str) -> None:
        """
        Note a worker that cannot be asked.
        """
        answer = Answer(label)
        answer.over, answer.problem = True, problem
        self._answers.append(answer)

    def begin(self) -> None:
        """
        Show what is there: all have been asked.
        """
        self._begun = True
        self._advance()

    def pause(self) -> None:
        """
        Leave the rest with the workers: the client does not read.
        """
        self._full = True
        if self._turn is not None:
            self._pause(self._turn)

    def resume(self) -> None:
        """
        Go on.
        """
        self._full = False
        if self._turn is not None:
            self._resume(self._turn)
        self._advance()

    def abandon(self) -> None:
        """
        End all of it: the client is gone.
        """
        for answer in self._answers:
            self._unwatch(answer)
            if answer.link is not None:
                answer.link.abandon()
                answer.link = None
        self._answers = []

    def _came(self, answer: Answer, data: bytes) -> None:
        answer.said = True
        answer.held += data
        if not answer.paused:
            self._watch(answer)
        if answer is self._turn:
            self._show(answer)
            return
        if len(answer.held) > HELD:
            self._pause(answer)
            self._advance()

    def _over(self, answer: Answer) -> None:
        self._unwatch(answer)
        answer.link = None
        answer.over = True
        if not answer.said:
            answer.problem = "gone without an answer"
        self._advance()

    def _give_up(self, answer: Answer, problem: str) -> None:
        self._unwatch(answer)
        if answer.link is not None:
            answer.link.abandon()
            answer.link = None
        answer.over, answer.problem = True, problem
        self._advance()

    def _advance(self) -> None:
        while self._begun and not self._full:
            if self._turn is None:
                self._turn = self._next()
                if self._turn is None:
                    break
                self._turn.shown = True
                self._write(f"# {self._turn.label}\n".encode())
                self._resume(self._turn)
            answer = self._turn
            self._show(answer)
            if not answer.over:
                return
            self._finish(answer)
            self._turn = None
        if not self._begun or self._full or self._turn is not None:
            return
        if self._answers and all(each.shown for each in self._answers):
            self._answers = []
            self._ended()

    def _next(self) -> Answer | None:
        waiting = [each for each in self._answers if not each.shown]
        complete = [each for each in waiting if each.over]
        return next(iter([*complete, *(each for each in waiting if each.paused)]), None)

    def _show(self, answer: Answer) -> None:
        # Line feeds at the end may be those that end the answer.
        text = answer.held.rstrip(b"\n")
        if text:
            answer.held = answer.held[len(text) :]
            answer.wrote = True
            self._write(text)

    def _finish(self, answer: Answer) -> None:
        if answer.wrote:
            self._write(b"\n")
        if answer.problem:
            self._write(f"# {answer.problem}\n".encode())

    def _pause(self, answer: Answer) -> None:
        self._unwatch(answer)
        if answer.link is not None and not answer.paused:
            answer.paused = True
            answer.link.pause()

    def _resume(self, answer: Answer) -> None:
        if answer.link is not None and answer.paused:
            answer.paused = False
            answer.link.resume()
            self._watch(answer)

    def _watch(self, answer: Answer) -> None:
        self._unwatch(answer)
        answer.timer = self._reactor.callLater(
            SILENCE, lambda: self._give_up(answer, f"no answer within {SILENCE:.0f}s")
        )

    def _unwatch(self, answer: Answer) -> None:
        if answer.timer is not None and answer.timer.active():
            answer.timer.cancel()
        answer.timer = None
