"""
C{master-worker respawn}: a serving worker that died is replaced, with the very configuration that
it had.

Rules:
  - what the master did not ask for is a death, whatever its status;
  - the first replacement starts at once, out of the workers in waiting; one that dies before it
    has served L{STEADY} seconds, or that never becomes READY, is replaced later and later;
  - after as many replacements in a row as the limit says the death counts as it would without
    C{respawn}: with C{no-exit-on-failure} nothing follows, else all is ended;
  - listening sockets stay open meanwhile: clients wait in the backlog;
  - what is loaded is the text that was accepted when the generation was loaded, not what the files
    say now: a file that is being edited cannot break a replacement. Files that the configuration
    names (error pages, patterns, certificates) are read again;
  - with several workers only the dead one is replaced; a reload that succeeds makes an end of all
    that is under way, and so does a stop.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mwproxy.master.instance import Instance
from mwproxy.master.patience import Patience
from mwproxy.master.standby import Standby
from mwproxy.process.child import Phase
from mwproxy.process.inheritance import SlotFacts
from mwproxy.process.system import exit_text
from mwproxy.process.worker import WorkerProcess

#: Seconds of service after which a worker has proved good.
STEADY = 60.0
#: Seconds before the second replacement in a row, and the longest such pause; it doubles.
FIRST_PAUSE = 0.25
LONGEST_PAUSE = 30.0


class Slot:
    """
    One of the workers of the serving generation, by its number.

    @ivar replaced: How often in a row.

    @ivar since: When its present worker became READY, monotonic; L{None} before.

    @ivar worker: The replacement that loads or serves, L{None} for none.

    @ivar timer: When the next one is due, L{None} for not at all.

    @ivar patience: With the one that loads.

    @ivar refused: How often in a row the system had no process for one. That does not count for
        the limit: it says nothing of the worker.
    """

    __slots__ = ("patience", "refused", "replaced", "since", "timer", "worker")

    def __init__(self) -> None:
        self.replaced = 0
        self.since: float | None = None
        self.worker: WorkerProcess | None = None
        self.timer: Any = None
        self.patience: Patience | None = None
        self.refused = 0


class Respawns:
    """
    Replaces serving workers that died.
    """

    def __init__(self, instance: Instance, standby: Standby) -> None:
        self._instance = instance
        self._standby = standby
        self._slots: dict[int, Slot] = {}

    @property
    def waiting(self) -> bool:
        """
        Whether a worker is due that does not exist yet.
        """
        return any(slot.timer is not None for slot in self._slots.values())

    def facts(self) -> list[SlotFacts]:
        """
        Note what another image of the master needs to go on. A replacement that loads is not
        carried over: it is due again.
        """
        found = []
        for relative, slot in self._slots.items():
            serves = slot.worker is not None and slot.worker.phase is Phase.CURRENT
            found.append(
                SlotFacts(
                    relative,
                    slot.replaced,
                    slot.refused,
                    slot.since,
                    slot.worker.pid if serves and slot.worker is not None else 0,
                    slot.timer is not None or (slot.worker is not None and not serves),
                )
            )
        return found

    def inherit(self, facts: Sequence[SlotFacts]) -> None:
        """
        Go on where a former image of the master was.
        """
        for each in facts:
            slot = self._slots[each.relative] = Slot()
            slot.replaced, slot.refused, slot.since = each.replaced, each.refused, each.since
            found = [worker for worker in self._instance.workers if worker.pid == each.pid]
            slot.worker = found[0] if found else None
            if each.due:
                self._schedule(each.relative, slot, each.replaced)

    def may_listen(self, worker: WorkerProcess) -> bool:
        """
        Tell whether a worker may ask for listening sockets: a replacement while it loads.
        """
        return worker.phase is Phase.STARTING and self._slot_of(worker) is not None

    def ready(self, worker: WorkerProcess) -> bool:
        """
        Note that a worker is READY.

        @return: Whether it is a replacement.
        """
        slot = self._slot_of(worker)
        if slot is None:
            return False
        instance = self._instance
        slot.since = instance.system.monotonic()
        self._settle(slot)
        instance.speaker.notice(f"Worker {instance.label(worker)} serves in place of the dead one.")
        instance.system.call_later(0, self._fill)
        return True

    def ended(self, worker: WorkerProcess, status: int) -> bool:
        """
        Note that a worker is gone.

        @return: Whether it will be replaced; everything was said then.
        """
        instance = self._instance
        limit = instance.global_.respawn_limit
        if limit is None or instance.stopping or instance.killing or not self._serves(worker):
            return False
        if not instance.served.order:
            # Loaded by a former image of the master that did not tell what.
            return False
        slot = self._slots.setdefault(worker.relative, Slot())
        self._settle(slot)
        if self._served(slot, worker) >= STEADY:
            slot.replaced = 0
        slot.worker, slot.since = None, None
        if slot.replaced >= limit:
            instance.speaker.alert(
                f"Worker {instance.label(worker)} is not replaced any more: "
                f"{limit} in a row did not last."
            )
            return False
        slot.replaced += 1
        self._say(worker, status, slot.replaced, limit)
        self._schedule(worker.relative, slot, slot.replaced - 1)
        return True

    def forget(self) -> None:
        """
        Replace nobody any more of those that died until now.
        """
        for slot in self._slots.values():
            self._settle(slot)
        self._slots.clear()

    def _serves(self, worker: WorkerProcess) -> bool:
        if worker.generation != self._instance.serving:
            return False
        return worker.ended_as is Phase.CURRENT or self._slot_of(worker) is not None

    def _slot_of(self, worker: WorkerProcess) -> Slot | None:
        slot = self._slots.get(worker.relative)
        return slot if slot is not None and slot.worker is worker else None

    def _served(self, slot: Slot, worker: WorkerProcess) -> float:
        now = self._instance.system.monotonic()
        if slot.worker is worker:
            return 0.0 if slot.since is None else now - slot.since
        # The first of its slot: it was loaded by a reload, and proved good by that.
        return STEADY

    def _say(self, worker: WorkerProcess, status: int, number: int, limit: int) -> None:
        instance = self._instance
        text = (
            f"Current worker {instance.label(worker)} exited with code {status} "
            f"({exit_text(status)}), replacing it ({number} of {limit})."
        )
        if status < 128:
            instance.speaker.warning(text)
        else:
            instance.speaker.alert(text)

    def _schedule(self, relative: int, slot: Slot, before: int) -> None:
        """
        @param before: How many tries have failed.
        """
        pause = min(FIRST_PAUSE * 2 ** min(before - 1, 16), LONGEST_PAUSE) if before else 0.0
        # Not at once even then: whoever tells of a death is in the midst of it.
        slot.timer = self._instance.system.call_later(pause, lambda: self._replace(relative, slot))

    def _replace(self, relative: int, slot: Slot) -> None:
        slot.timer = None
        instance = self._instance
        served = instance.served
        try:
            worker = self._standby.take(outdated=True)
        except OSError as error:
            instance.speaker.alert(f"Cannot start a worker: {error.strerror}")
            slot.refused += 1
            self._schedule(relative, slot, slot.refused)
            return
        slot.refused = 0
        slot.worker = worker
        instance.workers.append(worker)
        worker.successes = instance.successes
        order = {**served.order, "process": relative, "paused": instance.paused}
        worker.load(instance.serving, relative, order, served.reload_count, served.contents)
        slot.patience = Patience(instance, [worker], instance.global_.ready_timeout_ms / 1000)

    def _settle(self, slot: Slot) -> None:
        if slot.timer is not None:
            slot.timer.cancel()
            slot.timer = None
        if slot.patience is not None:
            slot.patience.end()
            slot.patience = None

    def _fill(self) -> None:
        instance = self._instance
        if instance.workers and not instance.stopping:
            self._standby.fill(instance.global_.nbproc)
