"""
Upgrade in place: when the installed code has changed, a reload first replaces the master itself, in
the same process, and the new code does the reload.

Nothing is given up before a child has shown that the installed code starts with this command line
and understands what it will be left (C{process/probe.py}). Then everything that must cross is
written down (C{passage.py}) and the process executes its own command again. Only the kernel can
refuse that; then nothing has changed either.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from mwproxy.master.instance import Instance
from mwproxy.process.discovery import discover
from mwproxy.process.fingerprint import Fingerprint, fingerprint
from mwproxy.process.inheritance import MasterFacts
from mwproxy.process.messages import flush_stderr
from mwproxy.process.probe import Probe
from mwproxy.process.reexec import Origin

_log = Logger()
#: How often code that changes while it is looked at is looked at again.
MOST_LOOKS = 5
#: Values of C{re-exec} in C{master-worker}.
AUTO, ALWAYS, NEVER = "auto", "always", "never"


class Upgrade:
    """
    Replaces the master when its code has changed.
    """

    def __init__(
        self,
        instance: Instance,
        origin: Origin,
        collect: Callable[[], MasterFacts],
        take_fingerprint: Callable[[], Fingerprint] = fingerprint,
        part: Callable[[], None] = lambda: None,
    ) -> None:
        """
        @param origin: How this process was started.

        @param collect: Writes down what must cross.

        @param part: Parts with what cannot cross; called when nothing but the kernel can refuse.
        """
        self._instance = instance
        self._origin = origin
        self._collect = collect
        self._part = part
        self._take_fingerprint = take_fingerprint
        self._running = self._installed()
        self._probe: Probe | None = None
        self._looks = 0

    def due(self) -> bool:
        """
        Tell whether a reload has to replace the master first.
        """
        if self._installed() == self._running:
            return self._instance.global_.reexec == ALWAYS
        if self._policy() != NEVER:
            return True
        self._instance.speaker.notice(
            "The installed code has changed: workers will run it, the master does not "
            "(master-worker re-exec never)."
        )
        return False

    def begin(self) -> Deferred[str]:
        """
        Replace the master.

        @return: Fires with the reason when that is not possible; all is as before then.
        """
        self._looks = 0
        looked: Deferred[str] = maybeDeferred(self._look)
        return looked.addCallback(self._go).addErrback(self._broken)

    def abandon(self) -> None:
        """
        End what is under way, as everything ends.
        """
        if self._probe is not None:
            self._probe.give_up()

    def _installed(self) -> tuple[object, ...]:
        return (self._take_fingerprint(), self._origin.marks())

    def _policy(self) -> str:
        instance = self._instance
        found = discover(instance.settings, instance.initial, lambda message: None, master=True)
        return (instance.global_ if found is None else found.global_).reexec

    def _look(self) -> Deferred[str]:
        """
        Try the installed code in a child, again if it changed meanwhile: somebody may be in the
        midst of installing it.

        @return: Fires with the reason if it will not do, else empty.
        """
        problem = self._origin.problem()
        if problem:
            return succeed(problem)
        before = self._installed()
        self._probe = Probe(self._instance.system)
        try:
            looked = self._probe.start(self._origin, self._collect().write())
        except OSError as error:
            return succeed(f"Cannot start a process: {error.strerror}")

        def judge(reason: str) -> str | Deferred[str]:
            self._probe = None
            if self._installed() == before:
                return reason
            self._looks += 1
            if self._looks < MOST_LOOKS:
                return self._look()
            return "the installed code keeps changing, reload again when that is over"

        return looked.addCallback(judge)

    def _go(self, reason: str) -> str:
        instance = self._instance
        if instance.stopping or instance.killing:
            return "the master is about to exit"
        if reason:
            return reason
        flush_stderr(at_end=True)
        try:
            self._part()
        except OSError as error:
            return f"Cannot start a process: {error.strerror}"
        facts = self._collect()

        def write(caught: list[int]) -> bytes:
            facts.signals = caught
            return facts.write()

        try:
            instance.system.become_successor(self._origin, write, facts.descriptors())
        except OSError as error:
            return (
                f"Failed to reexecute the master process [{instance.system.pid}]: {error.strerror}"
            )
        return "the exec came back"

    def _broken(self, failure: Failure) -> str:
        # The rim: a fault in our own code is a failed reload.
        _log.failure("an upgrade failed", failure)
        return "an internal error, see above"
