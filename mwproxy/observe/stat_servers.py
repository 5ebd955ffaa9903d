"""
Columns of C{show stat} that only servers have, most of them about health checks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mwproxy.live.servers import Admin, Operational, Server
from mwproxy.observe.fields import Value, field

if TYPE_CHECKING:
    from mwproxy.observe.stat import Row

#: What short names of check results mean (management manual, 9.1, column check_status).
CHECK_TEXTS = {
    "UNK": "unknown",
    "CHECKED": "No status change",
    "INI": "Initializing",
    "SOCKERR": "Socket error",
    "L4OK": "Layer4 check passed",
    "L4TOUT": "Layer4 timeout",
    "L4CON": "Layer4 connection problem",
    "L6OK": "Layer6 check passed",
    "L6TOUT": "Layer6 timeout",
    "L6RSP": "Layer6 invalid response",
    "L7OK": "Layer7 check passed",
    "L7OKC": "Layer7 check conditionally passed",
    "L7TOUT": "Layer7 timeout",
    "L7RSP": "Layer7 invalid response",
    "L7STS": "Layer7 wrong status",
}

_MAINT, _DRAIN = Admin.MAINT.value, Admin.DRAIN.value
# Members of an enumeration are slower to reach than globals.
_STOPPED, _STOPPING, _RUNNING = (
    Operational.STOPPED,
    Operational.STOPPING,
    Operational.RUNNING,
)


def server_status(server: Server) -> str:
    """
    Tell the state of a server in the words of C{show stat}.

    @param server: The server.

    @return: C{UP}, C{DOWN}, C{MAINT}, C{DRAIN}, C{NOLB} or C{no check}; with the progress of
        checks, such as C{UP 1/3} or C{DOWN 1/2}, while they disagree with the state; with
        C{(agent)} where the agent is why, or may be.
    """
    admin = server.admin._value_
    if admin & _MAINT:
        return "MAINT"
    agent = server.agent
    if agent is not None and agent.enabled:
        if server.operational is _STOPPED and not agent.health:
            return "DOWN (agent)"
        if admin & _DRAIN and server.operational is _RUNNING:
            return "DRAIN (agent)"
    check = server.description.settings.check
    if not server.checked:
        if server.operational is _STOPPED:
            return "DOWN"
        if server.operational is _STOPPING:
            return "NOLB"
        return "DRAIN" if admin & _DRAIN else "no check"
    if server.operational is _STOPPED:
        rising = 0 < server.health < check.rise
        return f"DOWN {server.health}/{check.rise}" if rising else "DOWN"
    word = "UP"
    if server.operational is _STOPPING:
        word = "NOLB"
    elif admin & _DRAIN:
        word = "DRAIN"
    full = check.rise + check.fall - 1
    if server.health < full:
        return f"{word} {server.health - check.rise + 1}/{check.fall}"
    return word


def server_address(server: Server) -> str:
    """
    Tell where a server is, as far as known.

    @param server: The server.

    @return: Such as C{127.0.0.1:80}, C{[::1]:80} or a path.
    """
    where = server.sockaddr
    if where.__class__ is tuple and len(where) == 2:
        return f"{where[0]}:{where[1]}"
    if isinstance(where, tuple) and len(where) >= 2:
        host, port = str(where[0]), where[1]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return str(server.description.address)


def _checked(row: Row) -> Server | None:
    server = row.server
    if server is None or not server.checked:
        return None
    # An "&" of two flags makes a third: ten thousand times ten of them are a tenth of a second.
    return None if server.admin._value_ & _MAINT else server


@field("chkfail", "MCP:u64", "Health checks that failed", sides="S")
def field_chkfail(row: Row) -> Value:
    """
    Count failed checks.
    """
    if row.server is None or not row.server.checked:
        return None
    return row.counters.chkfail


@field("chkdown", "MCP:u64", "Turns from up to down", sides="BS")
def field_chkdown(row: Row) -> Value:
    """
    Count how often the server or backend went down.
    """
    if row.backend is None:
        return None
    if row.server is not None and not row.server.checked:
        return None
    return row.counters.chkdown


@field("qlimit", "CGS:u32", "Most streams that may wait for the server", sides="S")
def field_qlimit(row: Row) -> Value:
    """
    Read C{maxqueue}.
    """
    return (row.server.maxqueue or None) if row.server is not None else None


@field("throttle", "MaP:u32", "Percent of its weight that a starting server has", sides="S")
def field_throttle(row: Row) -> Value:
    """
    Tell how far C{slowstart} has come.
    """
    server = row.server
    if server is None or not server.description.settings.slowstart_ms:
        return None
    if server.operational is not Operational.STARTING:
        return None
    return max(1, int(server.warmth() * 100))


@field("tracked", "CNS:str", "The server whose checks are followed", sides="")
def field_tracked(row: Row) -> Value:
    """
    Name the server whose checks are followed: none, each has its own.
    """
    return None


@field("check_status", "MOP:str", "Result of the last health check", sides="S", needs="check")
def field_check_status(row: Row) -> Value:
    """
    Tell the short name of the last result; a star says that a check runs now.
    """
    server = _checked(row)
    return (server.check_status or "INI") if server is not None else None


@field(
    "check_code", "MCP:u32", "Layer 5 to 7 code of the last health check", sides="S", needs="check"
)
def field_check_code(row: Row) -> Value:
    """
    Tell the HTTP status that the last check got.
    """
    server = _checked(row)
    return server.check_code if server is not None else None


@field(
    "check_duration",
    "MDP:u64",
    "Duration of the last health check, in ms",
    sides="S",
    needs="check",
)
def field_check_duration(row: Row) -> Value:
    """
    Tell how long the last check took, once there was one.
    """
    server = _checked(row)
    if server is None or server.check_duration_ms < 0:
        return None
    return int(server.check_duration_ms)


@field("last_chk", "MOP:str", "What the last health check got to see", sides="S", needs="check")
def field_last_chk(row: Row) -> Value:
    """
    Quote the last answer or error.
    """
    server = _checked(row)
    return (server.check_description or None) if server is not None else None


@field(
    "check_desc",
    "MOP:str",
    "Explanation of the last health check's result",
    sides="S",
    needs="check",
)
def field_check_desc(row: Row) -> Value:
    """
    Explain the short name of the last result.
    """
    server = _checked(row)
    if server is None:
        return None
    return CHECK_TEXTS.get((server.check_status or "INI").lstrip("* "), "unknown")


@field(
    "check_rise", "CGS:u32", "Good health checks until the server is up", sides="S", needs="check"
)
def field_check_rise(row: Row) -> Value:
    """
    Read C{rise}.
    """
    server = _checked(row)
    return server.description.settings.check.rise if server is not None else None


@field(
    "check_fall",
    "CGS:u32",
    "Failed health checks until the server is down",
    sides="S",
    needs="check",
)
def field_check_fall(row: Row) -> Value:
    """
    Read C{fall}.
    """
    server = _checked(row)
    return server.description.settings.check.fall if server is not None else None


@field(
    "check_health",
    "CGS:u32",
    "Progress of health checks: up from rise on",
    sides="S",
    needs="check",
)
def field_check_health(row: Row) -> Value:
    """
    Read the progress, 0 to rise+fall-1.
    """
    server = _checked(row)
    return server.health if server is not None else None


@field("srv_icur", "MGP:u32", "Idle connections kept for reuse", sides="S")
def field_srv_icur(row: Row) -> Value:
    """
    Count idle connections.
    """
    return len(row.server.idle) if row.server is not None else None


@field("src_ilim", "CLP:u32", "Most idle connections kept for reuse", sides="S")
def field_src_ilim(row: Row) -> Value:
    """
    Read C{pool-max-conn}; without limit there is nothing to show.
    """
    if row.server is None or row.server.description.settings.pool_max < 0:
        return None
    return row.server.description.settings.pool_max


@field("idle_conn_cur", "MGP:u32", "Idle connections that may be private", sides="S", constant=0)
def field_idle_conn_cur(row: Row) -> Value:
    """
    Count idle connections that only a retry-safe request may take: none are kept.
    """
    return 0 if row.server is not None else None


@field("safe_conn_cur", "MGP:u32", "Idle connections safe to reuse", sides="S")
def field_safe_conn_cur(row: Row) -> Value:
    """
    Count idle connections that any request may take.
    """
    return len(row.server.idle) if row.server is not None else None


@field("used_conn_cur", "MGP:u32", "Connections in use now", sides="S")
def field_used_conn_cur(row: Row) -> Value:
    """
    Count connections in use.
    """
    return row.server.current if row.server is not None else None


@field("need_conn_est", "MGP:u32", "Connections that will be needed, by estimate", sides="S")
def field_need_conn_est(row: Row) -> Value:
    """
    Estimate the need by the most connections that were in use at one time.
    """
    return row.server.used_max if row.server is not None else None


@field(
    "srid", "MCP:u32", "Tells servers apart that had the same number in turn", sides="S", constant=0
)
def field_srid(row: Row) -> Value:
    """
    Count the servers that had its number before and were deleted.
    """
    return row.server.revision if row.server is not None else None
