"""
What a master with its workers has to be after any sequence of events: a model without processes.

The rules are those of HAProxy's management manual, 3 and 4, with the differences that
C{doc/management.md} lists. Time has no place here: the model tells where things settle.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.integration.model_configs import Mistake, Plan

KILLED = 137


@dataclass(eq=False, slots=True)
class Worker:
    """
    A worker.

    @ivar pid: 0 until it was seen.

    @ivar born: The master's count of reloads when it was given its configuration.

    @ivar success: The number of its configuration among those that were served.

    @ivar stopped: It was sent SIGSTOP.
    """

    relative: int
    born: int
    success: int = 0
    pid: int = 0
    stopped: bool = False


@dataclass(eq=False, slots=True)
class Program:
    """
    An instance of a program.

    @ivar old: Listed below C{# old programs}.
    """

    name: str
    born: int
    pid: int = 0
    old: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """
    A line of C{show proc}, without what only time tells.

    @ivar section: C{"master"}, C{"workers"}, C{"old workers"}, C{"programs"} or C{"old programs"}.

    @ivar pid: 0 for any.

    @ivar relative: Its number, 0 where there is none.
    """

    section: str
    pid: int
    kind: str
    relative: int
    reloads: int
    failed: int = 0


@dataclass(slots=True)
class Model:
    """
    One master.

    @ivar disk: What the configuration file is.

    @ivar plan: What is served.

    @ivar serving: Workers of the generation that serves; those that died are not in it.

    @ivar loading: The worker of a slow configuration that is being loaded, and its plan.

    @ivar queued: Reloads that were asked for since.

    @ivar respawned: How many workers of the serving generation were replaced.

    @ivar exit_code: What the master will end with after SIGTERM.

    @ivar stopping: It was told to end.

    @ivar words: The words of all that was served, in order.
    """

    disk: Plan | Mistake
    plan: Plan
    serving: list[Worker] = field(default_factory=list)
    old: list[Worker] = field(default_factory=list)
    programs: list[Program] = field(default_factory=list)
    loading: tuple[Worker, Plan] | None = None
    queued: int = 0
    reloads: int = 0
    failed: int = 0
    successes: int = 0
    respawned: int = 0
    exit_code: int = 0
    paused: bool = False
    stopping: bool = False
    words: list[str] = field(default_factory=list)

    @classmethod
    def started(cls, plan: Plan) -> Model:
        """
        Start with a configuration.

        @return: What is there when it is ready.
        """
        model = cls(plan, plan)
        model._programs(plan, hard=False)
        model._succeed(plan, hard=False)
        return model

    @property
    def over(self) -> bool:
        """
        Whether nothing is left, so that the master ends.
        """
        return not (self.serving or self.old or self.programs or self.loading)

    @property
    def answering(self) -> bool:
        """
        Whether a new client is answered now.
        """
        awake = any(not worker.stopped for worker in self.serving)
        return awake and not self.paused and not self.stopping

    def reload(self, hard: bool) -> bool:
        """
        Reload what is on disk, to the end.

        @return: Whether that succeeds.
        """
        plan = self._begin(hard)
        if plan is None:
            return False
        self._succeed(plan, hard)
        return True

    def begin_slow(self) -> None:
        """
        Begin to load what is on disk, a slow one.
        """
        plan = self._begin(False)
        assert plan is not None
        self.loading = (Worker(1, self.reloads), plan)

    def finish_slow(self, hard: bool = False) -> None:
        """
        Let it become READY.
        """
        assert self.loading is not None
        (worker, plan), self.loading = self.loading, None
        self._succeed(plan, hard, [worker])

    def crash_slow(self) -> None:
        """
        Let it die.
        """
        self.loading = None
        self._fail()

    def worker_killed(self, worker: Worker) -> bool:
        """
        Let a worker die of SIGKILL.

        @return: Whether everything else has to go.
        """
        if worker in self.old:
            self.old.remove(worker)
            return False
        self.serving.remove(worker)
        if self.plan.respawn:
            self.respawned += 1
            self.serving.append(Worker(worker.relative, worker.born, worker.success))
            return False
        self.exit_code = self.exit_code or KILLED
        return not self.plan.forgiving

    def program_killed(self, program: Program) -> bool:
        """
        Let a program die of SIGKILL.

        @return: Whether everything else has to go.
        """
        self.programs.remove(program)
        if program.old:
            return False
        self.exit_code = self.exit_code or KILLED
        return not self.plan.forgiving

    def leave(self, pinned: set[int]) -> None:
        """
        Let those old workers go that have no reason to stay.

        @param pinned: Pids of the workers that clients hold.
        """
        self.old = [worker for worker in self.old if worker.stopped or worker.pid in pinned]

    def rows(self) -> list[Row]:
        """
        Tell what C{show proc} has to list.

        @return: In any order.
        """
        rows = [Row("master", 0, "master", 0, self.reloads, self.failed)]
        workers = self.serving + self.old + ([self.loading[0]] if self.loading else [])
        for worker in workers:
            reloads = self.reloads - worker.born
            section = "old workers" if reloads else "workers"
            rows.append(Row(section, worker.pid, "worker", worker.relative, reloads))
        for program in self.programs:
            section = "old programs" if program.old else "programs"
            reloads = self.reloads - program.born
            rows.append(Row(section, program.pid, program.name, 0, reloads))
        return rows

    def _begin(self, hard: bool) -> Plan | None:
        self.reloads += 1
        disk = self.disk
        if isinstance(disk, Mistake):
            if not disk.read:
                # A worker finds it: what the master does to programs it has done by then.
                self._programs(self._base, hard)
            self._fail()
            return None
        self._programs(disk, hard)
        return disk

    def _fail(self) -> None:
        self.failed += 1
        if self.serving:
            self.exit_code = 0

    @property
    def _base(self) -> Plan:
        # What a mistake was made in.
        return Plan("bad")

    def _programs(self, plan: Plan, hard: bool) -> None:
        self.programs = [each for each in self.programs if each.name == "deaf" and not hard]
        for program in self.programs:
            program.old = True
        self.programs += [Program(name, self.reloads) for name in plan.programs]

    def _succeed(self, plan: Plan, hard: bool, loaded: list[Worker] | None = None) -> None:
        self.successes += 1
        former = self.old + self.serving
        if loaded is None:
            loaded = [Worker(number + 1, self.reloads) for number in range(plan.nbproc)]
        for worker in loaded:
            worker.success = self.successes
        self.old = [
            worker
            for worker in former
            if not hard and self.successes - worker.success <= plan.limit
        ]
        self.serving = loaded
        self.plan = plan
        self.words.append(plan.word)
        self.failed = self.respawned = self.exit_code = 0
