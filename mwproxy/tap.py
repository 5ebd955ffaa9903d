"""
C{twistd mwproxy}: options and the service, no logic.
"""

from __future__ import annotations

import atexit
import os
import sys
from pathlib import Path
from typing import Any, ClassVar

from twisted.python import usage

from mwproxy.process.arguments import ArgumentError, parse_pid
from mwproxy.process.arguments import UsageError as UnusableArguments
from mwproxy.process.pidfile import discard_prepared, prepare_pidfile, remove_pidfile
from mwproxy.process.ready_fd import ReadyFd, parse_ready_fd
from mwproxy.process.reexec import Arrival, NoInheritance, capture, take_arrival
from mwproxy.process.settings import Settings

#: The name that twistd gives its pid file unless told otherwise.
TWISTD_PIDFILE = "twistd.pid"
#: What twistd sets in the background unless told otherwise.
DAEMON_UMASK = 0o077


class Options(usage.Options):
    """
    The options of C{twistd mwproxy}: those of the C{mwproxy} command that make sense under twistd.
    """

    synopsis = "[options] -f <file or directory>"
    longdesc = (
        "Run an HAProxy configuration under a master process, as 'mwproxy -Ws' does. In brackets: "
        "what the option is called there. Options of twistd stand before 'mwproxy': -n stays in "
        "the foreground; without it twistd is the daemon (-D), and its --pidfile and --logfile "
        "count."
    )

    optFlags: ClassVar[list[Any]] = [
        ["check", "c", "Check the configuration and exit: 0 good, 1 bad, 2 no listener. [-c]"],
        ["quiet", "q", "Print no messages. [-q]"],
        ["verbose", "V", "Print messages whatever 'quiet' in the configuration says. [-V]"],
        ["trace-traffic", None, "Show the traffic on standard output, with -n. [-d]"],
        ["zero-warning", None, "Do not start if there is any warning. [-dW]"],
        ["diagnostics", None, "Print hints too. [-dD]"],
        ["no-reuseport", None, "Do not share ports with other processes. [-dR]"],
        ["no-resolve-fail", None, "Start even if a server's name cannot be resolved. [-dr]"],
        ["no-splice", None, "Do not use splice(). [-dS]"],
        ["ipv4", "4", "Resolve names to IPv4 addresses only. [-4]"],
    ]

    optParameters: ClassVar[list[Any]] = [
        ["directory", "C", None, "Change to this directory first. [-C]"],
        ["pid-file", "p", None, "Write the master's pid to this file once it serves. [-p]"],
        ["localpeer", "L", None, "Name of this peer; default: the host's name. [-L]"],
        ["maxconn", "n", None, "Most connections of a worker. [-n]", int],
        ["proxy-maxconn", "N", None, "Most connections of each frontend. [-N]", int],
        ["memory", "m", None, "Megabytes of address space of each process. [-m]", int],
        ["old-sockets", "x", None, "Take listening sockets over from this stats socket. [-x]"],
        ["notify-fd", None, None, "Write a line feed to this descriptor once ready (s6)."],
    ]

    def __init__(self) -> None:
        super().__init__()
        self.arrival = _arrival()
        self.files: list[str] = []
        self.sockets: list[str] = []
        self.old_pids: list[int] = []
        self.old_hard = False

    def opt_file(self, path: str) -> None:
        """
        Configuration file or directory; may be repeated. [-f]
        """
        self.files.append(path)

    opt_f = opt_file

    def opt_socket(self, address: str) -> None:
        """
        Offer the master's console on this address; may be repeated. [-S]
        """
        self.sockets.append(address)

    opt_S = opt_socket

    def opt_finish(self, pids: str) -> None:
        """
        Tell these older processes to finish once this one is ready. [-sf]
        """
        self._old("--finish", pids, hard=False)

    def opt_terminate(self, pids: str) -> None:
        """
        Tell these older processes to stop once this one is ready. [-st]
        """
        self._old("--terminate", pids, hard=True)

    def _old(self, option: str, pids: str, *, hard: bool) -> None:
        try:
            self.old_pids += [parse_pid(option, word) for word in pids.split()]
        except ArgumentError as error:
            raise usage.UsageError(str(error)) from None
        except UnusableArguments:
            raise usage.UsageError(f"{option} option: 0 is no process number") from None
        self.old_hard = hard

    def parseArgs(self, *files: str) -> None:
        """
        Take further configuration files.
        """
        self.files.extend(files)

    def postOptions(self) -> None:
        """
        Check what can be checked, and keep twistd from writing a pid file nobody asked for.

        @raise usage.UsageError: There is nothing to run.
        """
        if not self.files:
            raise usage.UsageError("Name a configuration: -f <file or directory>")
        for name in ("maxconn", "proxy-maxconn", "memory"):
            if self[name] is not None and self[name] <= 0:
                raise usage.UsageError(f"--{name} must be a positive number")
        if self["notify-fd"] and self.arrival is None:
            try:
                problem = ReadyFd(parse_ready_fd(self["notify-fd"])).keep()
            except ValueError as error:
                problem = str(error)
            if problem:
                raise usage.UsageError(problem)
        if self["directory"] and not Path(self["directory"]).is_dir():
            raise usage.UsageError(f"Could not change to directory {self['directory']}")
        if self.parent is not None and self.parent.get("pidfile") == TWISTD_PIDFILE:
            self.parent["pidfile"] = ""
        if self.parent is not None and self.parent.get("pidfile"):
            discard_prepared(self.parent["pidfile"])
        if self.parent is not None:
            self._refuse_rights(self.parent)
        if self.parent is not None and self.arrival is not None:
            self._stay(self.parent)

    def _refuse_rights(self, parent: Any) -> None:
        """
        Refuse the ways of twistd to give up rights that a master cannot go.

        @raise usage.UsageError: One of them is wanted.
        """
        if parent.get("chroot"):
            raise usage.UsageError(
                "twistd's --chroot would leave the master without a program to run as its workers:"
                " use 'chroot' in the 'global' section, which workers enter"
            )
        if parent.get("euid"):
            raise usage.UsageError(
                "twistd's --euid keeps rights that workers could take back: use --uid and --gid"
                " alone, or 'user' and 'group' in the 'global' section"
            )

    def _stay(self, parent: Any) -> None:
        """
        Have twistd neither go to the background nor take its own pid for that of another one: it
        is the process that it was before.
        """
        if not parent.get("nodaemon"):
            parent["nodaemon"] = True
            parent["logfile"] = parent.get("logfile") or "twistd.log"
            if parent.get("umask") is None:
                parent["umask"] = DAEMON_UMASK
        # It is that user already.
        parent["uid"] = parent["gid"] = None
        if self.arrival is not None and self.arrival.facts is None:
            parent["pidfile"] = ""
        elif parent.get("pidfile"):
            remove_pidfile(parent["pidfile"], os.getpid())
            if Path(parent["pidfile"]).exists():
                # It was written before twistd became another user: it names us, and stays.
                parent["pidfile"] = ""

    def settings(self) -> Settings:
        """
        Make the settings that all command lines share.
        """
        return Settings(
            files=tuple(self.files),
            directory=self["directory"] or "",
            sockets=tuple(self.sockets),
            pidfile=self["pid-file"] or "",
            check=bool(self["check"]),
            debug=bool(self["trace-traffic"]),
            nosplice=bool(self["no-splice"]),
            ipv4_only=bool(self["ipv4"]),
            old_pids=tuple(self.old_pids),
            old_hard=self.old_hard,
            transfer_socket=self["old-sockets"] or "",
            master=True,
            systemd=True,
            foreground=True,
            quiet=bool(self["quiet"]) and not (self["verbose"] or self["trace-traffic"]),
            verbose=bool(self["verbose"]),
            zero_warning=bool(self["zero-warning"]),
            diagnostics=bool(self["diagnostics"]),
            noreuseport=bool(self["no-reuseport"]),
            no_resolve_fail=bool(self["no-resolve-fail"]),
            localpeer=self["localpeer"] or "",
            maxconn=self["maxconn"],
            proxy_maxconn=self["proxy-maxconn"],
            memory_mb=self["memory"],
            argv0=str(Path(sys.argv[0]).absolute()),
            notify_fd=parse_ready_fd(self["notify-fd"]) if self["notify-fd"] else -1,
            under_twistd=True,
        )


