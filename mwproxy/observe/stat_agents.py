"""
Columns of C{show stat} about agent checks; they are empty for servers without, and while
the console has disabled it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mwproxy.live.agents import FALL, RISE, Agent
from mwproxy.observe.fields import Value, field
from mwproxy.observe.stat_servers import CHECK_TEXTS

if TYPE_CHECKING:
    from mwproxy.observe.stat import Row


def _agent(row: Row) -> Agent | None:
    server = row.server
    if server is None or server.agent is None or not server.agent.enabled:
        return None
    return server.agent


@field("last_agt", "MOP:str", "Last answer of the agent", sides="S", needs="agent")
def field_last_agt(row: Row) -> Value:
    """
    Quote what the agent said, or the error.
    """
    agent = _agent(row)
    return (agent.description or None) if agent is not None else None


@field("agent_status", "SGP:str", "Result of the last agent check", sides="S", needs="agent")
def field_agent_status(row: Row) -> Value:
    """
    Tell the short name of the last result; a star says that a check runs now.
    """
    agent = _agent(row)
    return agent.status if agent is not None else None


@field("agent_code", "MGP:u32", "Code of the last agent check", sides="S", needs="agent")
def field_agent_code(row: Row) -> Value:
    """
    Tell the code: agents have none, which is shown as 0 when one has answered.
    """
    agent = _agent(row)
    return agent.code if agent is not None else None


@field(
    "agent_duration", "MDP:u64", "Duration of the last agent check, in ms", sides="S", needs="agent"
)
def field_agent_duration(row: Row) -> Value:
    """
    Tell how long the last check took.
    """
    agent = _agent(row)
    return max(0, agent.duration_ms) if agent is not None else None


@field("agent_desc", "SGP:str", "Explanation of the last agent check", sides="S", needs="agent")
def field_agent_desc(row: Row) -> Value:
    """
    Explain the short name of the last result.
    """
    agent = _agent(row)
    return CHECK_TEXTS.get(agent.status.lstrip("* "), "unknown") if agent is not None else None


@field(
    "agent_rise", "CGS:u32", "Good agent checks until the server is up", sides="S", needs="agent"
)
def field_agent_rise(row: Row) -> Value:
    """
    Tell that one report brings the server up.
    """
    return RISE if _agent(row) is not None else None


@field(
    "agent_fall",
    "CGS:u32",
    "Failed agent checks until the server is down",
    sides="S",
    needs="agent",
)
def field_agent_fall(row: Row) -> Value:
    """
    Tell that one report takes the server down.
    """
    return FALL if _agent(row) is not None else None


@field("agent_health", "SGP:u32", "Progress of agent checks", sides="S", needs="agent")
def field_agent_health(row: Row) -> Value:
    """
    Tell whether the agent lets the server be up.
    """
    agent = _agent(row)
    return agent.health if agent is not None else None
