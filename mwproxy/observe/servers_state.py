"""
The rows of C{show servers state} and C{show servers conn} (management manual 9.3).
"""

from __future__ import annotations

from mwproxy.live.servers import Admin, Server

HEADER = (
    "1\n"
    "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight "
    "srv_time_since_last_change srv_check_status srv_check_result srv_check_health "
    "srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord "
    "srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port\n"
)

#: Numbers of check results in the file, as observed.
_CHECK_STATUS = {
    "": 1,
    "INI": 1,
    "SOCKERR": 4,
    "L4OK": 6,
    "L4TOUT": 7,
    "L4CON": 8,
    "L6OK": 9,
    "L6TOUT": 10,
    "L6RSP": 11,
    "L7TOUT": 12,
    "L7RSP": 13,
    "L7OK": 15,
    "L7OKC": 16,
    "L7STS": 17,
}
_FAILED, _PASSED, _CONDITIONAL = 2, 3, 4
_RUNNING, _CONFIGURED, _ENABLED, _PAUSED, _AGENT = 1, 2, 4, 8, 16


def _host_and_port(server: Server) -> tuple[str, int]:
    where = server.sockaddr
    if isinstance(where, tuple) and len(where) >= 2:
        return str(where[0]), int(where[1])
    # A path, or a name without address yet.
    address = server.description.address
    known = address.family in ("ipv4", "ipv6")
    return (address.host if known else "-"), (address.port if address.is_ip else 0)


def state_row(server: Server, now: float) -> str:
    """
    Write the state of a server.

    @param server: The server.

    @param now: The monotonic clock.

    @return: A line with line feed.
    """
    backend = server.backend
    settings = server.description.settings
    host, port = _host_and_port(server)
    name = server.check_status.lstrip("* ")
    status = _CHECK_STATUS.get(name, 0)
    result = 0
    if name and name != "INI":
        result = _PASSED if name.endswith("OK") else _FAILED
        if name == "L7OKC":
            result = _CONDITIONAL
    maint = bool(server.admin & Admin.MAINT)
    check_state = 0
    if maint and (server.checked or server.admin & Admin.CONFIG_MAINT):
        check_state = _PAUSED
    if settings.check.enabled:
        check_state |= _CONFIGURED
        if server.checked:
            running = server.check_status.startswith("*")
            check_state |= _ENABLED | (_RUNNING if running else 0)
    address = server.description.address
    agent = server.agent
    changed = max(0, int(now - (server.last_change or backend.worker.started)))
    check_host = server.check_sockaddr[0] if isinstance(server.check_sockaddr, tuple) else ""
    cells = [
        backend.number,
        backend.name,
        server.number,
        server.name,
        host,
        int(server.operational),
        int(server.admin),
        server.weight,
        server.initial_weight,
        changed,
        status,
        result,
        0 if maint else server.health,
        check_state,
        _agent_state(server),
        0,
        int(settings.id is not None),
        address.host if address.family == "name" else "-",
        port,
        "-",
        0,
        server.check_port,
        check_host or "-",
        agent.shown_host if agent is not None and agent.shown_host else check_host or "-",
        agent.port if agent is not None else server.check_port,
    ]
    return " ".join(map(str, cells)) + "\n"


def _agent_state(server: Server) -> int:
    agent = server.agent
    if agent is None:
        return 0
    state = _AGENT | _CONFIGURED
    if agent.enabled:
        state |= _ENABLED | (_RUNNING if agent.status.startswith("*") else 0)
    return state


def conn_header() -> str:
    """
    Write the line that names the columns of C{show servers conn}.

    @return: A line with line feed.
    """
    return (
        "# bkname/svname bkid/svid addr port - purge_delay used_cur used_max need_est unsafe_nb "
        "safe_nb idle_lim idle_cur idle_per_thr[1]\n"
    )


def conn_row(server: Server) -> str:
    """
    Write the connections of a server.

    @param server: The server.

    @return: A line with line feed.
    """
    backend = server.backend
    settings = server.description.settings
    host, port = _host_and_port(server)
    idle = len(server.idle)
    return (
        f"{backend.name}/{server.name} {backend.number}/{server.number} {host} {port} - "
        f"{settings.pool_purge_delay_ms} {server.current} {server.used_max} {server.used_max} "
        f"0 {idle} {settings.pool_max} {idle} {idle}\n"
    )
