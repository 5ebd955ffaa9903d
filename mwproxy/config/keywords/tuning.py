"""
C{global}: sizes, limits and switches of the engine.

HAProxy has many that set its own machinery; those without a counterpart here, whose absence
changes no result, are accepted with a notice.
"""

from __future__ import annotations

from collections.abc import Callable

from mwproxy.config.keywords.process import no_effect
from mwproxy.config.line import Line
from mwproxy.config.model import Global
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.families import keyword
from mwproxy.core.values import BadValue, parse_integer, parse_size

#: Smallest C{tune.bufsize}: the longest chunk or request head line has to fit.
MIN_BUFSIZE = 1024


def _size(line: Line) -> int:
    if not line.args:
        raise ConfigError(f"'{line.name}' expects an integer argument.")
    try:
        value = parse_size(line.args[0])
    except BadValue:
        value = 0
    if value <= 0:
        raise ConfigError(f"'{line.name}' expects a positive integer argument.")
    return value


@keyword("tune.bufsize", sections="global", high=1, syntax="<size>")
def kw_tune_bufsize(line: Line, section: Global) -> None:
    """
    Bytes kept per stream and direction; a message head must fit into it.
    """
    value = _size(line)
    if value < MIN_BUFSIZE:
        line.warning(f"'{line.name}' raised from {value} to {MIN_BUFSIZE}.")
        value = MIN_BUFSIZE
    section.bufsize = value


@keyword("tune.maxrewrite", sections="global", high=1, syntax="<size>")
def kw_tune_maxrewrite(line: Line, section: Global) -> None:
    """
    Bytes of the buffer kept free for added header fields.
    """
    section.maxrewrite = _size(line)


@keyword("tune.maxaccept", sections="global", high=1, syntax="<number>")
def kw_tune_maxaccept(line: Line, section: Global) -> None:
    """
    Connections accepted in a row; -1 for no limit.
    """
    try:
        section.maxaccept = parse_integer(line.args[0], -1, 2**31 - 1)
    except (IndexError, BadValue):
        raise ConfigError(f"'{line.name}' expects an integer argument.") from None


@keyword("tune.http.maxhdr", sections="global", high=1, syntax="<number>")
def kw_tune_http_maxhdr(line: Line, section: Global) -> None:
    """
    Most header fields of a message.
    """
    try:
        section.maxhdr = parse_integer(line.args[0], 1, 32767)
    except (IndexError, BadValue):
        raise ConfigError(f"'{line.name}' expects a numeric value between 1 and 32767") from None


@keyword("noreuseport", sections="global")
def kw_noreuseport(line: Line, section: Global) -> None:
    """
    Bind without SO_REUSEPORT.
    """
    section.noreuseport = True


@keyword("nosplice", sections="global")
def kw_nosplice(line: Line, section: Global) -> None:
    """
    Move bytes without splice().
    """
    section.nosplice = True


@keyword("noepoll", sections="global")
def kw_noepoll(line: Line, section: Global) -> None:
    """
    Accepted: epoll is the only poller.
    """
    no_effect(line, "epoll is the only poller")


@keyword("nopoll", sections="global")
def kw_nopoll(line: Line, section: Global) -> None:
    """
    Accepted: epoll is the only poller.
    """
    no_effect(line, "epoll is the only poller")


