"""
The demonstration origin: C{python -m mwproxy.demo.origin --port 9081 --name a}.

A small HTTP server (or TCP echo) to stand behind a proxy; C{/help} lists what
it answers. USR1 lets it finish what it serves and exit, as C{program} sections expect;
with C{--stay} it goes on instead.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IPullProducer
from twisted.internet.protocol import Protocol, ServerFactory
from zope.interface import implementer

from mwproxy.demo.greeting import GREETINGS, greeting
from mwproxy.demo.messages import BadRequest, Request, RequestReader
from mwproxy.demo.pages import Answer, Origin, answer, has_body, keeps_open, render_head
from mwproxy.demo.websocket import Echo


@implementer(IPullProducer)
class HTTPOrigin(Protocol):
    """
    One HTTP connection; requests are answered in order, one at a time.
    """

    factory: Connections
    transport: Any

    def connectionMade(self) -> None:
        """
        Begin to read requests.
        """
        self.factory.opened(self)
        self._reader = RequestReader()
        self._waiting: list[Request] = []
        self._busy = False
        self._echo: Echo | None = None
        self._pieces: Iterator[bytes] = iter(())
        self._chunked = False
        self._close = False
        self._delayed: Any = None

    def connectionLost(self, reason: object = None) -> None:
        """
        Forget the connection.
        """
        if self._delayed is not None and self._delayed.active():
            self._delayed.cancel()
        self.factory.closed(self)

    def dataReceived(self, data: bytes) -> None:
        """
        Take bytes of the peer.
        """
        if self._echo is not None:
            self._frames(data)
            return
        try:
            self._waiting += self._reader.feed(data)
        except BadRequest as error:
            body = f"{error}\n".encode("latin-1", "replace")
            self.transport.write(
                b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s"
                % (len(body), body)
            )
            self.transport.loseConnection()
            return
        self._next()

    def finish(self) -> None:
        """
        End the connection behind the answer that is under way, or now.
        """
        self._close = True
        if not self._busy and self._echo is None:
            self.transport.loseConnection()

    def resumeProducing(self) -> None:
        """
        Send another piece of the body.
        """
        piece = next(self._pieces, None)
        if piece is not None:
            self.transport.write(b"%x\r\n%s\r\n" % (len(piece), piece) if self._chunked else piece)
            return
        if self._chunked:
            self.transport.write(b"0\r\n\r\n")
        self.transport.unregisterProducer()
        self._done()

    def stopProducing(self) -> None:
        """
        Drop the rest of the body: the peer is gone.
        """
        self._pieces = iter(())

    def _next(self) -> None:
        if self._busy or not self._waiting:
            return
        self._busy = True
        request = self._waiting.pop(0)
        said = answer(request, self.factory.origin)
        if said.delay_ms:
            later = self.factory.call_later
            self._delayed = later(said.delay_ms / 1000, self._send, request, said)
        else:
            self._send(request, said)

    def _send(self, request: Request, said: Answer) -> None:
        head = render_head(said, request, self.factory.origin.name)
        if said.upgrade:
            self.transport.write(head)
            self._echo = Echo()
            self._frames(self._reader.leftover())
            return
        self._close = self._close or not keeps_open(said, request)
        if not has_body(said, request):
            self.transport.write(head)
            self._done()
        elif said.length is not None and said.length <= 65536:
            self.transport.write(head + b"".join(said.body))
            self._done()
        else:
            self.transport.write(head)
            self._pieces = said.body
            self._chunked = said.length is None and request.version == "HTTP/1.1"
            self.transport.registerProducer(self, False)

    def _done(self) -> None:
        self._busy = False
        if self._close:
            self.transport.loseConnection()
        else:
            self.factory.call_later(0, self._next)

    def _frames(self, data: bytes) -> None:
        assert self._echo is not None
        self.transport.write(self._echo.feed(data))
        if self._echo.closed:
            self.transport.loseConnection()


class TCPOrigin(Protocol):
    """
    One TCP connection whose bytes are sent back.
    """

    factory: Connections
    transport: Any

    def connectionMade(self) -> None:
        """
        Stop reading whenever the peer does not read.
        """
        self.factory.opened(self)
        self.transport.registerProducer(self.transport, True)

    def connectionLost(self, reason: object = None) -> None:
        """
        Forget the connection.
        """
        self.factory.closed(self)

    def dataReceived(self, data: bytes) -> None:
        """
        Send it back.
        """
        self.transport.write(data)

    def finish(self) -> None:
        """
        Let the peer end it.
        """


class Connections(ServerFactory):
    """
    The connections of an origin.

    @ivar call_later: The reactor's C{callLater}.
    """

    noisy = False

    def __init__(
        self, protocol: type[Protocol], origin: Origin, call_later: Callable[..., Any]
    ) -> None:
        self.protocol = protocol
        self.origin = origin
        self.call_later = call_later
        self._open: set[HTTPOrigin | TCPOrigin] = set()
        self._drained: Callable[[], object] | None = None

    def opened(self, connection: HTTPOrigin | TCPOrigin) -> None:
        """
        Count a connection in.
        """
        self._open.add(connection)

    def closed(self, connection: HTTPOrigin | TCPOrigin) -> None:
        """
        Count a connection out.
        """
        self._open.discard(connection)
        if not self._open and self._drained is not None:
            drained, self._drained = self._drained, None
            drained()

    def drain(self, drained: Callable[[], object]) -> None:
        """
        Finish what is under way.

        @param drained: Called once no connection is left.
        """
        self._drained = drained
        for connection in list(self._open):
            connection.finish()
        if not self._open and self._drained is not None:
            self._drained = None
            drained()


def parse_arguments(argv: list[str]) -> argparse.Namespace:
    """
    Read the command line.

    @param argv: The words behind the program's name.

    @return: Its options.
    """
    parser = argparse.ArgumentParser(
        prog="python -m mwproxy.demo.origin",
        description="A small origin server for trying a proxy.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=9081, help="port to listen on, 0 for any")
    parser.add_argument("--name", default="origin", help="what it calls itself")
    parser.add_argument("--mode", choices=("http", "tcp"), default="http", help="tcp: an echo")
    parser.add_argument("--stay", action="store_true", help="ignore USR1")
    parser.add_argument("--hint", default="--port", help="how to choose another port")
    parser.add_argument("--say-port", action="store_true", help="print the port when ready")
    parser.add_argument(
        "--greet",
        nargs="?",
        const="quickstart",
        choices=GREETINGS,
        help="print what to try at the first health check, for one of the examples",
    )
    return parser.parse_args(argv)


def serve(options: argparse.Namespace, reactor: Any, out: Callable[[str], None]) -> Connections:
    """
    Begin to listen, and to obey USR1 once the reactor runs.

    @param options: As L{parse_arguments} gives them.

    @param reactor: Twisted's reactor.

    @param out: Prints a text.

    @return: The factory whose connections are served.

    @raise CannotListenError: The port is taken.
    """
    origin = Origin(options.name)

    def greet() -> None:
        origin.checked = lambda: None
        out(greeting(os.environ, options.greet))

    if options.greet:
        origin.checked = greet
    protocol = TCPOrigin if options.mode == "tcp" else HTTPOrigin
    factory = Connections(protocol, origin, reactor.callLater)
    port = reactor.listenTCP(options.port, factory, 1024, options.host)
    if options.say_port:
        out(f"{port.getHost().port}\n")

    def finish() -> None:
        port.stopListening()
        factory.drain(reactor.stop)

    def leave(signum: int, frame: object) -> None:
        reactor.callFromThread(finish)

    on_usr1 = signal.SIG_IGN if options.stay else leave
    reactor.callWhenRunning(signal.signal, signal.SIGUSR1, on_usr1)
    return factory


def main(argv: list[str] | None = None) -> int:
    """
    Serve until told to stop.

    @param argv: The words behind the program's name, L{None} for the process's own.

    @return: The exit status.
    """
    from twisted.internet import reactor

    options = parse_arguments(sys.argv[1:] if argv is None else argv)

    def out(said: str) -> None:
        sys.stdout.write(said)
        sys.stdout.flush()

    try:
        serve(options, reactor, out)
    except CannotListenError as error:
        sys.stderr.write(
            f"origin {options.name}: cannot listen on {options.host}:{options.port}"
            f" ({error.socketError.strerror}); choose another port with {options.hint}\n"
        )
        return 1
    reactor.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
