"""
The lines of C{show info}: figures of the whole process.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from mwproxy import PRODUCT, RELEASE_DATE, __version__
from mwproxy.core.diagnostics import Severity
from mwproxy.live.proxies import WorkerState
from mwproxy.observe.fields import Field, Fractional, Reading, Value, field, info_fields

_NAMES = (
    "Name Version Release_date Nbthread Nbproc Process_num Pid Uptime Uptime_sec Memmax_MB "
    "PoolAlloc_MB PoolUsed_MB PoolFailed Ulimit-n Maxsock Maxconn Hard_maxconn CurrConns "
    "CumConns CumReq MaxSslConns CurrSslConns CumSslConns Maxpipes PipesUsed PipesFree "
    "ConnRate ConnRateLimit MaxConnRate SessRate SessRateLimit MaxSessRate SslRate "
    "SslRateLimit MaxSslRate SslFrontendKeyRate SslFrontendMaxKeyRate "
    "SslFrontendSessionReuse_pct SslBackendKeyRate SslBackendMaxKeyRate SslCacheLookups "
    "SslCacheMisses CompressBpsIn CompressBpsOut CompressBpsRateLim ZlibMemUsage "
    "MaxZlibMemUsage Tasks Run_queue Idle_pct node description Stopping Jobs Unstoppable_Jobs "
    "Listeners ActivePeers ConnectedPeers DroppedLogs BusyPolling FailedResolutions "
    "TotalBytesOut TotalSplicedBytesOut BytesOutRate DebugCommandsIssued CumRecvLogs "
    "Build_info Memmax_bytes PoolAlloc_bytes PoolUsed_bytes Start_time_sec Tainted "
    "TotalWarnings MaxconnReached BootTime_ms Niced_tasks CurrStreams CumStreams "
    "BlockedTrafficWarnings"
)
ORDER = _NAMES.split()


@dataclass(frozen=True, slots=True)
class Process:
    """
    A worker and what the system says of its process.

    @ivar descriptors: Most descriptors that it may have.

    @ivar resident: Bytes of memory in use.

    @ivar limit: Bytes of memory that it may use, 0 for no limit.

    @ivar idle: Percent of the last period without work.

    @ivar out_rate: Bytes sent per second in the last period.

    @ivar hostname: Name of the host, for C{node}.

    @ivar consoles: How many console connections are open.
    """

    state: WorkerState
    pid: int
    descriptors: int
    resident: int
    limit: int
    idle: int
    out_rate: int
    hostname: str

    @property
    def uptime(self) -> int:
        """
        Seconds since the start.
        """
        return max(0, int(self.state.now - self.state.started))

    @property
    def listeners(self) -> int:
        """
        How many sockets listen.
        """
        own = sum(len(each.listeners) for each in self.state.frontends.values())
        return own + len(self.state.configuration.global_.stats_sockets)

    @property
    def bytes_out(self) -> int:
        """
        Bytes sent to clients so far.
        """
        return sum(each.counters.bout for each in self.state.frontends.values())

    @property
    def streams(self) -> int:
        """
        How many streams are at work.
        """
        return sum(1 for each in self.state.sessions if getattr(each, "stream", None) is not None)


Reader = Callable[[Process], Value]


def fields() -> list[Field]:
    """
    List the lines in order.

    @return: All of them; those not known here have no value.
    """
    return [info_fields.get(name.replace("_", " ") if name in _SPACED else name) for name in ORDER]


#: What C{show info float} writes with fractions; of rates there are only whole ones.
_FRACTIONS: dict[str, Callable[[Process], float]] = {
    "Uptime_sec": lambda process: process.state.now - process.state.started,
    "Start_time_sec": lambda process: process.state.started_wall,
}
_FLOATING = frozenset(
    (
        *_FRACTIONS,
        "ConnRate",
        "SessRate",
        "SslRate",
        "SslFrontendKeyRate",
        "SslFrontendSessionReuse_pct",
        "SslBackendKeyRate",
        "CompressBpsIn",
        "CompressBpsOut",
    )
)
#: Their tags are others then.
_TAGS = {"SslFrontendKeyRate": "MRP", "SslFrontendSessionReuse_pct": "MRP"}
_SPACED = ("Unstoppable_Jobs", "Build_info")


def with_fractions(values: list[Reading], process: Process) -> list[Reading]:
    """
    Give the values that C{show info float} is about their type, and their fractions.

    @param values: The readings of L{fields}.

    @return: The same, these replaced.
    """
    return [
        each
        if each.field.name not in _FLOATING
        else each._replace(
            field=replace(each.field, kind="flt", tags=_TAGS.get(each.field.name, each.field.tags)),
            value=Fractional(round(_fraction(each, process), 6)),
        )
        for each in values
    ]


def _fraction(reading: Reading, process: Process) -> float:
    read = _FRACTIONS.get(reading.field.name)
    return float(reading.value) if read is None else max(0.0, read(process))


def _info(name: str, kind: str, text: str, read: Reader) -> None:
    field(name, kind, text, registry=info_fields)(read)


def _zero(name: str, kind: str, text: str) -> None:
    _info(name, kind, text, lambda process: 0)


def _counter(name: str, kind: str, text: str, attribute: str) -> None:
    _info(name, kind, text, lambda process: int(getattr(process.state.counters, attribute)))


def _rate(name: str, kind: str, text: str, rate: str, part: str) -> None:
    def read(process: Process) -> Value:
        return int(getattr(getattr(process.state.counters, rate), part))

    _info(name, kind, text, read)


def _global(process: Process) -> Any:
    return process.state.configuration.global_


def uptime_text(seconds: int) -> str:
    """
    Write an uptime as C{show info} does.

    @param seconds: It.

    @return: Such as C{0d 0h02m15s}.
    """
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{days}d {hours}h{minutes:02}m{rest:02}s"


def _warnings(process: Process) -> int:
    label = f"[{Severity.WARNING.value}]"
    return sum(1 for line in process.state.startup_messages if line.startswith(label))


_info("Name", "POS:str", "Name of the product", lambda process: PRODUCT)
_info("Version", "POS:str", "Its version", lambda process: __version__)
_info("Release_date", "POS:str", "Date of that version", lambda process: RELEASE_DATE)
_info("Nbthread", "CGS:u32", "Threads that carry traffic", lambda process: 1)
_info("Nbproc", "CGS:u32", "Workers of this generation", lambda process: _global(process).nbproc)
_info("Process_num", "KGP:u32", "Number of this worker", lambda process: process.state.process)
_info("Pid", "SGP:u32", "The system's number for this process", lambda process: process.pid)
_info("Uptime", "MDP:str", "Time since the start", lambda process: uptime_text(process.uptime))
_info("Uptime_sec", "MDP:u32", "Time since the start, in s", lambda process: process.uptime)
_info("Memmax_MB", "CLP:u32", "Limit on memory, in MB", lambda process: process.limit >> 20)
_info("PoolAlloc_MB", "MGP:u32", "Memory in use, in MB", lambda process: process.resident >> 20)
_info("PoolUsed_MB", "MGP:u32", "Memory in use, in MB", lambda process: process.resident >> 20)
_zero("PoolFailed", "MCP:u32", "Times that memory was refused")
_info("Ulimit-n", "CLP:u32", "Limit on descriptors", lambda process: process.descriptors)
_info("Maxsock", "CLP:u32", "Limit on sockets", lambda process: process.descriptors)
_info("Maxconn", "CLP:u32", "Limit on connections", lambda process: process.state.maxconn)
_info("Hard_maxconn", "CLP:u32", "Limit on connections that the console cannot exceed",
      lambda process: process.state.hard_maxconn)  # fmt: skip
_counter("CurrConns", "MGP:u32", "Connections now", "scur")
_counter("CumConns", "MCP:u32", "Connections so far", "conn_tot")
_counter("CumReq", "MCP:u32", "Requests so far", "req_tot")
_zero("MaxSslConns", "MMP:u32", "Limit on TLS connections")
_zero("CurrSslConns", "MGP:u32", "TLS connections now")
_zero("CumSslConns", "MCP:u32", "TLS connections so far")
_zero("Maxpipes", "CLP:u32", "Limit on pipes for splicing, 0 for none")
_zero("PipesUsed", "MGP:u32", "Pipes in use")
_zero("PipesFree", "MGP:u32", "Pipes ready for use")
_rate("ConnRate", "MRP:u32", "Connections in the last second", "connection_rate", "current")
_info("ConnRateLimit", "CLP:u32", "Limit on connections per second",
      lambda process: process.state.connection_limit.limit)  # fmt: skip
_rate("MaxConnRate", "MMP:u32", "Most connections in one second", "connection_rate", "maximum")
_rate("SessRate", "MRP:u32", "Sessions in the last second", "session_rate", "current")
_info("SessRateLimit", "CLP:u32", "Limit on sessions per second",
      lambda process: process.state.session_limit.limit)  # fmt: skip
_rate("MaxSessRate", "MRP:u32", "Most sessions in one second", "session_rate", "maximum")
_zero("SslRate", "MRP:u32", "TLS connections in the last second")
_info("SslRateLimit", "CLP:u32", "Limit on TLS connections per second",
      lambda process: process.state.tls_session_limit)  # fmt: skip
_zero("MaxSslRate", "MMP:u32", "Most TLS connections in one second")
_zero("SslFrontendKeyRate", "MGP:u32", "TLS keys made for clients in the last second")
_zero("SslFrontendMaxKeyRate", "MMP:u32", "Most TLS keys made for clients in one second")
_zero("SslFrontendSessionReuse_pct", "MGP:u32", "Percent of TLS sessions resumed")
_zero("SslBackendKeyRate", "MRP:u32", "TLS keys made for servers in the last second")
_zero("SslBackendMaxKeyRate", "MMP:u32", "Most TLS keys made for servers in one second")
_zero("SslCacheLookups", "MCP:u32", "Look-ups in the cache of TLS sessions")
_zero("SslCacheMisses", "MCP:u32", "Look-ups there that found nothing")
_zero("CompressBpsIn", "MRP:u32", "Bytes compressed in the last second")
_zero("CompressBpsOut", "MRP:u32", "Bytes that came out of it")
_info("CompressBpsRateLim", "CLP:u32", "Limit on compression",
      lambda process: process.state.compression_limit)  # fmt: skip
_zero("ZlibMemUsage", "MGP:u32", "Memory that compression uses")
_zero("MaxZlibMemUsage", "CLP:u32", "Limit on that memory")
_info("Tasks", "MGP:u32", "Sessions and checks at work", lambda process: len(process.state.sessions)
      + sum(1 for backend in process.state.backends.values() for server in backend.servers
            if server.checked))  # fmt: skip
_zero("Run_queue", "MGP:u32", "Of them, those that wait for the processor")
_info("Idle_pct", "MaP:u32", "Percent of time without work", lambda process: process.idle)
_info("node", "COS:str", "Name of this node",
      lambda process: _global(process).node or process.hostname)  # fmt: skip
_info("description", "COS:str", "Description of this node",
      lambda process: _global(process).description or None)  # fmt: skip
_info("Stopping", "MGP:u32", "1 during a soft stop", lambda process: int(process.state.leaving))
_info("Jobs", "MGP:u32", "Connections and listening sockets",
      lambda process: process.state.counters.scur + process.listeners)  # fmt: skip
_info("Unstoppable Jobs", "MGP:u32", "Of them, those of the master",
      lambda process: int(process.state.under_master))  # fmt: skip
_info("Listeners", "MGP:u32", "Listening sockets", lambda process: process.listeners)
_zero("ActivePeers", "MGP:u32", "Peers in exchange")
_zero("ConnectedPeers", "MGP:u32", "Peers connected")
_info("DroppedLogs", "MGP:u32", "Log lines lost", lambda process: process.state.dropped_logs)
_zero("BusyPolling", "MGP:u32", "1 if events are polled for without pause")
_zero("FailedResolutions", "MGP:u32", "Names that could not be resolved")
_info("TotalBytesOut", "MGP:u64", "Bytes sent so far", lambda process: process.bytes_out)
_info("TotalSplicedBytesOut", "MGP:u64", "Of them, those spliced by the kernel",
      lambda process: process.state.bytes_spliced)  # fmt: skip
_info("BytesOutRate", "MRP:u64", "Bytes sent per second", lambda process: process.out_rate)
_zero("DebugCommandsIssued", "MGP:u32", "Console commands for debugging")
_zero("CumRecvLogs", "MCP:u32", "Log lines received")
_info("Build info", "POS:str", "What was built", lambda process: __version__)
_info("Memmax_bytes", "CLP:u32", "Limit on memory", lambda process: process.limit)
_info("PoolAlloc_bytes", "MGP:u64", "Memory in use", lambda process: process.resident)
_info("PoolUsed_bytes", "MGP:u64", "Memory in use", lambda process: process.resident)
_info("Start_time_sec", "MDP:u32", "Time of the start, since the epoch",
      lambda process: int(process.state.started_wall))  # fmt: skip
_info("Tainted", "SGP:str", "Use of features that may harm", lambda process: "0")
_info("TotalWarnings", "MCP:u32", "Warnings while starting", _warnings)
_info("MaxconnReached", "MCP:u32", "Times that the limit on connections was reached",
      lambda process: process.state.maxconn_reached)  # fmt: skip
_info("BootTime_ms", "MDP:u32", "Time that starting took, in ms",
      lambda process: process.state.boot_ms)  # fmt: skip
_zero("Niced_tasks", "MGP:u32", "Tasks with another priority")
_info("CurrStreams", "MGP:u32", "Streams now", lambda process: process.streams)
_counter("CumStreams", "MCP:u64", "Streams so far", "req_tot")
_zero("BlockedTrafficWarnings", "MCP:u32", "Times that traffic had to wait for one task")
