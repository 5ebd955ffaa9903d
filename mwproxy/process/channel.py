"""
The master's end of a control channel.

What a worker says is handed to a L{WorkerEvents}; what the master asks goes out as AMP. A channel
that breaks is only reported: what it means is decided by who watches the process.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionClosed, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IUNIXTransport
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.protocols import amp
from twisted.python.failure import Failure

from mwproxy.core.levels import Level
from mwproxy.process.contents import put_contents
from mwproxy.process.inheritance import ChannelFacts, UntakenFacts
from mwproxy.process.ipc import (
    Channel,
    Figures,
    HandOver,
    Hello,
    Load,
    Message,
    NeedListener,
    OpenConsole,
    Refused,
    SendStatus,
    TakeOver,
)
from mwproxy.process.sockets import CannotBind, ListenerSpec, inherited_socket
from mwproxy.process.transports import flush, unsent

_log = Logger()
#: How long a worker may take to take note of a console session, in seconds.
CONSOLE_PATIENCE = 10.0


class WorkerEvents(Protocol):
    """
    What one worker tells its master.
    """

    def said_hello(self, version: int, software: str, pid: int) -> None:
        """
        It is up and waits; the first thing it says.
        """

    def said_status(self, status: str, facts: dict[str, Any]) -> None:
        """
        It says C{READY}, C{PAUSED}, C{RESUMED}, or C{FAILED} before it exits.
        """

    def said_message(self, text: str) -> None:
        """
        It printed a line for operators.
        """

    def said_figures(self, figures: dict[str, Any]) -> None:
        """
        Its figures changed.
        """

    def needs_listener(self, spec: ListenerSpec) -> int:
        """
        It needs a listening socket.

        @return: A descriptor that stays the master's.

        @raise CannotBind: It cannot be had.
        """

    def channel_closed(self) -> None:
        """
        It hung up; it has said its last.
        """


@dataclass(frozen=True, slots=True)
class _Untaken:
    """
    A console session that a worker has not taken note of.

    @ivar theirs: The worker's end.

    @ivar due: When it is given up, monotonic.

    @ivar late: Gives it up.
    """

    theirs: socket.socket
    due: float
    late: Any

    def settle(self) -> None:
        """
        It was taken, or never will be.
        """
        if self.late.active():
            self.late.cancel()
        self.theirs.close()


class MasterChannel(Channel):
    """
    The channel to one worker.

    @ivar events: Gets what the worker says.
    """

    def __init__(
        self,
        events: WorkerEvents,
        call_later: Callable[[float, Callable[[], object]], Any],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        @param call_later: Has a function called after some seconds.

        @param monotonic: The clock that deadlines are carried to another image with.
        """
        super().__init__()
        self.events = events
        self._call_later = call_later
        self._monotonic = monotonic
        self._asked_before = 0
        # By the number of the question.
        self._untaken: dict[int, _Untaken] = {}

    def suspend(self) -> ChannelFacts:
        """
        Note where the conversation stands, for who goes on with it. What can be sent is sent.

        Descriptors that cannot are lost, and their receiver is used to that; nothing else is.
        """
        if not self.open:
            return ChannelFacts()
        flush(self.transport)
        return ChannelFacts(
            fd=int(self.transport.fileno()),
            received=unfinished(self),
            unsent=unsent(self.transport),
            asked=self._counter,
            descriptors=self.descriptors_sent,
            untaken=[
                UntakenFacts(each.theirs.fileno(), question, each.due)
                for question, each in self._untaken.items()
            ],
        )

    def resume(self, facts: ChannelFacts) -> None:
        """
        Go on with a conversation, on the same connection.
        """
        self._counter = self._asked_before = facts.asked
        self.descriptors_sent = facts.descriptors
        for each in facts.untaken:
            theirs = inherited_socket(each.fd)
            if theirs is not None:
                theirs.setblocking(False)
                self._wait_for(each.question, theirs, each.due)
        if facts.unsent:
            self.transport.write(facts.unsent)
        if facts.received:
            self.dataReceived(facts.received)

    def _answerReceived(self, box: amp.AmpBox) -> None:
        if self._is_for_predecessor(box[amp.ANSWER]):
            self._taken(int(box[amp.ANSWER], 16))
        else:
            super()._answerReceived(box)

    def _errorReceived(self, box: amp.AmpBox) -> None:
        if self._is_for_predecessor(box[amp.ERROR]):
            self._taken(int(box[amp.ERROR], 16))
        else:
            super()._errorReceived(box)

    def _is_for_predecessor(self, tag: bytes) -> bool:
        return tag not in self._outstandingRequests and int(tag, 16) <= self._asked_before

    def load(
        self,
        generation: int,
        process: int,
        order: dict[str, Any],
        contents: Mapping[str, bytes] | None = None,
    ) -> Deferred[Any]:
        """
        Have the worker become a generation.

        @param contents: The texts of its files; if the system has no room for another descriptor,
            it reads them itself.

        @return: Fires when it has understood, with L{None} when it will not.
        """
        fd = None
        if contents and self._passes_descriptors():
            with contextlib.suppress(OSError):
                fd = put_contents(contents)
        asked = self._ask(Load, generation=generation, process=process, order=order, contents=fd)
        if fd is not None:
            asked.addBoth(_close_fd, fd)
        return asked

    def open_console(self, level: Level, mode: str, who: str = "") -> socket.socket:
        """
        Open a console session. A worker that does not even take note of it (stopped, or hanging)
        has L{CONSOLE_PATIENCE} to do so; then the session says so and ends. A command that takes
        its time has all it needs.

        @param who: The client, for the audit.

        @return: Our end, non-blocking.

        @raise LookupError: The channel is closed.
        """
        if not self.open:
            raise LookupError("the worker hung up")
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        ours.setblocking(False)
        theirs.setblocking(False)
        asked = self._ask(OpenConsole, fd=theirs.fileno(), level=level.word, mode=mode, who=who)
        question = self._counter
        self._wait_for(question, theirs, self._monotonic() + CONSOLE_PATIENCE)
        asked.addBoth(lambda result: self._taken(question))
        return ours

    def _wait_for(self, question: int, theirs: socket.socket, due: float) -> None:
        left = max(0.0, due - self._monotonic())
        late = self._call_later(left, lambda: _give_up(theirs))
        self._untaken[question] = _Untaken(theirs, due, late)

    def _taken(self, question: int) -> None:
        untaken = self._untaken.pop(question, None)
        if untaken is not None:
            untaken.settle()

    def hand_over(self, successor: MasterChannel) -> Deferred[Any]:
        """
        Join the worker with its successor, which takes its idle connections.

        @param successor: The channel to the successor.

        @return: Fires when the worker accepts no more clients; fails when it does not understand.

        @raise LookupError: One of the channels is closed.

        @raise OSError: The system refuses.
        """
        if not (self._passes_descriptors() and successor._passes_descriptors()):
            raise LookupError("the worker hung up")
        giver, taker = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        taken: Deferred[Any] = successor.callRemote(TakeOver, fd=taker.fileno())
        # Without it the connections are closed, as they would be without a successor.
        taken.addErrback(lambda failure: None)
        taken.addCallback(lambda result: taker.close())
        given: Deferred[Any] = self.callRemote(HandOver, fd=giver.fileno())
        given.addBoth(_close, giver)
        return given

    @property
    def open(self) -> bool:
        """
        Whether the worker can be spoken to.
        """
        return self.transport is not None and bool(self.transport.connected)

    def _passes_descriptors(self) -> bool:
        return self.open and IUNIXTransport.providedBy(self.transport)

    def hang_up(self) -> None:
        """
        Close the channel; the worker exits when it sees that.
        """
        if self.transport is not None:
            self.transport.abortConnection()

    def _ask(self, command: type[amp.Command], **arguments: Any) -> Deferred[Any]:
        asked: Deferred[Any] = self.callRemote(command, **arguments)
        asked.addErrback(_report)
        return asked

    @Hello.responder
    def _hello(self, version: int, software: str, pid: int) -> dict[str, Any]:
        self.events.said_hello(version, software, pid)
        return {}

    @SendStatus.responder
    def _status(self, status: str, facts: dict[str, Any]) -> dict[str, Any]:
        self.events.said_status(status, facts)
        return {}

    @Message.responder
    def _message(self, text: str) -> dict[str, Any]:
        self.events.said_message(text)
        return {}

    @Figures.responder
    def _figures(self, figures: dict[str, Any]) -> dict[str, Any]:
        self.events.said_figures(figures)
        return {}

    @NeedListener.responder
    def _need_listener(self, spec: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"fd": self.events.needs_listener(ListenerSpec.from_json(spec))}
        except CannotBind as error:
            raise Refused(str(error)) from None

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        Report the end.
        """
        super().connectionLost(reason)
        for question in list(self._untaken):
            # Offered by a former image: nobody waits for an answer that fails now.
            self._taken(question)
        self.events.channel_closed()


def unfinished(channel: Channel) -> bytes:
    """
    Get the beginning of a box whose end has not come.

    @return: The bytes that have come of it.
    """
    box: dict[bytes, bytes] = channel._currentBox or {}
    words = [word for pair in box.items() for word in pair]
    if channel._currentKey is not None:
        words.append(channel._currentKey)
    heads = b"".join(len(word).to_bytes(2, "big") + word for word in words)
    return heads + bytes(channel._unprocessed)


def _close_fd(result: Any, fd: int) -> Any:
    os.close(fd)
    return result


def _close(result: Any, sock: socket.socket) -> Any:
    sock.close()
    return result


def _give_up(session: socket.socket) -> None:
    """
    End a console session that the worker did not take.

    @param session: The worker's end. What was asked on it is thrown away: nobody shall execute it
        when its client has long been told otherwise.
    """
    text = f"The worker does not answer since {CONSOLE_PATIENCE:.0f} seconds.\n\n"
    with contextlib.suppress(OSError):
        session.send(text.encode())
        while session.recv(65536):
            pass
    with contextlib.suppress(OSError):
        session.shutdown(socket.SHUT_RDWR)


def _report(failure: Failure) -> None:
    if failure.check(ConnectionDone, ConnectionLost, ConnectionClosed) is None:
        _log.failure("a worker did not understand", failure)
