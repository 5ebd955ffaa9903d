"""
What a master leaves to the program that takes its place in the same process (an upgrade): all that
cannot be found out anew.

Descriptors are carried by number: what stands in a field C{fd} stays open over the exec. Children
are carried by pid: they are the same process's children afterwards. Times are C{CLOCK_MONOTONIC}.

Old and new versions read this: fields are added with a default and never change their meaning. A
change that cannot be made like that raises L{FORMAT}; then the former version refuses the upgrade
and says that a restart is needed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from mwproxy.config.program_settings import NO_PROGRAM_SETTINGS, ProgramSettings
from mwproxy.process.facts import BadFacts, decode, encode

#: The meaning of the fields as a whole.
FORMAT = 1


@dataclass(slots=True)
class UntakenFacts:
    """
    A console session that a worker was offered and has not taken note of.

    @ivar fd: The worker's end.

    @ivar question: The number of the question on the channel.

    @ivar due: When it is given up.
    """

    fd: int
    question: int = 0
    due: float = 0.0


@dataclass(slots=True)
class ChannelFacts:
    """
    One control channel, between two boxes or in the midst of one.

    @ivar fd: The master's end, -1 for closed.

    @ivar version: The version of the channel that the worker speaks.

    @ivar received: The beginning of a box whose rest has not come yet.

    @ivar unsent: What the worker has not been sent yet, in the midst of a box or not.

    @ivar asked: How many questions the worker was asked: answers to them may come still.

    @ivar descriptors: How many descriptors it was sent.

    @ivar untaken: Console sessions that it was offered.
    """

    fd: int = -1
    version: int = 0
    received: bytes = b""
    unsent: bytes = b""
    asked: int = 0
    descriptors: int = 0
    untaken: list[UntakenFacts] = field(default_factory=list)


@dataclass(slots=True)
class WorkerFacts:
    """
    A worker that was given a configuration.

    @ivar leaving: It was asked to go.

    @ivar status: How it ended, L{None} while it lives.

    The others are those of L{WorkerProcess<mwproxy.process.worker.WorkerProcess>}.
    """

    pid: int
    channel: ChannelFacts
    leaving: bool = False
    status: int | None = None
    generation: int = 0
    relative: int = 1
    reload_count: int = 0
    successes: int = 0
    started: float = 0.0
    loaded_at: float = 0.0
    version: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    over_limit: int | None = None


@dataclass(slots=True)
class OutputFacts:
    """
    What a program prints.

    @ivar fd: The pipe from it, -1 for none.

    @ivar rest: The beginning of a line.
    """

    fd: int = -1
    rest: bytes = b""


@dataclass(slots=True)
class NotifyFacts:
    """
    Where a program tells that it is ready.

    @ivar fd: The socket, -1 for none.
    """

    fd: int = -1


@dataclass(slots=True)
class ProgramFacts:
    """
    A running program, see L{ProgramProcess<mwproxy.programs.program.ProgramProcess>}.

    @ivar running: False when its leader has ended and the rest of its group is on the way.

    @ivar kill_at: When its group is killed, 0 for never.
    """

    pid: int
    name: str
    command: list[str]
    user: str = ""
    group: str = ""
    start_on_reload: bool = True
    old: bool = False
    running: bool = True
    reload_count: int = 0
    started: float = 0.0
    told: int = 0
    settings: ProgramSettings = NO_PROGRAM_SETTINGS
    environment: dict[str, str] = field(default_factory=dict)
    mark: str = ""
    ready: bool = True
    in_row: int = 0
    kill_at: float = 0.0
    output: OutputFacts = field(default_factory=OutputFacts)
    notify: NotifyFacts = field(default_factory=NotifyFacts)


@dataclass(slots=True)
class RestFacts:
    """
    A program that is to be started again, or has failed for good, see
    L{Rest<mwproxy.programs.rests.Rest>}.

    @ivar program: Its last instance.

    @ivar due: When it is started, L{None} for not any more.

    @ivar after: It is started when the former instance has gone instead.
    """

    program: ProgramFacts
    in_row: int = 0
    since: float = 0.0
    due: float | None = None
    after: bool = False


@dataclass(slots=True)
class GuardFacts:
    """
    The watch over programs.

    @ivar pid: Its process, 0 for none.

    @ivar fd: The pipe to it, -1 for none.
    """

    pid: int = 0
    fd: int = -1


@dataclass(slots=True)
class BoundFacts:
    """
    A listening socket.

    @ivar spec: As L{ListenerSpec<mwproxy.process.sockets.ListenerSpec>}.

    @ivar inode: Device and number of our name in the file system, empty if we made none.

    @ivar backup: Where the former socket of that path waits, empty for nowhere.

    @ivar origin: The inherited descriptor that it was duplicated from, -1 for none.
    """

    spec: dict[str, Any]
    fd: int
    origin: int = -1
    inode: list[int] = field(default_factory=list)
    backup: str = ""


@dataclass(slots=True)
class ListenerFacts:
    """
    A listening socket of generations.

    @ivar users: The generations.

    @ivar replaced: Another one has its address now.
    """

    bound: BoundFacts
    users: list[int] = field(default_factory=list)
    replaced: bool = False


@dataclass(slots=True)
class ServedFacts:
    """
    What the workers that serve were told, see L{Served<mwproxy.master.instance.Served>}.
    """

    order: dict[str, Any] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    reload_count: int = 0


@dataclass(slots=True)
class SlotFacts:
    """
    The place of a serving worker that died, see L{Slot<mwproxy.master.respawn.Slot>}.

    @ivar pid: Its replacement if that serves, 0 for none.

    @ivar due: A replacement has to be started.
    """

    relative: int
    replaced: int = 0
    refused: int = 0
    since: float | None = None
    pid: int = 0
    due: bool = False


@dataclass(slots=True)
class RelayFacts:
    """
    A session in a worker that a console's client is connected with.

    @ivar fd: The master's end.

    @ivar unsent: Input that the worker has not got yet.

    @ivar session: It takes all input until it ends.
    """

    fd: int
    unsent: bytes = b""
    session: bool = False


@dataclass(slots=True)
class SessionFacts:
    """
    One client of a console.

    @ivar fd: Its connection.

    @ivar level: The word for what it may do.

    @ivar default: The pid that commands without target go to, 0 for the master.

    @ivar input: What it has sent and was not executed yet.

    @ivar unsent: What it was not sent yet.

    @ivar request: Which of the L{MasterFacts.requests} it waits for, -1 for none.

    @ivar who: The client, as the audit names it.

    @ivar command: What it waits for the end of, for the audit.

    The others are those of L{ConsoleState<mwproxy.console.state.ConsoleState>}.
    """

    fd: int
    level: str = "user"
    mode: str = "i"
    timed: bool = False
    severity: str = "none"
    expert: bool = False
    experimental: bool = False
    debug: bool = False
    closing: bool = False
    default: int = 0
    input: bytes = b""
    unsent: bytes = b""
    request: int = -1
    relay: RelayFacts | None = None
    who: str = ""
    command: list[str] = field(default_factory=list)


@dataclass(slots=True)
class ConsoleFacts:
    """
    One C{-S}.
    """

    bound: BoundFacts
    sessions: list[SessionFacts] = field(default_factory=list)


@dataclass(slots=True)
class RequestFacts:
    """
    A reload that was asked for.

    @ivar begun: It was announced and counted; only the first in line may be.

    @ivar by: Who asked for it.

    @ivar back_to: The generation whose text it loads, 0 for the files.

    @ivar confirm_ms: How long it may serve without being confirmed, 0 for ever.

    @ivar unasked: Nobody asked for it: a generation was not confirmed in time.
    """

    hard: bool = False
    by_signal: bool = False
    begun: bool = False
    by: str = ""
    back_to: int = 0
    confirm_ms: int = 0
    unasked: bool = False


@dataclass(slots=True)
class GenerationFacts:
    """
    One load, see L{Record<mwproxy.master.history.Record>}.

    @ivar text_files: The files of its text.

    @ivar texts: Which of the L{HistoryFacts.texts} each file has, L{None} if nothing is kept.
    """

    number: int
    what: str = ""
    by: str = ""
    when: float = 0.0
    result: str = ""
    files: list[str] = field(default_factory=list)
    text_files: list[str] = field(default_factory=list)
    texts: dict[str, int] | None = None
    references: dict[str, list[int]] = field(default_factory=dict)
    why: list[str] = field(default_factory=list)


@dataclass(slots=True)
class HistoryFacts:
    """
    All loads that the master remembers.

    @ivar texts: The texts of files, those that generations share once.
    """

    records: list[GenerationFacts] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)


@dataclass(slots=True)
class TrialFacts:
    """
    A generation that goes back unless it is confirmed.

    @ivar back_to: Where it goes back to, 0 for no such generation.

    @ivar deadline: When it does.
    """

    back_to: int = 0
    deadline: float = 0.0


@dataclass(slots=True)
class MasterFacts:
    """
    Everything.

    @ivar pid: The process that it belongs to: nobody else may use it.

    @ivar version: The version that leaves it.

    @ivar startup_version: The version that the process was started with.

    @ivar quiet: Nothing is written to standard error any more.

    @ivar pidfile: The pid file that was written, empty for none.

    @ivar log: The start-up log.

    @ivar environment: As configuration sees it.

    @ivar configuration: What is known of the C{global} section that is served.

    @ivar served: What its workers were told.

    @ivar history: What was loaded so far, and the texts that are kept.

    @ivar trial: Whether what serves has to be confirmed.

    @ivar slots: Places of workers that died.

    @ivar committed: Generations that were READY.

    @ivar resting: Programs that do not run.

    @ivar passed: Listening sockets of programs.

    @ivar remains: Children without a task any more: workers in waiting, and the nursery.

    @ivar requests: Reloads in line.

    @ivar signals: Signals that had come and were not handled yet.

    The others are those of L{Instance<mwproxy.master.instance.Instance>}.
    """

    format: int
    pid: int
    version: str = ""
    startup_version: str = ""
    started: float = 0.0
    reloads: int = 0
    failed: int = 0
    successes: int = 0
    generation: int = 0
    serving: int = 0
    stopping: int = 0
    killing: bool = False
    exit_code: int = 0
    paused: bool = False
    quiet: bool = False
    pidfile: str = ""
    log: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    configuration: dict[str, Any] = field(default_factory=dict)
    served: ServedFacts = field(default_factory=ServedFacts)
    history: HistoryFacts = field(default_factory=HistoryFacts)
    trial: TrialFacts = field(default_factory=TrialFacts)
    slots: list[SlotFacts] = field(default_factory=list)
    workers: list[WorkerFacts] = field(default_factory=list)
    programs: list[ProgramFacts] = field(default_factory=list)
    guard: GuardFacts = field(default_factory=GuardFacts)
    resting: list[RestFacts] = field(default_factory=list)
    passed: list[BoundFacts] = field(default_factory=list)
    listeners: list[ListenerFacts] = field(default_factory=list)
    committed: list[int] = field(default_factory=list)
    consoles: list[ConsoleFacts] = field(default_factory=list)
    remains: list[int] = field(default_factory=list)
    requests: list[RequestFacts] = field(default_factory=list)
    signals: list[int] = field(default_factory=list)

    def write(self) -> bytes:
        """
        Write it down.
        """
        return encode(self)

    def descriptors(self) -> list[int]:
        """
        List the descriptors that have to stay open.
        """
        return sorted(fd for fd in _descriptors(self) if fd >= 0)


def read(data: bytes, pid: int) -> MasterFacts:
    """
    Read what a master left.

    @param pid: This process.

    @raise BadFacts: It is not readable, of another format or not for this process; or it names a
        process that must not be signaled.
    """
    facts = decode(MasterFacts, data)
    if facts.format != FORMAT:
        raise BadFacts(
            f"format {facts.format} is not understood, only {FORMAT}: a restart is needed"
        )
    if facts.pid != pid:
        raise BadFacts(f"it belongs to process {facts.pid}")
    pids = [each.pid for each in facts.workers] + [each.pid for each in facts.programs]
    if any(each < 2 for each in [*pids, *facts.remains]):
        raise BadFacts("it names a process that is no child")
    if not facts.serving:
        raise BadFacts("it served nothing")
    return facts


def _descriptors(value: Any) -> set[int]:
    if isinstance(value, list):
        return set().union(*map(_descriptors, value))
    if not is_dataclass(value):
        return set()
    found = {getattr(value, name) for name in ("fd", "origin") if hasattr(value, name)}
    return found.union(*(_descriptors(getattr(value, each.name)) for each in fields(value)))