def _arrival() -> Arrival | None:
    """
    Take what a former version of this process wants.

    @return: L{None} for an ordinary start.

    @raise usage.UsageError: It cannot be used.
    """
    try:
        return take_arrival(os.environ, os.getpid(), os.getppid())
    except NoInheritance as error:
        raise usage.UsageError(f"Cannot take over: {error}") from None


def prove_fit() -> int:
    """
    Tell the master that asks that this version could take its place: all that it will need can be
    imported, and the command line is understood.

    @return: The exit status.
    """
    import mwproxy.master.service  # noqa: F401  # it is to be found now
    from mwproxy.process.probe import tell_fit
    from mwproxy.worker.__main__ import import_later

    import_later()
    tell_fit()
    return 0


def makeService(options: Options) -> Any:
    """
    Make the master.

    @param options: As parsed.

    @return: The service; it sees to twistd's exit status when it is over.
    """
    from twisted.internet import reactor

    from mwproxy.master.service import MasterService, stop_reactor
    from mwproxy.process.system import System

    settings = options.settings()
    origin = capture(os.environ)
    arrival = options.arrival
    if arrival is not None and arrival.facts is None:
        sys.exit(prove_fit())
    if settings.check:
        from mwproxy.worker.standalone import check

        sys.exit(check(settings))
    if settings.directory:
        os.chdir(settings.directory)

    def over(status: int) -> None:
        if status:
            atexit.register(os._exit, status)
        reactor.callWhenRunning(stop_reactor, reactor)

    facts = None if arrival is None else arrival.facts
    if options.parent is not None and options.parent.get("pidfile"):
        prepare_pidfile(options.parent["pidfile"])
    return MasterService(System(reactor), settings, over, origin=origin, facts=facts)
