"""
The objects that C{show stat} reports, in its order, and their columns.

Columns are registered by the C{stat_…} modules; their order is that of L{ORDER}, which is part of
the interface: positions in C{typed} and JSON are counted along it (management manual, 9.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mwproxy.config import model
from mwproxy.core.registry import UnknownName
from mwproxy.live.counters import Counters
from mwproxy.live.proxies import Backend, Frontend, WorkerState
from mwproxy.live.servers import Admin, Server
from mwproxy.observe import stat_agents, stat_proxies, stat_servers, stat_traffic
from mwproxy.observe.fields import Field, stat_fields

_NAMES = (
    "pxname svname qcur qmax scur smax slim stot bin bout dreq dresp ereq econ eresp wretr "
    "wredis status weight act bck chkfail chkdown lastchg downtime qlimit pid iid sid throttle "
    "lbtot tracked type rate rate_lim rate_max check_status check_code check_duration hrsp_1xx "
    "hrsp_2xx hrsp_3xx hrsp_4xx hrsp_5xx hrsp_other hanafail req_rate req_rate_max req_tot "
    "cli_abrt srv_abrt comp_in comp_out comp_byp comp_rsp lastsess last_chk last_agt qtime "
    "ctime rtime ttime agent_status agent_code agent_duration check_desc agent_desc check_rise "
    "check_fall check_health agent_rise agent_fall agent_health addr cookie mode algo "
    "conn_rate conn_rate_max conn_tot intercepted dcon dses wrew connect reuse cache_lookups "
    "cache_hits srv_icur src_ilim qtime_max ctime_max rtime_max ttime_max eint idle_conn_cur "
    "safe_conn_cur used_conn_cur need_conn_est uweight agg_server_status "
    "agg_server_check_status agg_check_status srid sess_other h1sess h2sess h3sess req_other "
    "h1req h2req h3req proto"
)
ORDER = _NAMES.split()

FRONTEND, BACKEND, SERVER, LISTENER = range(4)
LETTERS = "FBSL"
NAMES = ("Frontend", "Backend", "Server", "Listener")
MASKS = {FRONTEND: 1, BACKEND: 2, SERVER: 4, LISTENER: 8}

_REGISTERING = (stat_agents, stat_proxies, stat_servers, stat_traffic)


@dataclass(slots=True)
class Row:
    """
    One object of C{show stat}; of its four references those are set that apply.

    @ivar type: L{FRONTEND}, L{BACKEND}, L{SERVER} or L{LISTENER}.

    @ivar detailed: True when addresses, cookies and algorithms may be shown.

    @ivar counting: True when a backend's status is to tell how many servers are up.
    """

    type: int
    proxy: model.Proxy
    state: WorkerState
    counters: Counters
    frontend: Frontend | None = None
    backend: Backend | None = None
    server: Server | None = None
    listener: Any = None
    number: int = 0
    detailed: bool = True
    counting: bool = False

    @property
    def letter(self) -> str:
        """
        The object's kind in C{typed} output.
        """
        return LETTERS[self.type]


@dataclass(frozen=True, slots=True)
class Selection:
    """
    What C{show stat} was asked for.

    @ivar proxy: Name or number of a proxy, empty for all.

    @ivar mask: Kinds of objects: the sum of 1 (frontends), 2 (backends), 4 (servers), 8
        (listeners); -1 for all.

    @ivar number: A server's number, -1 for all.

    @ivar only_up: True to leave out servers that are not up.

    @ivar no_maint: True to leave out servers in maintenance.

    @ivar detailed: See L{Row}.
    """

    proxy: str = ""
    mask: int = -1
    number: int = -1
    only_up: bool = False
    no_maint: bool = False
    detailed: bool = True


def columns() -> list[Field]:
    """
    List the columns in order.

    @return: All of them.
    """
    return [stat_fields.get(name) for name in ORDER]


def selected_proxies(state: WorkerState, selection: Selection) -> list[model.Proxy]:
    """
    Find the proxies that are asked for.

    @param state: The worker's state.

    @param selection: What was asked for.

    @return: Their descriptions, in the order of the configuration.

    @raise UnknownName: None has that name or number.
    """
    proxies = [proxy for proxy in state.configuration.proxies if not proxy.disabled]
    wanted = selection.proxy
    if wanted in ("", "-1"):
        return proxies
    found = [proxy for proxy in proxies if proxy.name == wanted]
    if not found and wanted.isdecimal():
        found = [proxy for proxy in proxies if proxy.number == int(wanted)]
    if not found:
        raise UnknownName("proxy", wanted, "")
    return found


def rows(state: WorkerState, proxies: list[model.Proxy], selection: Selection) -> Iterator[Row]:
    """
    Walk the objects: for each proxy its frontend, listeners, servers and backend.

    @param state: The worker's state.

    @param proxies: Those to walk.

    @param selection: What was asked for.

    @return: The objects; read each before asking for the next one.
    """
    for proxy in proxies:
        frontend = state.frontends.get(proxy.name) if proxy.has_frontend else None
        backend = state.backends.get(proxy.name) if proxy.has_backend else None
        if frontend is not None:
            yield from _frontend_rows(proxy, frontend, selection)
        if backend is not None:
            yield from _backend_rows(proxy, backend, selection)


def _wanted(selection: Selection, kind: int) -> bool:
    return selection.mask == -1 or bool(selection.mask & MASKS[kind])


def _frontend_rows(proxy: model.Proxy, frontend: Frontend, selection: Selection) -> Iterator[Row]:
    state = frontend.worker
    if _wanted(selection, FRONTEND) and selection.number in (-1, 0):
        yield Row(
            FRONTEND, proxy, state, frontend.counters,
            frontend=frontend, detailed=selection.detailed,
        )  # fmt: skip
    if "socket-stats" not in proxy.options or not _wanted(selection, LISTENER):
        return
    for position, listener in enumerate(frontend.listeners, 1):
        number = listener.bind.settings.id or position
        if selection.number in (-1, number):
            yield Row(
                LISTENER, proxy, state, _listener_counters(listener),
                frontend=frontend, listener=listener, number=number, detailed=selection.detailed,
            )  # fmt: skip


def _backend_rows(proxy: model.Proxy, backend: Backend, selection: Selection) -> Iterator[Row]:
    state = backend.worker
    if _wanted(selection, SERVER):
        for server in backend.servers:
            if selection.number not in (-1, server.number):
                continue
            if selection.only_up and not server.up:
                continue
            if selection.no_maint and server.admin & Admin.MAINT:
                continue
            yield Row(
                SERVER, proxy, state, server.counters, backend=backend, server=server,
                number=server.number, detailed=selection.detailed,
            )  # fmt: skip
    if _wanted(selection, BACKEND) and selection.number in (-1, 0):
        yield Row(
            BACKEND, proxy, state, backend.counters, backend=backend,
            detailed=selection.detailed, counting=selection.only_up or selection.no_maint,
        )  # fmt: skip


def _listener_counters(listener: Any) -> Counters:
    counters = getattr(listener, "counters", None)
    if counters is None:
        # Without counters of its own, only what is there now is known.
        counters = Counters()
        counters.scur = counters.smax = listener.current
    return counters
