"""
The control channel between the master and one worker: AMP over a UNIX socketpair.

The master keeps one end, the worker has the other as descriptor 3. Both sides read this
file; the version is checked when the channel opens. Values end at 64 KiB; whatever streams gets a
descriptor of its own.
"""

from __future__ import annotations

import json
from itertools import count
from typing import Any, ClassVar

from twisted.internet.defer import maybeDeferred
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.protocols import amp
from twisted.python.failure import Failure

_log = Logger()
CHANNEL_VERSION = 1
CHANNEL_FD = 3


class Json(amp.Argument):
    """
    Any JSON value.
    """

    def toString(self, inObject: Any) -> bytes:
        """
        Encode.
        """
        return json.dumps(inObject, separators=(",", ":")).encode()

    def fromString(self, inString: bytes) -> Any:
        """
        Decode.
        """
        return json.loads(inString)


class Descriptor(amp.Descriptor):
    """
    A descriptor; -1 when the receiver had no room for it. That must not end the channel, which
    would end a worker that is merely out of descriptors.
    """

    def fromStringProto(self, inString: Any, proto: Any) -> int:
        """
        Take the descriptor. Those that follow a lost one are counted as their sender counts.
        """
        number = int(inString)
        descriptors: dict[int, int] = proto._descriptors
        if number in descriptors:
            return descriptors.pop(number)
        proto._receivingDescriptorCounter = count(number + 1).__next__
        return -1


class Channel(amp.AMP):
    """
    One end of the control channel: AMP that does not log each connection, and knows the difference
    between a command that cannot be executed, which is refused, and a stream that makes no sense,
    which ends the channel.

    @ivar transport: L{None} once the channel is closed.
    """

    transport: Any
    #: How many descriptors the other side was sent.
    descriptors_sent = 0

    def _sendFileDescriptor(self, descriptor: int) -> int:
        self.transport.sendFileDescriptor(descriptor)
        number = self.descriptors_sent
        self.descriptors_sent += 1
        return number

    def makeConnection(self, transport: Any) -> None:
        """
        Begin to speak.
        """
        amp.BinaryBoxProtocol.makeConnection(self, transport)

    def dataReceived(self, data: bytes) -> None:
        """
        Take what came; close if it is not our language.
        """
        try:
            super().dataReceived(data)
        except Exception as error:
            # The rim: nothing that comes behind it can be understood.
            _log.warn(
                "The control channel makes no sense ({kind}: {error}), closing it.",
                kind=type(error).__name__,
                error=error,
            )
            if self.transport is not None:
                self.transport.abortConnection()

    def lengthLimitExceeded(self, length: int) -> None:
        """
        Close: nobody says such a long word.
        """
        _log.warn(
            "The control channel makes no sense (a word of {length} bytes), closing it.",
            length=length,
        )
        super().lengthLimitExceeded(length)

    def dispatchCommand(self, box: Any) -> Any:
        """
        Execute a command. One with impossible arguments, or whose execution fails, is answered
        with an error; AMP would close.
        """
        return maybeDeferred(super().dispatchCommand, box).addErrback(self._refuse, box)

    def _refuse(self, failure: Failure, box: Any) -> Failure:
        if failure.check(amp.RemoteAmpError) is None:
            name = box.get(b"_command", b"").decode("ascii", "backslashreplace")
            _log.failure("{name} on the control channel failed", failure, name=name)
            failure = Failure(amp.RemoteAmpError(amp.UNKNOWN_ERROR_CODE, b"failed"))
        return failure

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        Fail what was asked and not answered.
        """
        amp.BinaryBoxProtocol.connectionLost(self, reason)
        self.transport = None


class Refused(Exception):
    """
    The other side cannot do what was asked; the text says why.
    """


class Hello(amp.Command):
    """
    Worker to master, first of all: who I am.
    """

    arguments = [
        (b"version", amp.Integer()),
        (b"software", amp.Unicode()),
        (b"pid", amp.Integer()),
    ]
    response: ClassVar[list[Any]] = []


class Load(amp.Command):
    """
    Master to a standby worker: become generation C{generation}. Answered as soon as it is
    understood; the outcome comes as L{SendStatus}.

    C{order}: C{{"files": [...], "directory": str, "options": {...command line values...},
    "environment": {...changes...}, "startup_version": str}}. C{contents}: the texts of the files
    (see L{mwproxy.process.contents}); without it the worker reads them itself.
    """

    arguments = [
        (b"generation", amp.Integer()),
        (b"process", amp.Integer()),
        (b"order", Json()),
        (b"contents", Descriptor(optional=True)),
    ]
    response: ClassVar[list[Any]] = []


class NeedListener(amp.Command):
    """
    Worker to master: give me the listening socket for this C{bind}.

    C{spec} is a L{ListenerSpec<mwproxy.process.sockets.ListenerSpec>} as JSON. The error's text is
    the system's, such as C{cannot bind socket (Address already in use) for [127.0.0.1:80]}.
    """

    arguments = [(b"spec", Json())]
    response = [(b"fd", Descriptor())]
    errors = {Refused: b"REFUSED"}


class Message(amp.Command):
    """
    Worker to master: a start-up message that I printed, for C{show startup-logs}.
    """

    arguments = [(b"text", amp.Unicode())]
    response: ClassVar[list[Any]] = []


class SendStatus(amp.Command):
    """
    Worker to master: C{READY}, or C{FAILED} with an exit status that will follow; C{PAUSED} and
    C{RESUMED} when it was signaled so.
    """

    arguments = [(b"status", amp.Unicode()), (b"facts", Json())]
    response: ClassVar[list[Any]] = []


class Leave(amp.Command):
    """
    Master to worker: soft stop, as SIGUSR1.
    """

    arguments: ClassVar[list[Any]] = []
    response: ClassVar[list[Any]] = []


class HandOver(amp.Command):
    """
    Master to a worker: begin your soft stop; this C{SOCK_SEQPACKET} leads to your successor, which
    takes your idle connections (see C{net/handover.py}). Answered when you accept no more clients.
    """

    arguments: ClassVar[list[Any]] = [(b"fd", Descriptor())]
    response: ClassVar[list[Any]] = []


class TakeOver(amp.Command):
    """
    Master to a worker that is READY: connections of a worker that leaves will come here.
    """

    arguments: ClassVar[list[Any]] = [(b"fd", Descriptor())]
    response: ClassVar[list[Any]] = []


class OpenConsole(amp.Command):
    """
    Master to worker: serve a console session on this stream descriptor.

    C{level} is the highest level of the session; C{mode} is C{n}, C{i} or C{p}; C{who} is the
    master's client, for the audit.
    """

    arguments = [
        (b"fd", Descriptor()),
        (b"level", amp.Unicode()),
        (b"mode", amp.Unicode()),
        (b"who", amp.Unicode(optional=True)),
    ]
    response: ClassVar[list[Any]] = []


class Figures(amp.Command):
    """
    Worker to master, every few seconds while they change: figures for C{STATUS=}.
    """

    arguments = [(b"figures", Json())]
    response: ClassVar[list[Any]] = []
