"""
Console command C{set rate-limit}.
"""

from __future__ import annotations

from mwproxy.console.dispatch import CommandError, Invocation
from mwproxy.console.worker_commands.frontends import count_argument, limit_rates
from mwproxy.core.families import command
from mwproxy.live.proxies import WorkerState

_USAGE = (
    "'set rate-limit' only supports :\n"
    "   - 'connections global' to set the per-process maximum connection rate\n"
    "   - 'sessions global' to set the per-process maximum session rate\n"
    "   - 'ssl-sessions global' to set the per-process maximum SSL session rate\n"
    "   - 'http-compression global' to set the per-process maximum compression speed in kB/s\n"
)


@command("set rate-limit", on="worker", level="admin", usage="set rate-limit <setting> <value>",
         changes=True, text="change a rate limiting value")  # fmt: skip
def cmd_set_rate_limit(invocation: Invocation) -> None:
    """
    Change how many connections or sessions per second this process accepts, 0 for no limit.
    Others wait in the backlog. The limits on TLS sessions and on compression are kept and shown by
    C{show info}; there is nothing yet that they limit.

    @param invocation: The command.

    @raise CommandError: There is no such limit, or the value is none.
    """
    worker: WorkerState = invocation.subject
    kind, scope = invocation.argument(0), invocation.argument(1)
    counters = worker.counters
    if scope != "global":
        raise CommandError(_USAGE)
    if kind == "connections":
        value = count_argument(invocation.argument(2))
        worker.connection_limit.set(value, counters.conn_tot, worker.now)
    elif kind == "sessions":
        value = count_argument(invocation.argument(2))
        worker.session_limit.set(value, counters.stot, worker.now)
    elif kind == "ssl-sessions":
        worker.tls_session_limit = count_argument(invocation.argument(2))
    elif kind == "http-compression":
        worker.compression_limit = count_argument(invocation.argument(2)) * 1024
    else:
        raise CommandError(_USAGE)
    limit_rates(worker.frontends.values())
