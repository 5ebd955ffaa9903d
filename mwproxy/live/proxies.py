"""
Live frontends and backends, and the state of the whole worker.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mwproxy.config import model
from mwproxy.core import compilers
from mwproxy.core.diagnostics import Severity
from mwproxy.live.counters import Counters
from mwproxy.live.errors import ErrorBook
from mwproxy.live.rates import RateLimit
from mwproxy.live.servers import Server
from mwproxy.live.tally import Tally
from mwproxy.live.tls_files import TlsFiles

if TYPE_CHECKING:
    from mwproxy.live.servers import Balancer
    from mwproxy.live.sessions import Session
    from mwproxy.live.spoe import EngineFigures

#: Prints one message for operators.
Say = Callable[[Severity, str], None]

#: Told of a server that came up or went down; returns how many waiting streams got another place.
ServerHook = Callable[[Server], int]

#: Sends one log line: syslog severity (0 to 7) and the bytes of the line.
LogSink = Callable[[int, bytes], None]

#: C{option} keywords about which streams are logged.
LOG_OPTIONS = frozenset(("dontlog-normal", "dontlognull", "log-separate-errors"))


#: A compiled ruleset, see C{rules/ruleset.py}.
Rules = Callable[[Any], Any]


def _rules(description: model.Proxy) -> tuple[Rules | None, Rules | None]:
    request, response = description.tcp_request_content, description.tcp_response_content
    if description.mode != "http":
        return request, response
    if request is not None:
        request = compilers.rules().chain((request, description.http_request))
    if response is not None:
        response = compilers.rules().chain((response, description.http_response))
    return request or description.http_request, response or description.http_response


class Frontend:
    """
    One live frontend.

    @ivar description: The section.

    @ivar state: C{"OPEN"}, C{"PAUSED"}, C{"STOP"} or C{"FULL"}.

    @ivar maxconn: Most sessions at one time.

    @ivar rate_limit: C{rate-limit sessions}.

    @ivar default_backend: L{None} when there is none.

    @ivar log: Where log lines go, L{None} when nowhere.

    @ivar render: Makes the log line of a stream, L{None} when streams are not logged.

    @ivar logs_all: True when no option says which streams are logged, and how.

    @ivar listeners: Objects of C{net/listeners.py}.

    @ivar request_rules: Applied to each stream before a backend is chosen: those of the section,
        unless filters stand before them. L{None} for none. They may return a
        L{Wait<mwproxy.rules.ruleset.Wait>}.

    @ivar response_rules: The same for responses, after those of the backend.

    @ivar events: What its filters do at events, by their names (C{stream/stages.py}); empty
        without filters.
    """

    def __init__(self, description: model.Proxy, worker: WorkerState) -> None:
        self.description = description
        self.worker = worker
        self.name = description.name
        self.number = description.number
        self.counters = Counters()
        self.state = "OPEN"
        self.maxconn = description.maxconn or 0
        self.rate_limit = RateLimit(description.rate_limit)
        self.default_backend: Backend | None = None
        self.log: LogSink | None = None
        self.render = description.log_format
        self.logs_all = not description.options & LOG_OPTIONS
        self.listeners: list[Any] = []
        self.request_rules, self.response_rules = _rules(description)
        self.events: dict[str, Rules] = {}


class Backend:
    """
    One live backend.

    @ivar servers: All servers in order.

    @ivar balancer: Its algorithm at work.

    @ivar queue: Streams waiting for any server, oldest first.

    @ivar active: Usable servers that are no backups.   @ivar backups: Usable backups.

    @ivar last_change: Monotonic time of the last turn from up to down or back.

    @ivar revisions: How many servers that had a number were deleted, by number.

    @ivar downtime: Seconds spent without usable server before L{down_since}, which is 0.0 while
        there is one.

    @ivar request_rules: Applied to each stream that goes to it, unless its frontend is the same
        section; see L{Frontend}.

    @ivar response_rules: Applied to each response, before those of the frontend.

    @ivar events: See L{Frontend}.
    """

    balancer: Balancer

    def __init__(self, description: model.Proxy, worker: WorkerState) -> None:
        self.description = description
        self.worker = worker
        self.name = description.name
        self.number = description.number
        self.counters = Counters()
        self.queue: deque[Any] = deque()
        self.servers: list[Server] = [
            Server(line, self, line.settings.id or position)
            for position, line in enumerate(description.servers, 1)
        ]
        self.active = 0
        self.backups = 0
        self.last_change = worker.now
        self.downtime = 0.0
        self.down_since = 0.0
        self.log: LogSink | None = None
        self.request_rules, self.response_rules = _rules(description)
        self.events: dict[str, Rules] = {}
        self._fullconn: int | None = None
        self.revisions: dict[int, int] = {}

    @property
    def fullconn(self) -> int:
        """
        Streams at which servers with C{minconn} reach their C{maxconn}: C{fullconn}, else a
        tenth of the C{maxconn} of all frontends that may choose this backend.
        """
        if self._fullconn is None:
            self._fullconn = self.description.fullconn or self._default_fullconn()
        return self._fullconn

    def _default_fullconn(self) -> int:
        total = 0
        for frontend in self.worker.frontends.values():
            section = frontend.description
            switches = section.use_backend
            if self.name in (section.default_backend, section.name) or any(
                each.dynamic is not None or each.target == self.name for each in switches
            ):
                total += frontend.maxconn or self.worker.maxconn
        return -(-total // 10)

    def usable(self) -> int:
        """
        Count servers for C{nbsrv}: the active ones, or the backups when those are in use.

        @return: How many servers load balancing may choose from.
        """
        return self.active or self.backups


class WorkerState:
    """
    Everything that is live in one worker.

    @ivar now: The monotonic clock as of this turn of the reactor.

    @ivar started_wall: When the process was started, seconds since the epoch.

    @ivar generation: Number of the configuration it runs, 0 when there is no master.

    @ivar process: Relative number among the workers of its generation, from 1.

    @ivar leaving: True once a soft stop was asked for, also during C{grace}.

    @ivar stopping: True when connections that become idle go, to the successor if there is one.

    @ivar sessions: All client sessions.

    @ivar counters: Process-wide figures, for C{show info}.

    @ivar unsettled: What streams of this turn have added, see L{settle}.

    @ivar errors: Invalid messages, for C{show errors}.

    @ivar tls_files: Certificates and their like, as consoles change them.

    @ivar spoe: What SPOE engines count, for C{show spoe}.

    @ivar audit_log: Where lines of the audit go besides standard error, L{None} when nowhere.

    @ivar maxconn_reached: How often no more connections were accepted as there were C{maxconn}.

    @ivar boot_ms: How long it took from the order to start until it served.

    @ivar connection_limit: Most connections per second (C{maxconnrate}).

    @ivar session_limit: Most sessions per second (C{maxsessrate}).

    @ivar tls_session_limit: What C{set rate-limit ssl-sessions} said, which limits nothing.

    @ivar compression_limit: What C{set rate-limit http-compression} said, in bytes per second;
        there is nothing to limit.

    @ivar say: Prints a message for operators; does nothing until the worker sets it.

    @ivar on_server_up: Called when load balancing may use a server again, to give it streams
        that wait.

    @ivar on_server_down: Called when it may not any more (down, maintenance, drain), to send on
        what waits for it and, unless C{server.up}, to close its idle connections.

    @ivar on_server_added: Called when the console has added a server, which is in maintenance.

    @ivar on_server_gone: Called when the console has deleted one, to let go of it.

    @ivar on_server_moved: Called when the console has given one another address, to close its idle
        connections to the former one.
    """

    def __init__(self, configuration: model.Configuration, now: float, wall: float) -> None:
        self.configuration = configuration
        self.now = now
        self.started = now
        self.started_wall = wall
        self.generation = 0
        self.process = 1
        self.leaving = False
        self.stopping = False
        self.sessions: set[Session] = set()
        self.frontends: dict[str, Frontend] = {}
        self.backends: dict[str, Backend] = {}
        self.counters = Counters()
        self.unsettled: list[Tally] = []
        self.maxconn = configuration.global_.maxconn or 0
        self.hard_maxconn = self.maxconn
        self.connection_limit = RateLimit(configuration.global_.maxconnrate)
        self.session_limit = RateLimit(configuration.global_.maxsessrate)
        self.tls_session_limit = 0
        self.compression_limit = 0
        self.session_numbers = 0
        self.startup_messages: list[str] = []
        self.dropped_logs = 0
        self.bytes_spliced = 0
        self.errors = ErrorBook()
        self.tls_files = TlsFiles()
        self.audit_log: LogSink | None = None
        self.spoe: list[EngineFigures] = []
        self.maxconn_reached = 0
        self.boot_ms = 0
        self.under_master = False
        self.say: Say = _say_nothing
        self.on_server_up: list[ServerHook] = []
        self.on_server_down: list[ServerHook] = []
        self.on_server_added: list[ServerHook] = []
        self.on_server_gone: list[ServerHook] = []
        self.on_server_moved: list[ServerHook] = []

    def settle(self) -> None:
        """
        Bring to the counters what streams have added. To be called when a turn of the reactor ends.
        """
        unsettled = self.unsettled
        if unsettled:
            for tally in unsettled:
                tally.settle()
            unsettled.clear()


def _say_nothing(severity: Severity, text: str) -> None:
    pass