_WITHOUT_EFFECT = """
    busy-polling cpu-policy cpu-set force-cfg-parser-pause
    h2-workaround-bogus-websocket-clients
    no-memory-trimming noevports nogetaddrinfo nokqueue numa-cpu-mapping pp2-never-send-local
    prealloc-fd profiling.memory profiling.tasks stats-file stress-level
    shm-stats-file thread-group thread-groups thread-hard-limit warn-blocked-traffic-after
    ca-base crt-base key-base issuers-chain-path maxzlibmem ocsp-update.disable
    ocsp-update.httpproxy ocsp-update.maxdelay ocsp-update.mindelay ocsp-update.mode
    ssl-default-bind-ciphers ssl-default-bind-ciphersuites ssl-default-bind-client-sigalgs
    ssl-default-bind-curves ssl-default-bind-options ssl-default-bind-sigalgs
    ssl-default-server-ciphers ssl-default-server-ciphersuites ssl-default-server-client-sigalgs
    ssl-default-server-curves ssl-default-server-options ssl-default-server-sigalgs
    ssl-dh-param-file ssl-load-extra-del-ext ssl-load-extra-files ssl-mode-async ssl-propquery
    ssl-security-level ssl-server-verify ssl-skip-self-issued-ca
    tune.applet.zero-copy-forwarding tune.buffers.limit tune.buffers.reserve tune.bufsize.small
    tune.chksize tune.comp.maxlevel tune.disable-fast-forward tune.disable-zero-copy-forwarding
    tune.epoll.mask-events tune.events.max-events-at-once tune.fail-alloc tune.fd.edge-triggered
    tune.glitches.kill.cpu-usage tune.h1.zero-copy-fwd-recv tune.h1.zero-copy-fwd-send
    tune.h2.be.glitches-threshold tune.h2.be.initial-window-size
    tune.h2.be.max-concurrent-streams tune.h2.be.rxbuf tune.h2.fe.glitches-threshold
    tune.h2.fe.initial-window-size tune.h2.fe.max-concurrent-streams
    tune.h2.fe.max-total-streams tune.h2.fe.rxbuf tune.h2.header-table-size
    tune.h2.initial-window-size tune.h2.max-concurrent-streams tune.h2.max-frame-size
    tune.h2.zero-copy-fwd-send tune.http.cookielen tune.http.logurilen tune.idle-pool.shared
    tune.idletimer tune.listener.default-shards tune.listener.multi-queue
    tune.lua.bool-sample-conversion
    tune.lua.burst-timeout tune.lua.forced-yield tune.lua.log.loggers tune.lua.log.stderr
    tune.lua.maxmem tune.lua.service-timeout tune.lua.session-timeout tune.lua.task-timeout
    tune.max-checks-per-thread tune.max-rules-at-once tune.maxpollevents tune.memory.hot-size
    tune.notsent-lowat.client tune.notsent-lowat.server tune.pattern.cache-size
    tune.peers.max-updates-at-once tune.pipesize tune.pool-high-fd-ratio tune.pool-low-fd-ratio
    tune.pt.zero-copy-forwarding tune.quic.cc-hystart tune.quic.conn-buf-limit
    tune.quic.frontend.conn-tx-buffers.limit tune.quic.frontend.max-idle-timeout
    tune.quic.frontend.max-streams-bidi tune.quic.max-frame-loss tune.quic.retry-threshold
    tune.quic.socket-owner tune.rcvbuf.backend tune.rcvbuf.client tune.rcvbuf.frontend
    tune.rcvbuf.server tune.recv_enough tune.renice.runtime tune.renice.startup tune.ring.queues
    tune.runqueue-depth tune.sched.low-latency tune.sndbuf.backend tune.sndbuf.client
    tune.sndbuf.frontend tune.sndbuf.server tune.ssl.cachesize tune.ssl.capture-buffer-size
    tune.ssl.capture-cipherlist-size tune.ssl.default-dh-param tune.ssl.force-private-cache
    tune.ssl.hard-maxrecord tune.ssl.keylog tune.ssl.lifetime tune.ssl.maxrecord
    tune.ssl.ocsp-update.maxdelay tune.ssl.ocsp-update.mindelay tune.ssl.ssl-ctx-cache-size
    tune.stick-counters tune.takeover-other-tg-connections tune.vars.check-max-size
    tune.vars.global-max-size tune.vars.proc-max-size tune.vars.reqres-max-size
    tune.vars.sess-max-size tune.vars.txn-max-size tune.zlib.memlevel tune.zlib.windowsize
"""

#: Keywords that set machinery which only HAProxy has.
WITHOUT_EFFECT = frozenset(_WITHOUT_EFFECT.split())

_NEGATABLE = frozenset({"busy-polling", "numa-cpu-mapping"})


def _accept(name: str) -> Callable[[Line, Global], None]:
    def kw_without_effect(line: Line, section: Global) -> None:
        """
        Accepted: it sets machinery that only HAProxy has.
        """
        no_effect(line)

    keyword(name, sections="global", high=None, negatable=name in _NEGATABLE)(kw_without_effect)
    return kw_without_effect


for _name in sorted(WITHOUT_EFFECT):
    _accept(_name)
