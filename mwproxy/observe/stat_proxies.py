"""
Columns of C{show stat} that identify objects and describe frontends, listeners and backends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mwproxy.live.proxies import Backend
from mwproxy.live.servers import Server
from mwproxy.observe.fields import Value, field
from mwproxy.observe.stat_servers import server_address, server_status

if TYPE_CHECKING:
    from mwproxy.observe.stat import Row

_ADDRESS_PROTOCOLS = {
    "ipv4": "tcpv4",
    "ipv6": "tcpv6",
    "name": "tcpv4",
    "unix": "unix_stream",
    "abns": "abns_stream",
    "abnsz": "abnsz_stream",
}


@field("pxname", "KNS:str", "Name of the proxy")
def field_pxname(row: Row) -> Value:
    """
    Name the proxy.
    """
    return row.proxy.name


@field("svname", "KNS:str", "Name of the server or listener, or FRONTEND or BACKEND")
def field_svname(row: Row) -> Value:
    """
    Name the object within its proxy; a listener without name is C{sock-N}.
    """
    if row.server is not None:
        return row.server.name
    if row.listener is not None:
        return row.listener.bind.settings.name or f"sock-{row.number}"
    return "FRONTEND" if row.letter == "F" else "BACKEND"


@field("slim", "CLP:u32", "Most sessions at one time: maxconn, or fullconn of a backend")
def field_slim(row: Row) -> Value:
    """
    Read the limit on sessions; servers without limit have none to show.
    """
    if row.server is not None:
        return row.server.maxconn or None
    if row.listener is not None:
        return row.listener.bind.settings.maxconn or 0
    if row.backend is not None:
        return row.backend.fullconn
    return (row.frontend.maxconn or row.state.maxconn) if row.frontend is not None else None


@field("status", "SGP:str", "OPEN, PAUSED, STOP or FULL; UP or DOWN; or what checks found")
def field_status(row: Row) -> Value:
    """
    Tell the state of the object.
    """
    if row.server is not None:
        return server_status(row.server)
    if row.listener is not None:
        return str(getattr(row.listener, "state", "OPEN"))
    if row.backend is not None:
        return backend_status(row.backend, row.counting)
    return row.frontend.state if row.frontend is not None else None


def backend_status(backend: Backend, counting: bool) -> str:
    """
    Tell the state of a backend.

    @param backend: The backend; one without servers is up.

    @param counting: True to add how many servers are up.

    @return: C{UP} or C{DOWN}, or such as C{UP (1/3)}.
    """
    up = "UP" if backend.usable() or not backend.servers else "DOWN"
    if not counting:
        return up
    return f"{up} ({backend.usable()}/{len(backend.servers)})"


def _in_use(backend: Backend) -> list[Server]:
    backup = not backend.active
    return [each for each in backend.servers if each.usable_now and each.backup is backup]


def _effective(server: Server) -> int:
    return -(-server.share // 16)


@field("weight", "MaP:u32", "Weight of the server, or of all servers in use", sides="BS")
def field_weight(row: Row) -> Value:
    """
    Read the weight in force.
    """
    if row.server is not None:
        return _effective(row.server)
    if row.backend is None:
        return None
    return sum(_effective(server) for server in _in_use(row.backend))


@field("uweight", "MaP:u32", "Weight as set by configuration or console", sides="BS")
def field_uweight(row: Row) -> Value:
    """
    Read the weight that the user set.
    """
    if row.server is not None:
        return row.server.weight
    return sum(each.weight for each in _in_use(row.backend)) if row.backend is not None else None


@field("act", "SGP:u32", "Servers in use that are no backups", sides="BS", backend_tags="MGP")
def field_act(row: Row) -> Value:
    """
    Count active servers; for a server tell whether it is one.
    """
    if row.server is not None:
        return int(not row.server.backup)
    return row.backend.active if row.backend is not None else None


@field("bck", "SGP:u32", "Backup servers that are up", sides="BS", backend_tags="MGP")
def field_bck(row: Row) -> Value:
    """
    Count backups; for a server tell whether it is one.
    """
    if row.server is not None:
        return int(row.server.backup)
    return row.backend.backups if row.backend is not None else None


@field("lastchg", "MAP:u32", "Seconds since the last turn from up to down or back", sides="BS")
def field_lastchg(row: Row) -> Value:
    """
    Tell how long the object has been in its state.
    """
    changed: float
    if row.server is not None:
        changed = row.server.last_change or row.state.started
    elif row.backend is not None:
        changed = row.backend.last_change or row.state.started
    else:
        return None
    return max(0, int(row.state.now - changed))


@field("downtime", "MCP:u32", "Seconds spent in state down", sides="BS")
def field_downtime(row: Row) -> Value:
    """
    Add up the time of failure; servers without checks have none to show.
    """
    if row.server is not None:
        if not row.server.checked:
            return None
        downtime, since = row.server.downtime, row.server.down_since
    elif row.backend is not None:
        downtime, since = row.backend.downtime, row.backend.down_since
    else:
        return None
    if since:
        downtime += row.state.now - since
    return max(0, int(downtime))


@field("pid", "KGP:u32", "Relative number of the process", path="state.process")
def field_pid(row: Row) -> Value:
    """
    Tell which worker of its generation this is.
    """
    return row.state.process


@field("iid", "KGS:u32", "Number of the proxy", path="proxy.number")
def field_iid(row: Row) -> Value:
    """
    Number the proxy.
    """
    return row.proxy.number


@field("sid", "KGS:u32", "Number of the server or listener in its proxy", path="number")
def field_sid(row: Row) -> Value:
    """
    Number the object; 0 for frontends and backends.
    """
    return row.number


@field("type", "CGS:u32", "0 for a frontend, 1 backend, 2 server, 3 listener", path="type")
def field_type(row: Row) -> Value:
    """
    Tell the kind of the object.
    """
    return row.type


@field("qcur", "MGP:u32", "Streams in the queue now", sides="BS")
def field_qcur(row: Row) -> Value:
    """
    Count the streams that wait for the server or for any server.
    """
    if row.server is not None:
        return len(row.server.queue)
    return len(row.backend.queue) if row.backend is not None else None


@field("lastsess", "MAP:s32", "Seconds since the last session, -1 for none yet", sides="BS")
def field_lastsess(row: Row) -> Value:
    """
    Tell how long ago the object was last used.
    """
    if row.backend is None:
        return None
    last = row.counters.lastsess
    return max(0, int(row.state.now - last)) if last else -1


@field("mode", "CGS:str", "The proxy's mode")
def field_mode(row: Row) -> Value:
    """
    Tell the mode.
    """
    return row.proxy.mode


@field("algo", "CGS:str", "The balance algorithm, for operators only", sides="B")
def field_algo(row: Row) -> Value:
    """
    Name a backend's algorithm.
    """
    return row.proxy.balance if row.letter == "B" and row.detailed else None


@field("addr", "CGS:str", "Address and port, for operators only", sides="SL")
def field_addr(row: Row) -> Value:
    """
    Tell where a server or listener is.
    """
    if not row.detailed:
        return None
    if row.server is not None:
        return server_address(row.server)
    return None if row.listener is None else str(row.listener.bind.address)


@field("cookie", "CNS:str", "The server's cookie, for operators only", sides="S")
def field_cookie(row: Row) -> Value:
    """
    Tell a server's cookie value.
    """
    if row.server is None or not row.detailed or row.proxy.mode != "http":
        return None
    return row.server.description.settings.cookie or None


@field("proto", "SOS:str", "Protocol of the listener", sides="L")
def field_proto(row: Row) -> Value:
    """
    Name the protocol under a listener.
    """
    if row.listener is None:
        return None
    return _ADDRESS_PROTOCOLS.get(row.listener.bind.address.family, "tcpv4")


@field(
    "agg_server_status",
    "MGP:u32",
    "Sum over servers, used by exporters only",
    sides="B",
    constant=0,
)
def field_agg_server_status(row: Row) -> Value:
    """
    Report the placeholder that consoles show.
    """
    return 0 if row.letter == "B" else None


@field(
    "agg_server_check_status",
    "MGP:u32",
    "Sum over servers, used by exporters only",
    sides="B",
    constant=0,
)
def field_agg_server_check_status(row: Row) -> Value:
    """
    Report the placeholder that consoles show.
    """
    return 0 if row.letter == "B" else None


@field(
    "agg_check_status", "MGP:u32", "Sum over servers, used by exporters only", sides="B", constant=0
)
def field_agg_check_status(row: Row) -> Value:
    """
    Report the placeholder that consoles show.
    """
    return 0 if row.letter == "B" else None
