"""
Columns of C{show stat} that count traffic: one counter each.

Each line says which objects have the column: F frontends, B backends, S servers, L listeners;
C{http} restricts it to proxies in HTTP mode.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from mwproxy.observe.fields import Value, field

if TYPE_CHECKING:
    from mwproxy.observe.stat import Row


def _counter(
    name: str, kind: str, sides: str, text: str, *, http: bool = False, attribute: str = ""
) -> None:
    source = attribute or name

    @field(name, kind, text, sides=sides, http=http, counter=source)
    def read(row: Row) -> int:
        return int(getattr(row.counters, source))


def _zero(name: str, kind: str, sides: str, text: str, *, http: bool = False) -> None:
    @field(name, kind, text, sides=sides, http=http, constant=0)
    def read(row: Row) -> int:
        return 0


def _absent(name: str, kind: str, text: str) -> None:
    @field(name, kind, text, sides="")
    def read(row: Row) -> None:
        return None


def _rate(name: str, kind: str, sides: str, text: str, rate: str, part: str) -> None:
    @field(name, kind, text, sides=sides, counter=f"{rate}.{part}")
    def read(row: Row) -> int:
        return int(getattr(getattr(row.counters, rate), part))


def _average(name: str, text: str) -> None:
    total = attrgetter(f"{name}_sum")

    @field(name, "MaP:u32", text, sides="BS")
    def read(row: Row) -> int:
        # A sum that forgets one part in 1024 with each exchange, see stream/outcome.py.
        summed: int = total(row.counters)
        return (summed + 1023) >> 10


def _responses(name: str, index: int, text: str) -> None:
    @field(name, "MCP:u64", text, sides="FBS", http=True)
    def read(row: Row) -> int:
        return row.counters.responses[index]


_counter("qmax", "MMP:u32", "BS", "Most streams in the queue at one time")
_counter("scur", "MGP:u32", "FBSL", "Sessions now")
_counter("smax", "MMP:u32", "FBSL", "Most sessions at one time")
_counter("stot", "MCP:u64", "FBSL", "Sessions so far")
_counter("bin", "MCP:u64", "FBSL", "Bytes received from clients")
_counter("bout", "MCP:u64", "FBSL", "Bytes sent to clients")
_counter("dreq", "MCP:u64", "FBL", "Requests denied by a rule")
_counter("dresp", "MCP:u64", "FBSL", "Responses denied by a rule")
_counter("ereq", "MCP:u64", "FL", "Requests that were invalid or never completed")
_counter("econ", "MCP:u64", "BS", "Connections to servers that failed")
_counter("eresp", "MCP:u64", "BS", "Responses that were invalid or broke off")
_counter("wretr", "MCP:u64", "BS", "Connections to servers that were tried again")
_counter("wredis", "MCP:u64", "BS", "Streams sent to another server after a failure")
_counter("lbtot", "MCP:u64", "BS", "Times chosen by load balancing")
_rate("rate", "MRP:u32", "FBS", "Sessions in the last second", "session_rate", "current")
_rate("rate_max", "MMP:u32", "FBS", "Most sessions in one second", "session_rate", "maximum")


@field("rate_lim", "CLP:u32", "Limit on new sessions per second, 0 for none", sides="F")
def field_rate_lim(row: Row) -> Value:
    """
    Read C{rate-limit sessions}.
    """
    return row.frontend.rate_limit.limit if row.frontend is not None else None


_responses("hrsp_1xx", 1, "Responses with status 1xx")
_responses("hrsp_2xx", 2, "Responses with status 2xx")
_responses("hrsp_3xx", 3, "Responses with status 3xx")
_responses("hrsp_4xx", 4, "Responses with status 4xx")
_responses("hrsp_5xx", 5, "Responses with status 5xx")
_responses("hrsp_other", 0, "Responses with any other status")
_rate("req_rate", "MRP:u32", "F", "HTTP requests in the last second", "request_rate", "current")
_rate("req_rate_max", "MMP:u32", "F", "Most HTTP requests in one second", "request_rate", "maximum")


@field("req_tot", "MCP:u64", "HTTP requests so far", sides="FBS")
def field_req_tot(row: Row) -> int | None:
    """
    Read the requests: frontends always have the column, the others in HTTP mode.

    @param row: The object.

    @return: The figure, or L{None}.
    """
    if row.frontend is not None:
        return row.counters.req_tot
    # Streams of a backend or server in HTTP mode are requests.
    return row.counters.stot if row.proxy.mode == "http" else None


_counter("cli_abrt", "MCP:u64", "BS", "Transfers that the client aborted")
_counter("srv_abrt", "MCP:u64", "BS", "Transfers that the server aborted")
_zero("comp_in", "MCP:u64", "FB", "Bytes given to HTTP compression")
_zero("comp_out", "MCP:u64", "FB", "Bytes that came out of HTTP compression")
_zero("comp_byp", "MCP:u64", "FB", "Bytes that were not compressed for want of resources")
_zero("comp_rsp", "MCP:u64", "FB", "Responses that were compressed")
_average("qtime", "Time in the queue, in ms, on average")
_average("ctime", "Time to connect to the server, in ms, on average")
_average("rtime", "Time until the server's response, in ms, on average")
_average("ttime", "Time of a whole exchange, in ms, on average")
_rate("conn_rate", "MRP:u32", "F", "Connections in the last second", "connection_rate", "current")
_rate("conn_rate_max", "MMP:u32", "F", "Most connections in one second",
      "connection_rate", "maximum")  # fmt: skip
_counter("conn_tot", "MCP:u64", "F", "Connections so far")
_counter("intercepted", "MCP:u64", "F", "Requests that the proxy itself answered", http=True)
_counter("dcon", "MCP:u64", "FL", "Connections denied by a rule")
_counter("dses", "MCP:u64", "FL", "Sessions denied by a rule")
_counter("wrew", "MCP:u64", "FBSL", "Header changes that failed")
_counter("connect", "MCP:u64", "BS", "Connections to servers that were tried")
_counter("reuse", "MCP:u64", "BS", "Server connections that were used again")
_zero("cache_lookups", "MCP:u64", "FB", "Requests looked up in a cache", http=True)
_zero("cache_hits", "MCP:u64", "FB", "Requests answered from a cache", http=True)
_counter("qtime_max", "MMP:u32", "BS", "Longest time in the queue, in ms")
_counter("ctime_max", "MMP:u32", "BS", "Longest time to connect to a server, in ms")
_counter("rtime_max", "MMP:u32", "BS", "Longest time until a server's response, in ms")
_counter("ttime_max", "MMP:u32", "BS", "Longest time of a whole exchange, in ms")
_counter("eint", "MCP:u64", "FBSL", "Internal errors")
_absent("hanafail", "MCP:u64", "Failures observed in traffic")
_zero("sess_other", "MCP:u64", "F", "Sessions of other protocols than HTTP", http=True)
_counter("h1sess", "MCP:u64", "F", "HTTP/1 sessions", http=True)
_zero("h2sess", "MCP:u64", "F", "HTTP/2 sessions", http=True)
_zero("h3sess", "MCP:u64", "F", "HTTP/3 sessions", http=True)
_zero("req_other", "MCP:u64", "F", "Requests of other protocols than HTTP", http=True)
_counter("h1req", "MCP:u64", "F", "HTTP/1 requests", http=True)
_zero("h2req", "MCP:u64", "F", "HTTP/2 requests", http=True)
_zero("h3req", "MCP:u64", "F", "HTTP/3 requests", http=True)
