"""
Live servers: what checks, traffic and the console change.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Protocol

from mwproxy.config import model
from mwproxy.live.agents import Agent
from mwproxy.live.counters import Counters

if TYPE_CHECKING:
    from mwproxy.live.proxies import Backend


class Admin(enum.IntFlag):
    """
    Administrative state; values are those of C{srv_admin_state} in the server-state file.

    @cvar CONFIG_MAINT: The file said C{disabled}. It does nothing by itself.
    """

    NONE = 0
    FORCED_MAINT = 0x01
    INHERITED_MAINT = 0x02
    CONFIG_MAINT = 0x04
    FORCED_DRAIN = 0x08
    INHERITED_DRAIN = 0x10
    RESOLUTION_MAINT = 0x20
    MAINT = 0x23
    DRAIN = 0x18


#: What keeps load balancing from a server.
_ASIDE = Admin.MAINT | Admin.DRAIN


class Operational(enum.IntEnum):
    """
    Operational state; values are those of C{srv_op_state}.
    """

    STOPPED = 0
    STARTING = 1
    RUNNING = 2
    STOPPING = 3


class Balancer(Protocol):
    """
    A balance algorithm at work for one backend. It sees only servers that may be used.

    @ivar tracks_load: True when L{load_changed} must be called.

    @ivar live_weights: True when changed weights take effect while it runs; others know only
        0 and the configured weight.

    @ivar sticky: True when the choice depends on the client: it has only one right server, and
        L{None} from L{pick} may mean that just this one is full.
    """

    tracks_load: bool
    live_weights: bool
    sticky: bool

    def pick(self, stream: Any, avoid: Server | None = None) -> Server | None:
        """
        Choose a server that may take one more stream (see L{Server.has_room}).

        @param stream: The stream, for algorithms that look at it.

        @param avoid: A server not to choose if there is another.

        @return: L{None} when no usable server has room.
        """

    def update(self) -> None:
        """
        Take notice that servers came, went or changed weight.
        """

    def load_changed(self, server: Server) -> None:
        """
        Take notice that C{server.current} changed.
        """


class StickyBalancer(Balancer, Protocol):
    """
    One whose C{sticky} is true.
    """

    def preferred(self, stream: Any) -> Server | None:
        """
        Tell which server a stream belongs to, whether it has room or not.

        @param stream: The stream.

        @return: L{None} when no server is usable.
        """


class Server:
    """
    One live server.

    @ivar description: The C{server} line.

    @ivar number: Its C{sid}, from 1.

    @ivar sockaddr: What C{connect} takes, L{None} while its name is not resolved.

    @ivar family: The C{AF_} constant that goes with it.

    @ivar port_follows: True when the port depends on the one that the client connected to.

    @ivar port_offset: True when the port of L{sockaddr} is added to that one.

    @ivar weight: User-visible weight (C{uweight}), 0 to 256.

    @ivar share: What load balancing goes by: 16 times the weight, less during C{slowstart}.

    @ivar check_sockaddr: Where health checks connect (C{addr}), L{None} for the server itself.

    @ivar check_family: The C{AF_} constant that goes with it.

    @ivar check_port: The port of health checks, 0 for the server's own.

    @ivar checked: Whether health checks are on: C{check}, unless the console has disabled them; a
        server that the console added has them off until C{enable health}.

    @ivar agent: Its agent check, L{None} without C{agent-check}.

    @ivar health: Progress of health checks, 0 to rise+fall-1; the server is up from rise on.

    @ivar check_status: Short name of the last check's result such as C{L7OK}, with C{"* "} before
        it while another runs; empty before the first.

    @ivar check_description: What that check saw (C{last_chk}): an error or reason phrase.

    @ivar down_since: When it went down, 0.0 while it is not.

    @ivar current: Streams that use it now (what C{maxconn} limits).

    @ivar used_max: The most of them lately: how many idle connections are worth keeping.

    @ivar queue: Streams waiting for this server, oldest first.

    @ivar idle: Idle connections, the most recently used last; objects of C{net/pools.py}.

    @ivar moved: True once the console has changed its address: connections to the former one
        are not kept.

    @ivar revision: How many servers had its number before, all deleted since.

    @ivar added: True when the console added it.
    """

    __slots__ = (
        "description", "backend", "name", "number", "sockaddr", "family", "port_offset",
        "admin", "operational", "weight", "initial_weight", "maxconn", "maxqueue", "current",
        "queue", "idle", "counters", "health", "check_status", "check_code", "check_duration_ms",
        "check_description", "check_started", "last_change", "down_since", "downtime",
        "check", "slowstart_from", "proxy_header", "usable_now", "backup", "last_error",
        "port_follows", "used_max", "plain", "share", "pool_limited", "check_sockaddr",
        "check_family", "minconn", "check_port", "checked", "agent", "moved", "revision", "added",
    )  # fmt: skip

    def __init__(
        self, description: model.Server, backend: Backend, number: int, *, added: bool = False
    ) -> None:
        """
        @param description: The C{server} line.

        @param backend: The live backend.

        @param number: Its C{sid}.

        @param added: True when the console adds it: without checks for now.
        """
        settings = description.settings
        self.description = description
        self.backend = backend
        self.name = description.name
        self.number = number
        self.sockaddr: Any = None
        self.family = 0
        self.port_offset = description.address.port_offset
        self.port_follows = description.address.is_ip and (
            description.address.port_offset or not description.address.port
        )
        self.admin = Admin.CONFIG_MAINT | Admin.FORCED_MAINT if settings.disabled else Admin.NONE
        self.operational = Operational.STOPPED if settings.disabled else Operational.RUNNING
        self.weight = self.initial_weight = settings.weight
        self.backup = settings.backup
        self.maxconn = settings.maxconn or settings.minconn
        self.minconn = settings.minconn
        self.maxqueue = settings.maxqueue
        self.current = 0
        self.used_max = 0
        self.queue: list[Any] = []
        self.idle: list[Any] = []
        self.counters = Counters()
        self.check: Any = None
        self.check_sockaddr: Any = None
        self.check_family = 0
        self.check_port = settings.check.port
        self.checked = settings.check.enabled and not added
        self.agent = Agent(self) if settings.agent.enabled else None
        self.moved = False
        self.revision = 0
        self.added = added
        if added and self.agent is not None:
            self.agent.enabled = False
        # Up, but the first failed check brings it down.
        self.health = settings.check.rise
        self.check_status = ""
        self.check_code: int | None = None
        self.check_duration_ms = -1
        self.check_description = ""
        self.check_started = 0.0
        self.last_error = ""
        self.last_change = 0.0
        self.down_since = 0.0
        self.downtime = 0.0
        self.slowstart_from = 0.0
        self.proxy_header = settings.send_proxy
        self.share = self.weight * 16
        self.usable_now = not settings.disabled and settings.weight > 0
        #: Whether C{pool-max-conn} or C{max-reuse} limit the idle connections.
        self.pool_limited = settings.pool_max >= 0 or settings.max_reuse >= 0
        #: True when the stream's bytes may go to the socket as they are (no PROXY header, no TLS).
        self.plain = not settings.send_proxy

    @property
    def has_room(self) -> bool:
        """
        Whether C{maxconn} lets it take one more stream.
        """
        limit = self.maxconn
        if not limit:
            return True
        if self.minconn or self.operational is Operational.STARTING:
            limit = self.limit()
        return self.current < limit

    def limit(self) -> int:
        """
        Tell how many streams it may have at present: C{maxconn}, lowered by C{minconn} and
        C{fullconn} while the backend has little to do, and by C{slowstart}.

        @return: 1 or more, or 0 for no limit.
        """
        limit = self.maxconn
        if not limit:
            return 0
        if 0 < self.minconn < limit:
            load = self.backend.counters.scur
            full = self.backend.fullconn
            if load < full:
                limit = max(self.minconn, limit * load // full)
        return max(1, int(limit * self.warmth()))

    def warmth(self) -> float:
        """
        Tell how far C{slowstart} has come.

        @return: 1.0 when the server takes its full part.
        """
        length = self.description.settings.slowstart_ms
        if self.operational is not Operational.STARTING or not length:
            return 1.0
        passed = (self.backend.worker.now - self.slowstart_from) * 1000
        return min(1.0, max(0.0, passed / length))

    @property
    def wanted_up(self) -> bool:
        """
        Whether neither health checks nor the agent, as far as they are on, object to its being up.
        """
        if self.checked and self.health < self.description.settings.check.rise:
            return False
        agent = self.agent
        return agent is None or not agent.enabled or agent.health > 0

    @property
    def up(self) -> bool:
        """
        Whether it may serve streams that insist on it, draining ones included.
        """
        admin = self.admin
        return self.operational is not Operational.STOPPED and not (admin and admin & Admin.MAINT)

    def refresh_usable(self) -> None:
        """
        Recompute L{usable_now} (whether load balancing may choose it) and L{share}. To be
        called after any change of state or weight, before the balancer's C{update};
        C{live/states.py} does.
        """
        share = self.weight * 16
        starting = self.operational is Operational.STARTING
        if starting and share:
            share = max(1, int(share * self.warmth()))
        self.share = share
        running = starting or self.operational is Operational.RUNNING
        self.usable_now = running and not self.admin & _ASIDE and share > 0
