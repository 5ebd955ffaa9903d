"""
The connection of a console: commands in, answers out, each side at the other's pace.

One command is answered at a time. An answer is pulled only while the transport's buffer has room,
L{TURN} bytes at a time so that traffic does not wait, and the peer is not read from while more than
L{READ_AHEAD} bytes of its commands wait, so that neither endless answers nor endless input take
memory. A peer that has closed its sending side still gets all its answers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.interfaces import IHalfCloseableProtocol, IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from mwproxy.console.audit import performed
from mwproxy.console.dispatch import (
    ERROR,
    INFO,
    Answer,
    CommandError,
    Feedback,
    Invocation,
    framed,
)
from mwproxy.console.state import ConsoleState
from mwproxy.process.transports import write_now
from mwproxy.protocols.cli_lines import Command, CommandReader

READ_AHEAD = 65536
#: Bytes of answers that are made in one turn of the reactor.
TURN = 2048

#: How every TLS connection begins, and what it gets where there is no TLS.
TLS_HELLO = b"\x16\x03"
NO_TLS = "This console does not speak TLS.\n"

_log = Logger()


@implementer(IHalfCloseableProtocol, IPushProducer)
class LineSession(Protocol):
    """
    What the consoles of master and workers share.

    @ivar state: Level and modes.

    @ivar invocation: The command that is being answered and is executed here, L{None} for none;
        subclasses set it, for the audit.

    @ivar target: Where commands are executed, as the audit names it.
    """

    transport: Any
    target = "master"

    def __init__(
        self,
        state: ConsoleState,
        *,
        prefixes: bool,
        clock: Any = None,
        audit: Callable[[str], None] = lambda text: None,
    ) -> None:
        """
        @param state: Level and modes.

        @param prefixes: Whether commands may begin with a target.

        @param clock: A reactor, for the idle timeout; L{None} for no timeout.

        @param audit: Writes a line of the audit.
        """
        self.state = state
        self.invocation: Invocation | None = None
        self._audit = audit
        self._first = True
        self.reader = CommandReader(prefixes=prefixes)
        self._clock = clock
        self._idle_call: Any = None
        self._pieces: Iterator[str] | None = None
        self._busy = False
        self._advancing = False
        self._full = False
        self._held = False
        self._ended = False
        self._gone = False
        self._on_gone: list[Any] = []
        self._sent = 0
        self._unsent: list[str] = []
        self._turn_call: Any = None

    # What kinds of consoles add.

    def execute(self, command: Command) -> None:
        """
        Run a command: by L{answer}, L{answer_when}, L{hold} or not at all. Subclasses do it.

        @param command: It.
        """
        raise NotImplementedError

    def finish(self) -> None:
        """
        Take notice that the present command is answered; subclasses add prompts.
        """

    # What they use.

    def send(self, text: str) -> None:
        """
        Send text as part of the present answer.

        @param text: It.
        """
        if text and not self._gone:
            self._sent += len(text)
            self._unsent.append(text)

    def write_out(self) -> None:
        """
        Give the transport what was sent. To be called before anybody else writes to it, and at the
        end of each call from outside.
        """
        if self._unsent:
            text = "".join(self._unsent)
            self._unsent.clear()
            write_now(self.transport, text.encode("utf-8", "surrogateescape"))

    def answer(self, answer: Answer) -> None:
        """
        Begin to send an answer.

        @param answer: The answer; L{finish} is called when all of it is sent.
        """
        if isinstance(answer, Iterator):
            self._pieces = answer
            self._busy = True
            return
        self._note(answer or "ok")
        if isinstance(answer, Feedback):
            answer = self.state.decorate(str(answer), INFO)
        if answer:
            self.send(framed(answer))
        self.finish()

    def refuse(self, text: str) -> None:
        """
        Send an error as the whole answer.

        @param text: It.
        """
        self._note(f"refused: {text}")
        self.send(framed(self.state.decorate(text, ERROR)))
        self.finish()

    def answer_when(self, coming: Awaitable[Answer]) -> None:
        """
        Send an answer once it is there.

        @param coming: Gives the answer.
        """
        self._busy = True
        deferred: Deferred[Answer] = (
            coming if isinstance(coming, Deferred) else ensureDeferred(_wait(coming))
        )
        deferred.addCallbacks(self._came, self._failed)
        deferred.addErrback(self._broke)

    @property
    def clock(self) -> Any:
        """
        What schedules calls, L{None} where time does not matter.
        """
        return self._clock

    def hold(self) -> None:
        """
        Read no further command until L{release}.
        """
        self._busy = True

    def release(self) -> None:
        """
        Go on after L{hold}.
        """
        self._busy = False
        self.finish()
        self.advance()

    def waits_for_us(self) -> bool:
        """
        Tell whether it is we who let the client wait, who is not idle then.
        """
        return self._busy and self._pieces is None and not self._full

    def busy_now(self) -> None:
        """
        Count the time that the client may be idle anew.
        """
        if self.state.timeout_ms is not None:
            self._rearm()

    def hurry(self) -> None:
        """
        Write the rest of an answer under way, however long it is.
        """
        while self._pieces is not None:
            self._pull(self._pieces)
        self.write_out()

    def leave(self) -> None:
        """
        Close the connection when all is sent.
        """
        if not self._gone:
            self.write_out()
            self._gone = True
            self.transport.unregisterProducer()
            self.transport.loseConnection()

    # The connection.

    def connectionMade(self) -> None:
        """
        Begin.
        """
        self.transport.registerProducer(self, True)
        self._rearm()

    def dataReceived(self, data: bytes) -> None:
        """
        Take input.

        @param data: Bytes of the peer.
        """
        if self._first and data.startswith(TLS_HELLO):
            # A client's library takes any text for the wrong version of TLS, and ends.
            self.state.closing = True
            self.send(NO_TLS)
            self.leave()
            return
        self._first = False
        self.reader.feed(data)
        self._rearm()
        self.advance()
        if self.state.mode == "p" and self.reader.in_payload and not self._busy:
            self.send("+ ")
            self.write_out()

    def readConnectionLost(self) -> None:
        """
        Take notice that the peer will send no more.
        """
        self._ended = True
        self.advance()

    def writeConnectionLost(self) -> None:
        """
        Take notice that the peer will read no more.
        """
        self._gone = True
        self.transport.unregisterProducer()
        self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        End.

        @param reason: Why.
        """
        self._gone = True
        if self._pieces is not None:
            self._note("the client left during the answer")
        if self._idle_call is not None and self._idle_call.active():
            self._idle_call.cancel()
        self._idle_call = None
        if self._turn_call is not None:
            self._turn_call.cancel()
            self._turn_call = None
        self._drop_pieces()
        hooks, self._on_gone = self._on_gone, []
        for hook in hooks:
            hook()

    def when_gone(self, hook: Any) -> None:
        """
        Have something called when the connection is lost.

        @param hook: Called without arguments.
        """
        self._on_gone.append(hook)

    def pauseProducing(self) -> None:
        """
        Stop sending: the transport's buffer is full.
        """
        self._full = True

    def resumeProducing(self) -> None:
        """
        Go on sending.
        """
        self._full = False
        self._rearm()
        self.advance()

    def stopProducing(self) -> None:
        """
        Stop for good.
        """
        self._gone = True

    # The loop.

    def advance(self) -> None:
        """
        Do all that can be done now.
        """
        if self._advancing or self._turn_call is not None:
            return
        self._advancing = True
        self._sent = 0
        try:
            while not self._full and not self._gone and self._step():
                if self._sent < TURN:
                    continue
                if self._clock is not None:
                    self._turn_call = self._clock.callLater(0, self._next_turn)
                    break
                self._sent = 0
                self.write_out()
        finally:
            self._advancing = False
            self.write_out()
        self._hold_back()

    def _next_turn(self) -> None:
        self._turn_call = None
        self.advance()

    def _step(self) -> bool:
        if self._pieces is not None:
            self._pull(self._pieces)
            return True
        if self._busy:
            return False
        if self.state.closing:
            self.leave()
            return False
        command = self.reader.next()
        if command is None:
            if self._ended:
                self.leave()
            return False
        before = self.state.timeout_ms
        try:
            self.execute(command)
        except CommandError as error:
            self.refuse(str(error))
        except Exception:
            _log.failure("console command failed")
            self.refuse("Internal error")
        if self.state.timeout_ms != before:
            self._rearm()
        return True

    def _pull(self, pieces: Iterator[str]) -> None:
        try:
            piece = next(pieces, None)
        except CommandError as error:
            self._drop_pieces()
            self._busy = False
            self.refuse(str(error))
            return
        except Exception:
            _log.failure("console command failed")
            piece = None
        if piece is not None:
            self.send(piece)
            return
        self._note("ok")
        self._drop_pieces()
        self._busy = False
        self.finish()

    def _drop_pieces(self) -> None:
        pieces, self._pieces = self._pieces, None
        close = getattr(pieces, "close", None)
        if close is not None:
            close()

    def _came(self, answer: Answer) -> None:
        self._busy = False
        if self._gone:
            # Nobody hears it, but it was done.
            self._note(answer if isinstance(answer, str) else "ok")
        else:
            self.answer(answer)
            self.advance()

    def _failed(self, failure: Failure) -> None:
        failure.trap(CommandError)
        self._busy = False
        if self._gone:
            self._note(f"refused: {failure.getErrorMessage()}")
        else:
            self.refuse(failure.getErrorMessage())
            self.advance()

    def _broke(self, failure: Failure) -> None:
        _log.failure("console command failed", failure)
        self._busy = False
        if not self._gone:
            self.refuse("Internal error")
            self.advance()

    def _note(self, result: str) -> None:
        """
        Note in the audit how the present command ended, if it is one for it.
        """
        invocation, self.invocation = self.invocation, None
        if invocation is not None and invocation.changes:
            words, payload = invocation.words, invocation.payload
            self._audit(performed(self.state, words, payload, self.target, result))

    def _hold_back(self) -> None:
        much = len(self.reader.buffered) > READ_AHEAD
        if self._gone or self._ended or much is self._held:
            return
        self._held = much
        if much:
            self.transport.pauseProducing()
        else:
            self.transport.resumeProducing()

    def _rearm(self) -> None:
        if self._clock is None:
            return
        timeout_ms = None if self._gone else self.state.timeout_ms
        waits = self._idle_call is not None and self._idle_call.active()
        if timeout_ms is None:
            if waits:
                self._idle_call.cancel()
            self._idle_call = None
        elif waits:
            # To put it off costs less than another call.
            self._idle_call.reset(timeout_ms / 1000)
        else:
            self._idle_call = self._clock.callLater(timeout_ms / 1000, self._idle)

    def _idle(self) -> None:
        if self._gone:
            return
        if self.waits_for_us():
            self._rearm()
            return
        self._gone = True
        self.transport.abortConnection()


async def _wait(coming: Awaitable[Answer]) -> Answer:
    return await coming
