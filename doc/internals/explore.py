"""
State machines that are ordinary code, drawn by exploring it: from each state that is known, on a
fresh copy of the real thing, everything is made to happen that may, and where it leads is noted.

What a state is called is read from the thing itself. Of several ways into a state the first one
found, a shortest, stands for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from signal import SIGINT, SIGTERM, SIGUSR1
from typing import Any, Generic, TypeVar

from mwproxy.live import states
from mwproxy.live.servers import Server
from mwproxy.master.respawn import FIRST_PAUSE, STEADY, Slot
from mwproxy.net.checks.health import take_result
from mwproxy.net.checks.result import Result
from mwproxy.observe.stat_servers import server_status
from mwproxy.process.child import Phase
from mwproxy.process.system import exit_text
from tests.live.backends import START, make_backend
from tests.master.fixture import SupervisorTestCase
from tests.process.memory import MemoryProcess

World = TypeVar("World")


class Impossible(Exception):
    """
    That cannot happen in the present state.
    """


class Explored(Generic[World]):
    """
    One machine.

    @ivar text: What stands above its diagram.
    """

    def __init__(
        self,
        text: str,
        make: Callable[[], World],
        name: Callable[[World], str],
        events: Mapping[str, Callable[[World], object]],
        end: Callable[[World], object] = lambda world: None,
    ) -> None:
        """
        @param make: Makes a fresh world.

        @param name: Tells in which state it is.

        @param events: What may happen, each done to a world; raises L{Impossible}.

        @param end: Cleans a world up.
        """
        self.text = text
        self._make = make
        self._name = name
        self._events = events
        self._end = end

    def arrows(self) -> tuple[str, dict[tuple[str, str], list[str]]]:
        """
        Explore.

        @return: The first state, and by former and next state what leads there.
        """
        first = self._after(())
        assert first is not None
        found: dict[tuple[str, str], list[str]] = {}
        known = {first}
        waiting: deque[tuple[str, tuple[str, ...]]] = deque([(first, ())])
        while waiting:
            state, way = waiting.popleft()
            for event in self._events:
                after = self._after((*way, event))
                if after is None or after == state:
                    continue
                found.setdefault((state, after), []).append(event)
                if after not in known:
                    known.add(after)
                    waiting.append((after, (*way, event)))
        return first, found

    def draw(self) -> str:
        """
        Draw it.

        @return: A state diagram in Mermaid's language.
        """
        first, found = self.arrows()
        order = list(dict.fromkeys([first, *(end for _, end in found)]))
        ids = {state: f"s{number}" for number, state in enumerate(order)}
        lines = ["stateDiagram-v2"]
        lines += [f'    state "{state}" as {ids[state]}' for state in order]
        lines.append(f"    [*] --> {ids[first]}")
        for (start, end), events in found.items():
            lines.append(f"    {ids[start]} --> {ids[end]} : {', '.join(events)}")
        return "\n".join(lines)

    def _after(self, way: tuple[str, ...]) -> str | None:
        world = self._make()
        try:
            for event in way:
                self._events[event](world)
            return self._name(world)
        except Impossible:
            return None
        finally:
            self._end(world)


class Master(SupervisorTestCase):
    """
    A master whose system is in memory.
    """

    def __init__(self, *lines: str) -> None:
        super().__init__("runTest")
        self.setUp()
        self.start(*lines)

    def runTest(self) -> None:
        """
        Nothing: this is no test.
        """

    def alive(self) -> list[MemoryProcess]:
        """
        List the workers that were given a configuration and live.
        """
        pids = [worker.pid for worker in self.instance.workers]
        return [each for each in self.system.workers() if each.pid in pids and each.alive]

    def in_phase(self, *phases: Phase) -> MemoryProcess:
        """
        Find the first worker in one of some phases.

        @raise Impossible: There is none.
        """
        wanted = [each.pid for each in self.instance.workers if each.phase in phases]
        for each in self.alive():
            if each.pid in wanted:
                return each
        raise Impossible

    def slot(self) -> Slot | None:
        """
        Get the place of the worker that died.
        """
        return self.supervisor._respawns._slots.get(1)


def _end(master: Master) -> None:
    master.doCleanups()


def _slot_name(master: Master) -> str:
    if master.over:
        return "the master ends"
    slot = master.slot()
    if master.instance.killing:
        return "exit-on-failure"
    if slot is None or (slot.worker is None and slot.timer is None and not slot.replaced):
        return "serves"
    count = f"{slot.replaced} of 2"
    if slot.timer is not None:
        return f"pause before replacement {count}"
    if slot.worker is not None and slot.worker.phase is Phase.CURRENT:
        return f"replacement {count} serves"
    return f"replacement {count} loads"


def _dies(master: Master) -> None:
    master.in_phase(Phase.CURRENT, Phase.STARTING).exit(139)
    # A first replacement starts at once.
    master.fill()


def _pause_over(master: Master) -> None:
    slot = master.slot()
    if slot is None or slot.timer is None:
        raise Impossible
    master.system.clock.advance(FIRST_PAUSE)


def _ready(master: Master) -> None:
    _become_ready(master, master.in_phase(Phase.STARTING).pid)
    master.fill()


def _become_ready(master: Master, pid: int) -> None:
    (process,) = (each for each in master.system.workers() if each.pid == pid)
    (worker,) = (each for each in master.instance.workers if each.pid == pid)
    if worker.up_at is None:
        process.hello()
    process.ready()


def _proves_good(master: Master) -> None:
    slot = master.slot()
    if slot is None or slot.since is None:
        raise Impossible
    master.system.clock.advance(STEADY)
    _dies(master)


def _reload(master: Master) -> None:
    if master.over or master.instance.killing:
        raise Impossible
    master.reload()
    attempt = master.supervisor._reloads.attempt
    assert attempt is not None
    for worker in list(attempt.workers):
        _become_ready(master, worker.pid)
    master.fill()


RESPAWN = Explored(
    "The place of a serving worker, with `master-worker respawn limit 2`.",
    lambda: Master("    master-worker respawn limit 2"),
    _slot_name,
    {
        "its worker dies": _dies,
        "the pause is over": _pause_over,
        "READY": _ready,
        f"dies after {STEADY:g} s of service": _proves_good,
        "a reload succeeds": _reload,
    },
    _end,
)


def _instance_name(master: Master) -> str:
    instance = master.instance
    if master.over:
        return f"over, status {master.over[0]}"
    if instance.killing:
        return "exit-on-failure: all get SIGTERM"
    if instance.stopping == SIGUSR1:
        return "soft stop"
    if instance.stopping:
        return f"stop ({exit_text(128 + instance.stopping)})"
    if not any(worker.phase is Phase.CURRENT for worker in instance.workers):
        return "nobody serves; a former worker or a program is left"
    code = f", to end with {instance.exit_code}" if instance.exit_code else ""
    return f"serves{code}"


def _signal(signum: int) -> Callable[[Master], None]:
    def send(master: Master) -> None:
        if master.over:
            raise Impossible
        master.system.clock.advance(2)
        master.supervisor.handle_signal(signum)

    return send


def _all_end(master: Master) -> None:
    if master.over or not (master.instance.stopping or master.instance.killing):
        raise Impossible
    for worker in master.system.workers():
        if worker.alive:
            worker.exit(128 + worker.signals[-1] if worker.signals[-1] != SIGUSR1 else 0)
    master.system.clock.advance(2)


def _one_dies(master: Master) -> None:
    if master.over or master.instance.stopping:
        raise Impossible
    master.in_phase(Phase.CURRENT).exit(137)
    master.system.clock.advance(2)


_ENDS: dict[str, Callable[[Master], Any]] = {
    "USR1": _signal(SIGUSR1),
    "TERM": _signal(SIGTERM),
    "INT": _signal(SIGINT),
    "a current worker is killed": _one_dies,
    "all have ended": _all_end,
    "a reload succeeds": _reload,
}
ENDS = Explored(
    "The instance, with two workers.",
    lambda: Master("    nbproc 2"),
    _instance_name,
    _ENDS,
    _end,
)
FORGIVING_ENDS = Explored(
    "The same with `no-exit-on-failure`.",
    lambda: Master("    nbproc 2", "    master-worker no-exit-on-failure"),
    _instance_name,
    _ENDS,
    _end,
)


def _make_server() -> Server:
    return make_backend({"check": {"rise": 2, "fall": 3}}, {"check": {}}).servers[0]


def _check(result: Result) -> Callable[[Server], object]:
    def end(server: Server) -> None:
        if server_status(server).startswith(("MAINT", "no check")):
            raise Impossible
        take_result(server, result, 1, START)

    return end


SERVER = Explored(
    "A server with `check rise 2 fall 3`, as `show stat` calls its states.",
    _make_server,
    server_status,
    {
        "check passes": _check(Result("L7OK", 200)),
        "check fails": _check(Result("L7STS", 503, "Service Unavailable")),
        "set state drain": lambda server: states.set_drain(server, START),
        "set state maint": lambda server: states.set_maint(server, START),
        "set state ready": lambda server: states.set_ready(server, START),
    },
)
#: By title.
EXPLORED: dict[str, Explored[Any]] = {
    "Respawn: `mwproxy/master/respawn.py`": RESPAWN,
    "How an instance ends: `mwproxy/master/supervisor.py`, `mwproxy/master/exits.py`": ENDS,
    "How an instance ends, with `no-exit-on-failure`": FORGIVING_ENDS,
    "A server: `mwproxy/live/states.py`, `mwproxy/net/checks/health.py`": SERVER,
}
