"""
Sessions and streams as plain data.

A session is one client connection, a stream one exchange in it (one HTTP request with its
response, or all of a TCP session). Whatever rules, logs, consoles and a hand-over to another
process must know of them is here; descriptors and input/output are in C{net/}, whose drivers
extend these classes.

All times are seconds of the monotonic clock, 0.0 for "not reached"; C{wall} times are seconds
since the epoch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mwproxy.live.servers import Server

if TYPE_CHECKING:
    from mwproxy.live.proxies import Backend, Frontend
    from mwproxy.live.tally import Tally
    from mwproxy.protocols.http1.messages import Request, Response


class Session:
    """
    One client connection.

    @ivar number: Counts the sessions of this process, from 1.

    @ivar bind: The description of the listener that accepted it.

    @ivar client_host: Address of the client, empty for UNIX sockets; what C{accept-proxy}
        or a rule says wins.

    @ivar own_host: Address the client connected to; L{None} until somebody asks, see
        L{destination}.

    @ivar accepted: When it was accepted.

    @ivar accepted_wall: The same in wall-clock time.

    @ivar requests: How many streams it has begun.

    @ivar variables: Values of C{sess.} variables by full name; unset or L{None} for none.

    @ivar spoe: What SPOE engines remember of its present stream: the number of that in C{requests},
        the number that agents know it by, and what each engine remembers; unset while none
        has asked. (It does not stand with the stream, whose attributes have no more room, see
        C{net/exchange.py}.)
    """

    __slots__ = (
        "number", "frontend", "bind", "client_host", "client_port", "own_host", "own_port",
        "accepted", "accepted_wall", "handshaken", "requests", "stream", "variables", "spoe",
    )  # fmt: skip

    number: int
    frontend: Frontend
    bind: Any
    client_host: str
    client_port: int
    own_host: str | None
    own_port: int
    accepted: float
    accepted_wall: float
    handshaken: float
    requests: int
    stream: Stream | None
    variables: dict[str, Any] | None
    spoe: tuple[int, int, dict[Any, Any]]

    def destination(self) -> tuple[str, int]:
        """
        Tell which of our addresses the client connected to.

        @return: Address and port; empty and 0 for UNIX sockets.
        """
        return self.own_host or "", self.own_port


class Stream:
    """
    One exchange. Class attributes are the values of a fresh one, so that making one
    costs no more than what differs.

    @ivar session: The client connection it belongs to.

    @ivar request: The HTTP request, L{None} in TCP mode or before its head is complete.

    @ivar response: The HTTP response as the client gets it, L{None} before there is one.

    @ivar backend: The live backend, L{None} before one is chosen.

    @ivar server: The live server, L{None} before one is chosen or when the proxy itself
        answers (logged as C{<NOSRV>}, or C{<STATS>}-like when L{service} is set).

    @ivar tally: Where it is counted once it has a server, L{None} before.

    @ivar begun: When its first byte came, or the session was accepted for the first stream.

    @ivar idle_since: When the connection began to wait for it.

    @ivar request_at: When the whole request head was in.

    @ivar queued_at: When it entered a queue.

    @ivar assigned_at: When it left the queue with a server.   @ivar connected_at: When the
        server connection stood.   @ivar response_at: When the response head was in.

    @ivar ended_at: When its last byte left.

    @ivar bytes_in: Bytes from the client (C{%U}).   @ivar bytes_out: Bytes to the client (C{%B}).

    @ivar cause: First letter of the termination state: who or what ended it
        (C{C S P L R I D U K c s -}, configuration manual 8.5).

    @ivar phase: Second letter: what it was doing then (C{R Q C H D L T -}).

    @ivar cookies: Third and fourth letter.

    @ivar status: Status sent to the client, -1 before there was one (0 for none in TCP mode).

    @ivar retries: Connection attempts after the first.   @ivar redispatched: True when
        another server than the first was used for a retry.

    @ivar server_queue: Streams before it in the server's queue when it was queued.

    @ivar backend_queue: The same for the backend's.

    @ivar reused: True when its server connection had served before.

    @ivar variables: Values of C{txn.}, C{req.}, C{res.} variables by full name, L{None} for none.

    @ivar log_level: Severity to log it with, -1 for the usual one, -2 for no line at all.

    @ivar received: Method and target as they came, once a rule has changed one of them; L{None}
        while the request has them.

    @ivar server_host: Address of our end towards the server (C{%bi}), empty when unknown.
    """

    session: Session
    request: Request | None = None
    response: Response | None = None
    backend: Backend | None = None
    server: Server | None = None
    tally: Tally | None = None
    service: str = ""
    begun: float = 0.0
    begun_wall: float = 0.0
    idle_since: float = 0.0
    request_at: float = 0.0
    queued_at: float = 0.0
    assigned_at: float = 0.0
    connected_at: float = 0.0
    response_at: float = 0.0
    ended_at: float = 0.0
    bytes_in: int = 0
    bytes_out: int = 0
    cause: str = "-"
    phase: str = "-"
    cookies: str = "--"
    status: int = -1
    retries: int = 0
    redispatched: bool = False
    server_queue: int = 0
    backend_queue: int = 0
    reused: bool = False
    variables: dict[str, Any] | None = None
    received: tuple[bytes, bytes] | None = None
    server_host: str = ""
    server_port: int = 0
    request_captures: tuple[bytes | None, ...] = ()
    response_captures: tuple[bytes | None, ...] = ()
    log_level: int = -1

    def __init__(self, session: Session) -> None:
        """
        @param session: The client connection.
        """
        self.session = session

    @property
    def frontend(self) -> Frontend:
        """
        The live frontend.
        """
        return self.session.frontend

    def payload(self) -> bytes:
        """
        Get what of the request's body is at hand, without chunked coding.

        @return: Empty when there is nothing.
        """
        return b""

    def payload_whole(self) -> bool:
        """
        Tell whether that is the whole body.
        """
        return True

    def payload_size(self) -> int:
        """
        Tell how long the body is as far as is known.
        """
        return 0

    def needs_body(self, least: int) -> bool:
        """
        Tell whether it makes sense to wait for more of the body.

        @param least: Bytes of it that are enough, 0 for all of it.
        """
        return False
