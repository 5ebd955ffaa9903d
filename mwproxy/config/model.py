"""
The description: what the configuration files say, before any traffic.

Objects are filled while the files are read and sealed afterwards: a sealed
object refuses every change (L{Sealed}). Live state has its own classes in C{live/}.

Times are milliseconds; L{None} means that the keyword was not given.
Compiled rules are opaque callables here; C{rules/} makes them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mwproxy.config.program_settings import NO_PROGRAM_SETTINGS, ProgramSettings
from mwproxy.config.sealed import Sealed as Sealed
from mwproxy.config.server_settings import NO_AGENT as NO_AGENT
from mwproxy.config.server_settings import NO_SETTINGS as NO_SETTINGS
from mwproxy.config.server_settings import AgentSettings as AgentSettings
from mwproxy.config.server_settings import CheckSettings as CheckSettings
from mwproxy.config.server_settings import ServerSettings as ServerSettings
from mwproxy.config.spoe_settings import GroupCall, SpoeFilter
from mwproxy.core.addresses import Address
from mwproxy.core.diagnostics import NOWHERE, Where
from mwproxy.core.levels import Level

#: A compiled condition or use of a fetch, called with the stream.
Predicate = Callable[[Any], bool]


@dataclass(eq=False)
class BindSettings(Sealed):
    """
    What stands behind the addresses of a C{bind}, C{stats socket} or C{-S} line.

    @ivar socket_mode: Permissions of a UNIX socket, L{None} for what umask leaves.

    @ivar processes: Relative numbers of the processes that listen; empty for all.
    """

    name: str = ""
    backlog: int | None = None
    maxconn: int | None = None
    interface: str = ""
    v4v6: bool | None = None
    accept_proxy: bool = False
    uid: int | None = None
    gid: int | None = None
    socket_mode: int | None = None
    level: Level | None = None
    expose_fd_listeners: bool = False
    severity_output: str = "none"
    processes: frozenset[int] = frozenset()
    nice: int = 0
    id: int | None = None


@dataclass(eq=False)
class Bind(Sealed):
    """
    One listening address.
    """

    address: Address
    settings: BindSettings
    where: Where = NOWHERE


@dataclass(frozen=True, slots=True, eq=False)
class Server:
    """
    A C{server} line.

    @ivar address: Where it is; its port may be 0 or an offset, for the port that the
        client connected to.
    """

    name: str
    address: Address
    settings: ServerSettings
    where: Where = NOWHERE


@dataclass(frozen=True, slots=True)
class LogTarget:
    """
    A C{log} line.

    @ivar address: Where lines go: an IP address (UDP syslog), C{unix} path (datagram),
        or C{fd}, with 1 and 2 for C{stdout} and C{stderr}.

    @ivar format: C{raw short timed rfc3164 rfc5424 iso priority local}.

    @ivar facility: Number of the syslog facility.

    @ivar level: The highest severity number that is sent (7 is debug).

    @ivar min_level: Lines more severe than this are sent as if they had it.

    @ivar length: Longest line in bytes.

    @ivar sample: Ranges and size of C{sample}, L{None} to send all.
    """

    address: Address
    format: str
    facility: int
    level: int = 7
    min_level: int = 0
    length: int = 1024
    sample: tuple[frozenset[int], int] | None = None


@dataclass(eq=False)
class HttpCheck(Sealed):
    """
    C{option httpchk} and C{http-check}.

    @ivar headers: Names and values to send, C{Host} only when it was configured.

    @ivar expect: L{None} for status 2xx or 3xx, else a function of (status, body) that
        returns whether it is as expected.

    @ivar writer: Kind and name of the section whose C{http-check} lines it follows; those of
        another section replace them all. Empty without such lines.

    @ivar option: Arguments of C{option httpchk}.

    @ivar send: Arguments of C{http-check send}, which win over those, L{None} without that line.
    """

    method: str = "OPTIONS"
    uri: str = "/"
    version: str = "HTTP/1.0"
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    expect: Callable[[int, bytes], bool] | None = None
    writer: tuple[str, str] = ("", "")
    option: tuple[str, ...] = ()
    send: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Switch:
    """
    A C{use_backend} or C{use-server} line.

    @ivar target: The name, or a compiled log-format that yields it.

    @ivar condition: L{None} for always.
    """

    target: str
    dynamic: Callable[[Any], bytes] | None
    condition: Predicate | None
    where: Where


@dataclass(eq=False)
class Timeouts(Sealed):
    """
    The C{timeout} keywords, in milliseconds; L{None} is no limit, or the fallback that
    the manual names.

    @ivar written: Kind and name of sections with the timeouts they set themselves, to warn
        of a second value.
    """

    client: int | None = None
    server: int | None = None
    connect: int | None = None
    queue: int | None = None
    http_request: int | None = None
    http_keep_alive: int | None = None
    check: int | None = None
    tunnel: int | None = None
    client_fin: int | None = None
    server_fin: int | None = None
    tarpit: int | None = None
    written: frozenset[tuple[str, str, str]] = frozenset()


@dataclass(eq=False)
class Proxy(Sealed):
    """
    A C{frontend}, C{backend}, C{listen} or C{defaults} section.

    @ivar kind: The section's keyword.

    @ivar number: Its C{id}: 0 until numbered, from 1 in order, or as configured. C{iid} on the
        consoles.

    @ivar redispatch: C{option redispatch}: 0 for never, n for every nth retry, -n for the nth
        retry from the end (-1 is the last one).

    @ivar acls: Compiled ACLs by name; lines of the same name are joined by "or".

    @ivar acl_lines: By ACL, the section that it belongs to and its lines after the first one,
        which conditions compiled earlier see grow.

    @ivar http_check_idle: What C{http-check} lines say while C{option httpchk} is not on.

    @ivar spop_check: Largest frame that C{option spop-check} offers, in bytes; 0 without it.

    @ivar rule_lines: Compiled condition and action of each line, by ruleset, in order.

    @ivar http_request: The compiled ruleset (all of C{rule_lines["http-request"]} joined when the
        section ends), L{None} when there is no such line. Called with
        the stream, returns L{None} to go on or a L{Verdict<mwproxy.rules.ruleset.Verdict>}.

    @ivar tcp_request_connection: Asked about each connection that is accepted, before anything is
        read; C{tcp_request_session} about each session, when its client is known.

    @ivar tcp_request_content: What goes before C{http_request}: the ruleset of that name, and the
        wait for the body that C{option http-buffer-request} wants.

    @ivar own_rules: Names of rulesets of which the section has lines itself.

    @ivar http_uses: What lines of C{tcp-request content} and C{tcp-response content} use that has
        no value in TCP mode: place, ruleset, and what messages call it.

    @ivar options: C{option} keywords that are merely on, by name.

    @ivar close_mode: C{"keep-alive"}, C{"server-close"} or C{"close"}.

    @ivar reuse: C{http-reuse}: C{never safe aggressive always}.

    @ivar log_format: Compiled log-format, L{None} when nothing is logged for streams.
        Called with the stream, returns the line as bytes without line feed.

    @ivar log_targets: Targets; C{log global} is replaced by the global ones at the end.

    @ivar error_files: Whole answers by status.

    @ivar rate_limit: Most new sessions per second, 0 for no limit.

    @ivar referred: Servers that rules name, which must not be deleted.

    @ivar filters: C{filter spoe} lines, in order.

    @ivar forwardfor: L{None} when off, else (header name, exempt networks, if-none).
    """

    kind: str
    name: str
    where: Where = NOWHERE
    defaults: str = ""
    number: int = 0
    mode: str = "tcp"
    disabled: bool = False
    description: str = ""
    maxconn: int | None = None
    backlog: int | None = None
    fullconn: int | None = None
    retries: int = 3
    redispatch: int = 0
    timeouts: Timeouts = field(default_factory=Timeouts)
    binds: list[Bind] = field(default_factory=list)
    servers: list[Server] = field(default_factory=list)
    default_server: ServerSettings = NO_SETTINGS
    default_backend: str = ""
    use_backend: list[Switch] = field(default_factory=list)
    acls: dict[str, Predicate] = field(default_factory=dict)
    acl_lines: dict[str, tuple[Any, list[Predicate]]] = field(default_factory=dict)
    http_request: Callable[[Any], Any] | None = None
    http_response: Callable[[Any], Any] | None = None
    tcp_request_connection: Callable[[Any], Any] | None = None
    tcp_request_session: Callable[[Any], Any] | None = None
    tcp_request_content: Callable[[Any], Any] | None = None
    tcp_response_content: Callable[[Any], Any] | None = None
    balance: str = "roundrobin"
    balance_args: tuple[str, ...] = ()
    hash_type: tuple[str, str, str] = ("map-based", "sdbm", "")
    options: set[str] = field(default_factory=set)
    http_check: HttpCheck | None = None
    http_check_idle: HttpCheck | None = None
    spop_check: int = 0
    close_mode: str = "keep-alive"
    reuse: str = "safe"
    forwardfor: tuple[bytes, tuple[Any, ...], bool] | None = None
    log_targets: list[LogTarget] = field(default_factory=list)
    log_global: bool = False
    log_format: Callable[[Any], bytes] | None = None
    log_format_kind: str = ""
    log_tag: str = ""
    error_files: dict[int, bytes] = field(default_factory=dict)
    monitor_uri: bytes = b""
    processes: frozenset[int] = frozenset()
    rule_lines: dict[str, list[tuple[Predicate | None, Any]]] = field(default_factory=dict)
    own_rules: set[str] = field(default_factory=set)
    http_uses: list[tuple[Where, str, str]] = field(default_factory=list)
    referred: set[str] = field(default_factory=set)
    rate_limit: int = 0
    filters: list[SpoeFilter] = field(default_factory=list)

    @property
    def has_frontend(self) -> bool:
        """
        Whether clients connect to it.
        """
        return self.kind in ("frontend", "listen")

    @property
    def has_backend(self) -> bool:
        """
        Whether it has servers.
        """
        return self.kind in ("backend", "listen")


@dataclass(frozen=True, slots=True)
class Program:
    """
    A C{program} section.

    @ivar command: Program and arguments.

    @ivar user: Empty to keep the master's.

    @ivar settings: What mwproxy's own keywords say.
    """

    name: str
    command: tuple[str, ...]
    user: str = ""
    group: str = ""
    start_on_reload: bool = True
    settings: ProgramSettings = NO_PROGRAM_SETTINGS


@dataclass(eq=False)
class Global(Sealed):
    """
    The C{global} section, all its files joined.

    @ivar nbproc: Number of workers.

    @ivar stats_processes: Relative numbers of the workers that have each C{stats socket}, empty
        for all.

    @ivar cpu_map: The processors of a worker, by its relative number.

    @ivar pidfile_at: The line that gives it.

    @ivar pidfile_mode: The permissions of the pid file.

    @ivar strict_limits: A worker that cannot have the descriptors it needs does not start.

    @ivar fd_hard_limit: Most descriptors that workers try to have, L{None} for the default.

    @ivar dumpable: Workers may leave a core file, whatever limits they were started with.

    @ivar log_lines: The words of C{log} lines as they are, NUL between; each ends with a line feed.

    @ivar maxconnrate: Most new connections per second and worker, 0 for no limit; C{maxsessrate}
        most new sessions.

    @ivar may_fork: Workers may start processes (C{insecure-fork-wanted}).

    @ivar may_setuid: What they start may have more rights than they (C{insecure-setuid-wanted}).

    @ivar exit_on_failure: C{no-exit-on-failure} of C{master-worker} inverted: True when the death
        of one worker ends all.

    @ivar respawn_limit: How often in a row a worker that died is replaced, L{None} for never.

    @ivar ready_timeout_ms: How long a worker may take to become READY.

    @ivar reexec: C{re-exec} of C{master-worker}: C{auto}, C{always} or C{never}.

    @ivar kept_generations: How many former configurations the master keeps.

    @ivar kept_bytes: How many bytes they may have.

    @ivar manhole_wanted: The master's console may open a Python prompt.
    """

    daemon: bool = False
    master_worker: bool = False
    exit_on_failure: bool = True
    respawn_limit: int | None = None
    ready_timeout_ms: int = 60_000
    mworker_max_reloads: int = 50
    reexec: str = "auto"
    nbproc: int = 1
    stats_processes: frozenset[int] = frozenset()
    cpu_map: dict[int, frozenset[int]] = field(default_factory=dict)
    nbthread: int | None = None
    maxconn: int | None = None
    pidfile: str = ""
    pidfile_at: Where = NOWHERE
    pidfile_mode: int = 0o600
    user: str = ""
    uid: int | None = None
    group: str = ""
    gid: int | None = None
    chroot: str = ""
    quiet: bool = False
    zero_warning: bool = False
    ulimit_n: int | None = None
    hard_stop_after_ms: int | None = None
    grace_ms: int | None = None
    close_spread_time_ms: int | None = None
    node: str = ""
    description: str = ""
    localpeer: str = ""
    log_targets: list[LogTarget] = field(default_factory=list)
    log_lines: str = ""
    log_tag: str = ""
    log_send_hostname: str | None = None
    stats_sockets: list[Bind] = field(default_factory=list)
    stats_timeout_ms: int = 10_000
    stats_maxconn: int = 10
    bufsize: int = 16384
    maxrewrite: int = 1024
    maxhdr: int = 101
    maxaccept: int = 64
    spread_checks: int = 0
    maxconnrate: int = 0
    maxsessrate: int = 0
    noreuseport: bool = False
    nosplice: bool = False
    strict_limits: bool = True
    fd_hard_limit: int | None = None
    maxpipes: int | None = None
    dumpable: bool = False
    may_fork: bool = False
    may_setuid: bool = False
    kept_generations: int = 8
    kept_bytes: int = 8 << 20
    manhole_wanted: bool = False


@dataclass(eq=False)
class Configuration(Sealed):
    """
    All sections of all files.

    @ivar proxies: In the order of the files, C{defaults} not among them.

    @ivar spoe_calls: C{send-spoe-group} rules of all proxies.

    @ivar variable_names: Full names of the variables that rules, logs and agent files mention.
    """

    global_: Global = field(default_factory=Global)
    proxies: list[Proxy] = field(default_factory=list)
    programs: list[Program] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    spoe_calls: list[GroupCall] = field(default_factory=list)
    variable_names: frozenset[str] = frozenset()

    def seal_all(self) -> None:
        """
        Make everything read-only, once all files are read and checked.
        """
        _seal(self)


_MAY_HOLD = (Sealed, list, tuple)


def _seal(value: object) -> None:
    if isinstance(value, Server):
        value.settings.seal()
    elif isinstance(value, (list, tuple)):  # twice as quick as a union
        for item in value:
            _seal(item)
    elif isinstance(value, Sealed) and not value.sealed:
        for each in vars(value).values():
            if isinstance(each, _MAY_HOLD):
                _seal(each)
        value.seal()
