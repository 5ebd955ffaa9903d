"""
Live frontends and backends, and the state of the whole worker.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mwproxy.config import model
from mwproxy.live.counters import Counters
from mwproxy.live.servers import Server

if TYPE_CHECKING:
    from mwproxy.live.servers import Balancer
    from mwproxy.live.sessions import Session

#: Sends one log line: syslog severity (0 to 7) and the bytes of the line.
LogSink = Callable[[int, bytes], None]


class Frontend:
    """
    One live frontend.

    @ivar description: The section.

    @ivar state: C{"OPEN"}, C{"PAUSED"}, C{"STOP"} or C{"FULL"}.

    @ivar maxconn: Most sessions at one time.

    @ivar default_backend: L{None} when there is none.

    @ivar log: Where log lines go, L{None} when nowhere.

    @ivar listeners: Objects of C{net/listeners.py}.
    """

    def __init__(self, description: model.Proxy, worker: WorkerState) -> None:
        self.description = description
        self.worker = worker
        self.name = description.name
        self.number = description.number
        self.counters = Counters()
        self.state = "OPEN"
        self.maxconn = description.maxconn or 0
        self.default_backend: Backend | None = None
        self.log: LogSink | None = None
        self.listeners: list[Any] = []


class Backend:
    """
    One live backend.

    @ivar servers: All servers in order.

    @ivar balancer: Its algorithm at work.

    @ivar queue: Streams waiting for any server, oldest first.

    @ivar active: Usable servers that are no backups.   @ivar backups: Usable backups.

    @ivar last_change: Monotonic time of the last turn from up to down or back.
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

    @ivar stopping: True once a soft stop has begun.

    @ivar sessions: All client sessions.

    @ivar counters: Process-wide figures, for C{show info}.
    """

    def __init__(self, configuration: model.Configuration, now: float, wall: float) -> None:
        self.configuration = configuration
        self.now = now
        self.started = now
        self.started_wall = wall
        self.generation = 0
        self.process = 1
        self.stopping = False
        self.sessions: set[Session] = set()
        self.frontends: dict[str, Frontend] = {}
        self.backends: dict[str, Backend] = {}
        self.counters = Counters()
        self.maxconn = configuration.global_.maxconn or 0
        self.hard_maxconn = self.maxconn
        self.session_numbers = 0
        self.startup_messages: list[str] = []
        self.dropped_logs = 0
        self.bytes_spliced = 0
        self.under_master = False
