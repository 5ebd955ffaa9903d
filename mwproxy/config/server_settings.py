"""
The description of what C{server} and C{default-server} lines may say.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mwproxy.config.sealed import Sealed
from mwproxy.core.addresses import Address


@dataclass(eq=False)
class CheckSettings(Sealed):
    """
    Health checks of a server.

    @ivar inter_ms: Time between checks; C{fastinter_ms} while its state is in doubt and
        C{downinter_ms} while down fall back to it when L{None}.

    @ivar address: Where to connect, L{None} for the server's own.

    @ivar port: The port to check, 0 for the server's own.
    """

    enabled: bool = False
    inter_ms: int = 2000
    fastinter_ms: int | None = None
    downinter_ms: int | None = None
    rise: int = 2
    fall: int = 3
    address: Address | None = None
    port: int = 0


@dataclass(eq=False)
class AgentSettings(Sealed):
    """
    Agent checks of a server.

    @ivar enabled: C{agent-check}.

    @ivar inter_ms: Time between agent checks.

    @ivar address: Where to connect, L{None} for where health checks do.

    @ivar port: The agent's port, 0 for that of health checks (C{port}).

    @ivar send: What the agent is told upon connection; may be empty.
    """

    enabled: bool = False
    inter_ms: int = 2000
    address: Address | None = None
    port: int = 0
    send: bytes = b""


#: What holds for servers before any option of agents.
NO_AGENT = AgentSettings()
NO_AGENT.seal()


@dataclass(eq=False)
class ServerSettings(Sealed):
    """
    What C{server} and C{default-server} lines may say. Once the line is read it is sealed:
    lines that say the same share one object, and a C{default-server} line makes another one.

    @ivar maxconn: Most concurrent connections, 0 for no limit.

    @ivar maxqueue: Most streams waiting for this server, 0 for no limit.

    @ivar pool_max: Most idle connections kept, -1 for no limit, 0 for none.

    @ivar send_proxy: 0 for no PROXY header, else its version 1 or 2.

    @ivar init_addr: Ways to find the first address, in order; empty for the default.
    """

    weight: int = 1
    backup: bool = False
    disabled: bool = False
    maxconn: int = 0
    minconn: int = 0
    maxqueue: int = 0
    slowstart_ms: int = 0
    cookie: str = ""
    id: int | None = None
    send_proxy: int = 0
    pool_max: int = -1
    pool_purge_delay_ms: int = 5000
    max_reuse: int = -1
    source: Address | None = None
    init_addr: tuple[str, ...] = ()
    check: CheckSettings = field(default_factory=CheckSettings)
    agent: AgentSettings = NO_AGENT

    def fork(self) -> ServerSettings:
        """
        Copy the settings, so that a line can change its own.

        @return: An unsealed copy; its L{check} and L{agent} are shared while they are sealed.
        """
        other = self.copy()
        if not self.check.sealed:
            other.check = self.check.copy()
        if not self.agent.sealed:
            other.agent = self.agent.copy()
        return other

    def own_check(self) -> CheckSettings:
        """
        Get the settings of checks to change them.

        @return: Those of this object alone.
        """
        if self.check.sealed:
            self.check = self.check.copy()
        return self.check

    def own_agent(self) -> AgentSettings:
        """
        Get the settings of agent checks to change them.

        @return: Those of this object alone.
        """
        if self.agent.sealed:
            self.agent = self.agent.copy()
        return self.agent

    def seal(self) -> None:
        """
        Refuse changes from now on, those of checks included.
        """
        if not self.sealed:
            self.check.seal()
            self.agent.seal()
            super().seal()


#: What holds for servers before any C{default-server} line.
NO_SETTINGS = ServerSettings()
NO_SETTINGS.seal()
