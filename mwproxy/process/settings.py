"""
What the command line asked for, whichever command line it was: C{mwproxy} with HAProxy's
arguments, or C{twistd mwproxy}.

Who parses arguments makes one L{Settings} and hands it to one of:

 - C{mwproxy.master.start.run_master(settings) -> int}
 - C{mwproxy.worker.standalone.run_standalone(settings) -> int}
 - C{mwproxy.worker.standalone.check(settings) -> int} for C{-c}

Each runs to the end and returns the exit status of the process.
C{mwproxy.process.discovery.wants_master(settings)} tells whether the configuration itself asks
for a master (C{master-worker} in C{global}) when C{-W} was not given.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from mwproxy import __version__

#: What tells a process that it takes over from another version of itself (C{reexec.py}).
REEXEC_VARIABLE = "MWPROXY_REEXEC"


@dataclass(frozen=True, slots=True)
class Settings:
    """
    One command line.

    @ivar files: C{-f} and C{--}, files and directories as given, in order.

    @ivar directory: C{-C}, empty for none.

    @ivar sockets: C{-S}, each as given, in order.

    @ivar pidfile: C{-p}, empty for none.

    @ivar master: C{-W} or C{-Ws}.

    @ivar systemd: C{-Ws}: tell the service manager, stay in the foreground.

    @ivar daemon: C{-D}.

    @ivar foreground: C{-db}, or C{-d}, or implied by C{-Ws}: C{daemon} of the configuration does
        not count.

    @ivar check: C{-c}.

    @ivar quiet: C{-q}.

    @ivar verbose: C{-V}: cancels C{-q} and C{quiet}.

    @ivar debug: C{-d}.

    @ivar zero_warning: C{-dW}.

    @ivar diagnostics: C{-dD}.

    @ivar noreuseport: C{-dR}.

    @ivar no_resolve_fail: C{-dr}: a server address that cannot be resolved is no error.

    @ivar no_verify: C{-dV}: server certificates are not verified.

    @ivar ipv4_only: C{-4}: names of servers are resolved to IPv4 addresses.

    @ivar nosplice: C{-dS}.

    @ivar old_pids: C{-sf} and C{-st}.

    @ivar old_hard: True when the last of them was C{-st}: SIGTERM instead of SIGUSR1.

    @ivar transfer_socket: C{-x}, empty for none; C{/dev/null} disables.

    @ivar maxconn: C{-n}.

    @ivar proxy_maxconn: C{-N}.

    @ivar memory_mb: C{-m}.

    @ivar localpeer: C{-L}, empty for the host's name.

    @ivar argv0: The program as it was called, absolute where that is possible; messages use it.

    @ivar notify_fd: C{--notify-fd}: gets a line feed when we serve, -1 for none.

    @ivar startup_version: The version that the process was started with; an upgrade in place
        changes ours, not this.

    @ivar under_twistd: Started by twistd, which owns the reactor and the terminal.
    """

    files: tuple[str, ...] = ()
    directory: str = ""
    sockets: tuple[str, ...] = ()
    pidfile: str = ""
    master: bool = False
    systemd: bool = False
    daemon: bool = False
    foreground: bool = False
    check: bool = False
    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    zero_warning: bool = False
    diagnostics: bool = False
    noreuseport: bool = False
    no_resolve_fail: bool = False
    no_verify: bool = False
    ipv4_only: bool = False
    nosplice: bool = False
    old_pids: tuple[int, ...] = ()
    old_hard: bool = False
    transfer_socket: str = ""
    maxconn: int | None = None
    proxy_maxconn: int | None = None
    memory_mb: int | None = None
    localpeer: str = ""
    argv0: str = "mwproxy"
    notify_fd: int = -1
    startup_version: str = __version__
    under_twistd: bool = False

    def for_successor(self, startup_version: str) -> Settings:
        """
        Take out what is for the first start alone.

        @return: What the same process needs when it has become another version.
        """
        return replace(
            self,
            old_pids=(),
            transfer_socket="",
            notify_fd=-1,
            startup_version=startup_version,
        )

    def worker_options(self) -> dict[str, Any]:
        """
        Get what a worker needs, as L{Order.options<mwproxy.worker.order.Order>}.

        @return: Only what was given.
        """
        options: dict[str, Any] = {
            "maxconn": self.maxconn,
            "proxy_maxconn": self.proxy_maxconn,
            "memory_mb": self.memory_mb,
            "localpeer": self.localpeer,
            "zero_warning": self.zero_warning,
            "diagnostics": self.diagnostics,
            "noreuseport": self.noreuseport,
            "no_resolve_fail": self.no_resolve_fail,
            "no_verify": self.no_verify,
            "ipv4_only": self.ipv4_only,
            "nosplice": self.nosplice,
            "debug": self.debug,
            "verbose": self.verbose,
            "quiet": self.quiet,
            "argv0": self.argv0,
        }
        return {name: value for name, value in options.items() if value not in (None, False, "")}
