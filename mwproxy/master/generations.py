"""
The generations as the console sees and commands them: what was loaded, going back, confirming.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred

from mwproxy.config.loader import expand_files, read_file
from mwproxy.config.model import Global
from mwproxy.console.generations_view import GenerationRow, NotKept, Progress
from mwproxy.console.master_view import ReloadResult
from mwproxy.core.diagnostics import ConfigError
from mwproxy.core.references import Marks
from mwproxy.master.history import FAILED, SERVING, History, Record
from mwproxy.master.instance import Instance
from mwproxy.master.requests import Request, Wish
from mwproxy.master.trial import Trial
from mwproxy.process.child import Phase
from mwproxy.process.discovery import Discovery, KeptText
from mwproxy.process.inheritance import MasterFacts, RequestFacts
from mwproxy.process.worker import WorkerProcess

#: Names of changed files that an answer lists.
MOST_NAMED = 10


class Generations:
    """
    All generations of one master. Implements
    L{GenerationsView<mwproxy.console.generations_view.GenerationsView>}.

    @ivar trial: Of what serves.

    @ivar load: Asks for a load, after those that were asked for before.
    """

    def __init__(self, instance: Instance, load: Callable[[Wish], Deferred[ReloadResult]]) -> None:
        self.trial = Trial(instance.system, self._go_back)
        self._instance = instance
        self.load = load
        self._history = History()
        # Files that the last text that was gone back to names and that are not what they were.
        self._changed: list[str] = []
        # Going back for lack of a confirmation is under way.
        self._returning = False
        # What served before a generation whose trial is about to begin, 0 for none.
        self._former = 0

    # What the console asks for.

    def rows(self) -> list[GenerationRow]:
        """
        List the generations, newest first.
        """
        return [self._row(each) for each in reversed(self._history.records)]

    def text(self, number: int) -> dict[str, bytes]:
        """
        Get the texts of a generation's files, in their order.

        @raise NotKept: They are not kept.
        """
        kept = self._kept(number)
        return {name: kept.contents[name] for name in kept.files if name in kept.contents}

    def present_text(self) -> dict[str, bytes]:
        """
        Read what a reload would read now.

        @raise NotKept: A file cannot be read.
        """
        try:
            files = expand_files(list(self._instance.settings.files))
            return {name: read_file(name) for name in files}
        except (ConfigError, OSError, ValueError) as error:
            raise NotKept(str(error)) from None

    def before(self, number: int) -> int:
        """
        Find the configuration that was accepted before a generation.

        @raise NotKept: None is kept.
        """
        found = self._history.before(number)
        if found is None:
            raise NotKept(f"No generation before {number} is kept.{self._which()}")
        return found.number

    def rollback(
        self, number: int, *, by: str = "", progress: Progress | None = None
    ) -> Deferred[ReloadResult]:
        """
        Load the text of a generation again.

        @raise NotKept: It is not kept.
        """
        return self.load(Wish(by=by, kept=self._kept(number), progress=progress))

    def confirm(self) -> str:
        """
        End the trial of what serves.

        @return: Why that is not possible, empty if it was done.
        """
        if not self.trial.back_to:
            return "Nothing is on trial."
        if self._returning:
            return f"Too late: going back to generation {self.trial.back_to} has begun."
        self.trial.end()
        self._instance.speaker.notice(f"Generation {self._instance.serving} is confirmed.")
        self._trim()
        return ""

    # What happens.

    def begin(self, request: Request) -> None:
        """
        Note that the load of a new generation begins.
        """
        instance, wish = self._instance, request.wish
        what = "hard-reload" if request.hard else "reload"
        if wish.kept is not None:
            what = f"{'return' if wish.unasked else 'rollback'} {wish.kept.generation}"
            self._returning = wish.unasked
        elif instance.generation == 1:
            what = "start"
        record = Record(instance.generation, what, wish.by, instance.system.wall_clock())
        record.files = list(instance.settings.files if wish.kept is None else wish.kept.files)
        self._history.begin(record)

    def read(self, discovery: Discovery) -> None:
        """
        Note which files the load has.
        """
        self._history.read(self._instance.generation, discovery.files)

    def failed(self, number: int) -> None:
        """
        Note that a load failed.
        """
        self._history.failed(number, self._instance.log.lines())

    def serves(
        self, former: int, request: Request, discovery: Discovery, references: Marks
    ) -> None:
        """
        Note that a load was accepted.

        @param former: The generation that served until now, 0 for none.

        @param references: Files that its text names.
        """
        wish = request.wish
        number = self._instance.serving
        held = self._history.serves(number, discovery.files, discovery.contents, references)
        # One copy is enough.
        self._instance.served.contents = held
        if wish.kept is not None:
            self.trial.end()
        self._former = former if wish.confirm_ms else 0
        # Now: what was gone back to may be too much to be kept any longer.
        kept = None if wish.kept is None else self._history.find(wish.kept.generation)
        self._changed = [] if kept is None else kept.changed_references()
        self._trim()

    def announce(self, request: Request) -> None:
        """
        Say what an operator has to know of the generation that serves now. The time of a trial
        begins with that.
        """
        if request.wish.confirm_ms and request.wish.kept is None:
            self.trial.begin(self._former, request.wish.confirm_ms / 1000)
        speaker, kept = self._instance.speaker, request.wish.kept
        number = self._instance.serving
        if kept is not None:
            speaker.notice(
                f"Generation {number} serves the text of generation {kept.generation}. The files "
                "stay as they are: the next reload reads them."
            )
            changed = self._changed
            if changed:
                more = f" and {len(changed) - MOST_NAMED} more" if len(changed) > MOST_NAMED else ""
                speaker.warning(
                    f"Files that are not kept have changed since generation {kept.generation}, and "
                    f"were read as they are now: {', '.join(changed[:MOST_NAMED])}{more}"
                )
        if self.trial.back_to:
            speaker.warning(
                f"Generation {number} is on trial: going back to generation "
                f"{self.trial.back_to} in {self.trial.left:.0f}s unless 'reload confirmed' comes."
            )

    def returned(self, result: ReloadResult) -> ReloadResult:
        """
        Note how going back ended.
        """
        self._returning = False
        if not result.success and self.trial.over:
            self._instance.speaker.alert(
                f"Cannot go back to generation {self.trial.back_to}: generation "
                f"{self._instance.serving} serves on, without having been confirmed."
            )
            self.trial.end()
        return result

    def rescue(self, worker: WorkerProcess) -> bool:
        """
        Go back at once if a worker of what is on trial has died: it did not pass.

        @return: Whether that is done, so that its death does not end everything.
        """
        instance = self._instance
        if instance.stopping or instance.killing or worker.generation != instance.serving:
            return False
        if worker.ended_as is not Phase.CURRENT or not self.trial.back_to:
            return False
        self.trial.cut_short()
        return True

    # Another image of the master.

    def write(self, facts: MasterFacts) -> None:
        """
        Note what another image of the master needs to go on.
        """
        facts.history = self._history.facts()
        facts.trial = self.trial.facts()

    def inherit(self, facts: MasterFacts) -> None:
        """
        Go on where a former image of the master was; one that knew no generations left what
        serves.
        """
        self._history.inherit(facts.history)
        served = facts.served
        if facts.serving and self._history.find(facts.serving) is None and served.order:
            files = [str(each) for each in served.order.get("files", [])]
            self._history.begin(Record(facts.serving, "reload", "", 0.0, files=files))
            self._history.serves(facts.serving, files, served.contents, {})
        self.trial.inherit(facts.trial)

    def wish_of(self, facts: RequestFacts) -> Wish | None:
        """
        Understand a request of a former image.

        @return: L{None} if what it would load is not kept any more.
        """
        kept = None
        if facts.back_to:
            record = self._history.find(facts.back_to)
            if record is None or record.text is None:
                return None
            kept = record.text
        return Wish(facts.by, kept, facts.confirm_ms, facts.unasked)

    def forget(self) -> None:
        """
        Go back to nothing any more: all is being stopped.
        """
        self.trial.end()

    def _go_back(self) -> None:
        instance, number = self._instance, self.trial.back_to
        if instance.stopping or instance.killing:
            self.trial.end()
            return
        why = "was not confirmed in time" if not self.trial.left else "did not pass its trial"
        instance.speaker.warning(
            f"Generation {instance.serving} {why}: going back to generation {number}."
        )
        record = self._history.find(number)
        if record is None or record.text is None:
            self.returned(ReloadResult(False, "", instance.serving))
            return
        self.load(Wish(by="no confirmation", kept=record.text, unasked=True))

    def _kept(self, number: int) -> KeptText:
        record = self._history.find(number)
        if record is None:
            raise NotKept(f"There is no generation {number}, or it is forgotten.{self._which()}")
        if record.text is None:
            reason = "was not accepted" if record.result == FAILED else "is not kept"
            raise NotKept(f"Generation {number} {reason}.{self._which()}")
        return record.text

    def _which(self) -> str:
        numbers = ", ".join(str(each.number) for each in self._history.kept())
        return f" Kept: {numbers or 'none'}."

    def _row(self, record: Record) -> GenerationRow:
        workers = [each for each in self._instance.workers if each.generation == record.number]
        serving = record.result == SERVING
        contents = {} if record.text is None else record.text.contents
        return GenerationRow(
            record.number,
            record.what,
            record.by,
            record.when,
            record.result,
            [(name, len(contents[name]) if name in contents else None) for name in record.files],
            record.text is not None,
            [each.pid for each in workers if each.pid],
            list(record.why),
            self.trial.back_to if serving else 0,
            self.trial.left if serving else 0.0,
        )

    def _trim(self) -> None:
        settings: Global = self._instance.global_
        pinned = {self._instance.serving, self.trial.back_to, self._former}
        self._history.trim(settings.kept_generations, settings.kept_bytes, pinned)
