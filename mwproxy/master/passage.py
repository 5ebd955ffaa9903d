"""
What of an instance crosses an exec, and how the other side begins with it.

Both sides are one file, since they must agree. Consoles are added by the service, which has them.
Nothing that can be made anew crosses: workers in waiting and the nursery are ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from mwproxy import __version__
from mwproxy.config.model import Global
from mwproxy.master.instance import Instance, Served
from mwproxy.process.bind import Bound, bind
from mwproxy.process.child import Phase
from mwproxy.process.inheritance import FORMAT, BoundFacts, MasterFacts, ServedFacts
from mwproxy.process.sockets import ListenerSpec
from mwproxy.process.worker import WorkerOwner, WorkerProcess
from mwproxy.programs.programs import Programs

#: Counters and states that are what they were.
_CARRIED = (
    "started",
    "reloads",
    "failed",
    "successes",
    "generation",
    "serving",
    "stopping",
    "killing",
    "exit_code",
    "paused",
    "environment",
)
_CROSSES = (Phase.CURRENT, Phase.LEAVING)


def collect(instance: Instance, programs: Programs) -> MasterFacts:
    """
    Write down an instance between two reloads.
    """
    listeners, committed = instance.listeners.facts()
    running, guard = programs.facts()
    resting, passed = programs.more_facts()
    facts = MasterFacts(
        FORMAT,
        instance.system.pid,
        version=__version__,
        startup_version=instance.settings.startup_version,
        quiet=instance.speaker.quiet,
        log=instance.log.lines(),
        remains=[each.pid for each in instance.workers if each.phase not in _CROSSES and each.pid],
        configuration=_plain(instance.global_),
        served=ServedFacts(
            instance.served.order, instance.served.contents, instance.served.reload_count
        ),
        workers=[each.facts() for each in instance.workers if each.phase in _CROSSES],
        programs=running,
        guard=guard,
        resting=resting,
        passed=passed,
        listeners=listeners,
        committed=committed,
    )
    for name in _CARRIED:
        setattr(facts, name, getattr(instance, name))
    return facts


def restore(facts: MasterFacts, instance: Instance, programs: Programs, owner: WorkerOwner) -> None:
    """
    Make an instance that has done nothing yet what a former image left.

    @param owner: Who is told about its workers.
    """
    for name in _CARRIED:
        setattr(instance, name, getattr(facts, name))
    instance.global_ = _described(facts.configuration)
    served = facts.served
    instance.served = Served(served.order, served.contents, served.reload_count)
    instance.speaker.quiet = facts.quiet
    for line in facts.log:
        instance.log.keep(line)
    instance.listeners.inherit(facts.listeners, facts.committed)
    for each in facts.workers:
        worker = WorkerProcess(instance.system, owner)
        instance.workers.append(worker)
        worker.inherit(each)
    programs.inherit(facts.programs, facts.guard, facts.resting, facts.passed)


class FormerSockets:
    """
    Listening sockets of a former image, to be used instead of binding.
    """

    def __init__(self, facts: Sequence[BoundFacts]) -> None:
        found = [Bound.inherited(each) for each in facts]
        self._bound = {each.spec.key: each for each in found if each is not None}

    def bind(self, spec: ListenerSpec) -> Bound:
        """
        Find a socket, or make it.

        @raise CannotBind: It cannot be made.
        """
        found = self._bound.pop(spec.key, None)
        return bind(spec) if found is None else found

    def close(self) -> None:
        """
        Close what nobody wanted.
        """
        for each in self._bound.values():
            each.close()
        self._bound.clear()


def _plain(description: Global) -> dict[str, Any]:
    """
    Take what is a plain value: all that a master asks of a configuration it has read before.
    """
    found = {each.name: getattr(description, each.name) for each in fields(Global)}
    return {name: value for name, value in found.items() if _is_plain(value)}


def _described(values: dict[str, Any]) -> Global:
    """
    Make a description of plain values; unknown ones are left out.
    """
    usual = Global()
    known = {
        name: value
        for name, value in values.items()
        if hasattr(usual, name) and _fits(value, getattr(usual, name))
    }
    return Global(**known)


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, bool | int | str)


def _fits(value: object, usual: object) -> bool:
    return _is_plain(value) and (value is None or usual is None or type(value) is type(usual))
