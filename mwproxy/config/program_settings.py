"""
What mwproxy's own keywords say about a program, beyond those of HAProxy.

All values are plain, since they cross an upgrade of the master as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

NEVER, ON_FAILURE, ALWAYS = "never", "on-failure", "always"
STOP, IGNORE, DEGRADE = "stop", "ignore", "degrade"
LISTEN, SPOP, LINE, NOTIFY = "listen", "spop", "line", "notify"


@dataclass(frozen=True, slots=True)
class Restart:
    """
    C{restart}: whether a program that ended is started again.

    @ivar when: C{never}, C{on-failure} or C{always}.

    @ivar first_ms: The pause before the first time; it doubles with each time in a row.

    @ivar most_ms: The longest pause.

    @ivar limit: How often in a row, L{None} for no limit.
    """

    when: str = NEVER
    first_ms: int = 1000
    most_ms: int = 60_000
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """
    C{ready}: how a program shows that it is ready.

    @ivar kind: C{listen}, C{spop}, C{line} or C{notify}.

    @ivar what: The address, or the regular expression; empty for C{notify}.

    @ivar timeout_ms: How long it may take.
    """

    kind: str
    what: str = ""
    timeout_ms: int = 10_000


@dataclass(frozen=True, slots=True)
class PassedSocket:
    """
    C{listen-on}: a listening socket that the program is given.

    @ivar address: As written.

    @ivar name: For C{LISTEN_FDNAMES}, empty for C{unknown}.

    @ivar mode: Permissions of a UNIX socket, L{None} for what umask leaves.
    """

    address: str
    name: str = ""
    mode: int | None = None


@dataclass(frozen=True, slots=True)
class OutputRate:
    """
    C{log-output}: how many lines of a program are logged.

    @ivar lines: Most lines in each time.

    @ivar per_ms: That time.
    """

    lines: int = 100
    per_ms: int = 1000


@dataclass(frozen=True, slots=True)
class ProgramSettings:
    """
    All of them.

    @ivar on_failure: C{stop}, C{ignore} or C{degrade}; empty for what C{no-exit-on-failure} says.

    @ivar ready: L{None} when it counts as ready at once.

    @ivar keep_unchanged: A reload that changes nothing for it leaves it alone.

    @ivar start_after_stop: A reload starts the new instance when the former one has gone.

    @ivar stop_signal: The number of the signal that asks it to go, 0 for what the master got.

    @ivar stop_timeout_ms: How long it may take to go, L{None} for ever.

    @ivar variables: C{NAME=value}, each.

    @ivar directory: Where it runs, empty for where the master does.

    @ivar limits: C{<resource>=<soft>:<hard>} each, numbers, -1 for no limit.

    @ivar output: L{None} when its output goes where the master's does.

    @ivar log_to: What would stand behind C{log} for the target of its output, empty for the
        messages of the master.
    """

    restart: Restart = Restart()
    on_failure: str = ""
    ready: Ready | None = None
    keep_unchanged: bool = False
    stop_signal: int = 0
    stop_timeout_ms: int | None = None
    variables: tuple[str, ...] = ()
    directory: str = ""
    limits: tuple[str, ...] = ()
    passed: tuple[PassedSocket, ...] = ()
    output: OutputRate | None = None
    log_to: tuple[str, ...] = ()
    start_after_stop: bool = False


NO_PROGRAM_SETTINGS = ProgramSettings()
