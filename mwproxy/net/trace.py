"""
C{-d}: who connects, what is asked and what is answered, on standard output, in HAProxy's form
(management manual, 3).

The trace stands in front of the rules of each proxy and behind its log, so that nothing of the data
plane knows about it: without C{-d} it is not even imported. Two things follow. What ends before the
rules are reached (a request that makes no sense) shows only as accepted and closed; and all
requests count as changed by rules, and are written anew for servers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mwproxy.config.model import Configuration, Proxy
from mwproxy.live.proxies import Frontend, WorkerState
from mwproxy.live.sessions import Stream
from mwproxy.protocols.http1.messages import Request, Response
from mwproxy.stream.outcome import write_log

#: A descriptor that there is not (yet).
_NONE = -1
#: More streams than this are not told apart: the eldest have ended without a word.
_MOST = 10_000


class Trace:
    """
    Follows the streams of a worker.
    """

    def __init__(self, write: Callable[[str], object]) -> None:
        """
        @param write: Gets each line, with its line feed.
        """
        self._write = write
        self._count = 0
        #: Number, descriptors and, so that none other gets its identity meanwhile, the stream.
        self._known: dict[int, tuple[int, int, int, Any]] = {}

    def watch_rules(self, configuration: Configuration) -> None:
        """
        Stand in front of the rules.

        @param configuration: Not sealed yet.
        """
        for proxy in configuration.proxies:
            if proxy.mode == "http":
                if proxy.has_frontend:
                    proxy.http_request = self._before_request(proxy)
                proxy.http_response = self._before_response(proxy)

    def watch_ends(self, state: WorkerState) -> None:
        """
        Stand behind the logs.

        @param state: Its log targets are connected.
        """
        for frontend in state.frontends.values():
            self._behind_log(frontend)

    def watch_router(self, router: Any) -> Any:
        """
        Stand in front of the choice of a backend, which is where a TCP stream begins.

        @param router: A frontend's L{Router<mwproxy.stream.routing.Router>}.

        @return: What to use in its place.
        """
        return _TracedRouter(router, self)

    def begun(self, stream: Stream) -> None:
        """
        Show that a stream began.
        """
        session: Any = stream.session
        number = self._count
        self._count += 1
        if len(self._known) >= _MOST:
            del self._known[next(iter(self._known))]
        self._known[id(stream)] = (number, session.fd, _NONE, stream)
        name = session.frontend.name
        listener = next(
            (each.fd for each in session.frontend.listeners if each.bind is session.bind), _NONE
        )
        peer = f"{session.client_host}:{session.client_port}" if session.client_host else "unix"
        self._write(
            f"{number:08x}:{name}.accept({_word(listener)})={_word(session.fd)} from [{peer}] "
            "ALPN=<none>\n"
        )

    def _before_request(self, proxy: Proxy) -> Callable[[Any], Any]:
        rules = proxy.http_request

        def request(stream: Any) -> Any:
            if stream.session.frontend.name == proxy.name and id(stream) not in self._known:
                self.begun(stream)
                message: Request = stream.request
                start = message.line.rstrip(b"\r\n") or b"%b %b" % (message.method, message.target)
                self._head(stream, proxy.name, "cli", "req", start, message)
            return None if rules is None else rules(stream)

        request.waits = getattr(rules, "waits", False)  # type: ignore[attr-defined]
        return request

    def _before_response(self, proxy: Proxy) -> Callable[[Any], Any]:
        rules = proxy.http_response

        def response(stream: Any) -> Any:
            if stream.backend is not None and stream.backend.name == proxy.name:
                message: Response = stream.response
                version = b"HTTP/%d.%d" % divmod(message.version, 10)
                start = b"%b %d %b" % (version, message.status, message.reason)
                number, client = self._known.get(id(stream), (0, _NONE))[:2]
                link = getattr(stream, "link", None)
                self._known[id(stream)] = (number, client, getattr(link, "fd", _NONE), stream)
                self._head(stream, proxy.name, "srv", "rep", start, message)
            return None if rules is None else rules(stream)

        response.waits = getattr(rules, "waits", False)  # type: ignore[attr-defined]
        return response

    def _head(
        self, stream: Any, name: str, side: str, kind: str, start: bytes, message: Any
    ) -> None:
        number, client, server, _ = self._known[id(stream)]
        end = f"{server:04x}" if server >= 0 else "ffffffff"
        fds = f"[{_word(client)}:{end}]"
        text = start.decode("latin-1")
        lines = [f"{number:08x}:{name}.{side}{kind}{fds}: {text}\n"]
        for field, value in message.fields():
            text = f"{field.decode('latin-1')}: {value.decode('latin-1')}"
            lines.append(f"{number:08x}:{name}.{side}hdr{fds}: {text}\n")
        self._write("".join(lines))

    def _behind_log(self, frontend: Frontend) -> None:
        wanted = frontend.log, frontend.render, frontend.logs_all

        def render(stream: Stream) -> bytes:
            self._ended(stream)
            frontend.log, frontend.render, frontend.logs_all = wanted
            try:
                write_log(stream)
            finally:
                frontend.log, frontend.render, frontend.logs_all = traced
            return b""

        traced = (_drop, render, True)
        frontend.log, frontend.render, frontend.logs_all = traced

    def _ended(self, stream: Any) -> None:
        if id(stream) not in self._known:
            self.begun(stream)
        number, client, server, _ = self._known.pop(id(stream))
        name = (stream.backend or stream.session.frontend).name
        fds = f"[{_word(client)}:{_word(server)}]"
        sides = ("srv", "cli") if server >= 0 or stream.server is not None else ("cli",)
        lines = [f"{number:08x}:{name}.{side}cls{fds}\n" for side in sides]
        self._write("".join([*lines, f"{number:08x}:{name}.closed{fds}\n"]))


class _TracedRouter:
    """
    A router whose choices show.

    @ivar only: There is always something to choose, or nothing would show.
    """

    only = None

    def __init__(self, router: Any, trace: Trace) -> None:
        self._router = router
        self._trace = trace

    def __getattr__(self, name: str) -> Any:
        return getattr(self._router, name)

    def choose(self, stream: Any) -> Any:
        """
        Choose as the router does.
        """
        if stream.request is None:
            self._trace.begun(stream)
        return self._router.choose(stream)


def _drop(level: int, line: bytes) -> None:
    """
    Log nothing: who renders has logged.
    """


def _word(fd: int) -> str:
    return f"{fd & 0xFFFF:04x}"
