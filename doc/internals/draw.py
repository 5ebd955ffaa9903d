"""
Writes C{doc/internals/machines.md}: C{python -m doc.internals.draw}, or C{make doc}. A test
compares the page with the code.

State machines are found (every module that builds one with Automat) and drawn from their
transitions; those that are ordinary code are explored (L{doc.internals.explore}). The sequences
are recorded from the master's own code at work: its system is in memory, its workers are played by
this script.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from signal import Signals
from typing import Any

from automat import TypeMachineBuilder
from twisted.internet.interfaces import IUNIXTransport
from twisted.protocols import amp
from zope.interface import directlyProvides

import mwproxy
from doc.internals.explore import EXPLORED
from mwproxy.process.channel import MasterChannel
from mwproxy.process.settings import Settings
from mwproxy.process.sockets import ListenerSpec
from mwproxy.process.worker import WorkerProcess
from tests.master.fixture import SupervisorTestCase
from tests.process.memory import MemoryProcess

PAGE = Path(__file__).with_name("machines.md")
NOTE = "<!-- Written by `make doc` from the code: do not edit. -->\n"
INTRODUCTION = """
# State machines and sequences

The diagrams are in [Mermaid](https://mermaid.js.org)'s language. In a state machine an arrow says
what happened, and behind the slash what is done about it. What is not drawn in a state cannot
happen there, or changes nothing. Machines that are ordinary code were explored: in each state all
that may happen was done to the real thing.
"""
#: How the output of a transition is called that only gives a value.
_VALUE = "returns("


def markdown(text: str) -> str:
    """
    Turn epytext into Markdown.
    """
    return re.sub(r"[CL]\{([^{}<]*)(?:<[^{}]*>)?\}", r"`\1`", text)


def machines() -> Iterator[tuple[str, Any]]:
    """
    Find all state machines.

    @return: The name of the module and the machine.
    """
    root = Path(mwproxy.__file__).parent
    for path in sorted(root.rglob("*.py")):
        if TypeMachineBuilder.__name__ not in path.read_text():
            continue
        name = ".".join(path.relative_to(root.parent).with_suffix("").parts)
        for value in vars(importlib.import_module(name)).values():
            if hasattr(value, "__automat_automaton__"):
                yield name, value


def draw(machine: Any) -> str:
    """
    Draw a machine.

    @return: A state diagram.
    """
    automaton = machine.__automat_automaton__
    arrows: dict[tuple[str, str, str], list[str]] = {}
    for start, event, end, outputs in automaton.allTransitions():
        done = ", ".join(one.name for one in outputs if not one.name.startswith(_VALUE))
        if start is end and not done:
            continue
        arrows.setdefault((start.name, end.name, done), []).append(event)
    order = _order(automaton.initialState.name, arrows)
    lines = ["stateDiagram-v2", f"    [*] --> {automaton.initialState.name}"]
    for start, end, done in sorted(arrows, key=lambda each: (*map(order.index, each[:2]), each[2])):
        events = ", ".join(sorted(arrows[start, end, done]))
        lines.append(f"    {start} --> {end} : {events}{f' / {done}' if done else ''}")
    return "\n".join(lines)


def _order(first: str, arrows: dict[tuple[str, str, str], list[str]]) -> list[str]:
    order = [first]
    for state in order:
        order += sorted({end for start, end, _ in arrows if start == state} - set(order))
    return order


class Scene(SupervisorTestCase):
    """
    A master at work, and a record of what it hears and says.

    @ivar lines: The record, in Mermaid's language.
    """

    def __init__(self) -> None:
        super().__init__("runTest")
        self.lines: list[str] = []
        self.names: dict[int, str] = {}

    def runTest(self) -> None:
        """
        Nothing: this is no test.
        """

    def setUp(self) -> None:
        """
        Make the master.
        """
        super().setUp()
        self.told = Tap(lambda text: self.note("master", "supervisor", text.split("\n")[0]))
        self.build(Settings())
        kill = self.system.kill

        def record(pid: int, signum: int) -> bool:
            self.note("master", self.names.get(pid, "standby"), Signals(signum).name)
            return kill(pid, signum)

        vars(self.system)["kill"] = record

    def note(self, sender: str, receiver: str, text: str) -> None:
        """
        Record a message.
        """
        self.lines.append(f"    {sender} ->> {receiver} : {text}")

    def play(self, *lines: str) -> list[MemoryProcess]:
        """
        Start with a configuration, and begin to record.

        @return: The serving worker and the one in waiting.
        """
        self.start(*lines)
        children = self.system.workers()
        for child, name in zip(children, ("serving", "standby"), strict=True):
            self.names[child.pid] = name
            transport = child.channel.transport
            transport.connected = True
            transport.sendFileDescriptor = lambda fd: None
            directlyProvides(transport, IUNIXTransport)
        self.lines.clear()
        return children

    def answer(self, child: MemoryProcess, command: bytes) -> None:
        """
        Let a worker answer a command.
        """
        boxes = amp.parseString(child.channel.transport.value())
        (asked,) = (box for box in boxes if box[b"_command"] == command)
        self.note(self.names[child.pid], "master", f"{command.decode()} is answered")
        child.channel.dataReceived(amp.Box({b"_answer": asked[b"_ask"]}).serialize())


class Tap(list[str]):
    """
    A list that tells what is appended.
    """

    def __init__(self, told: Any) -> None:
        super().__init__()
        self._told = told

    def append(self, text: str) -> None:
        """
        Tell, and append.
        """
        self._told(text)
        super().append(text)


def _recording(scene: Scene) -> None:
    """
    Have a scene hear both directions of the control channels.
    """
    call, hello = MasterChannel.callRemote, WorkerProcess.said_hello
    status, needs = WorkerProcess.said_status, WorkerProcess.needs_listener
    gone = WorkerProcess._maybe_gone

    def name(worker: WorkerProcess) -> str:
        return scene.names.get(worker.pid, "next")

    def called(channel: Any, command: Any, *arguments: Any, **more: Any) -> Any:
        scene.note("master", name(channel.events), command.__name__)
        return call(channel, command, *arguments, **more)

    def said_hello(worker: WorkerProcess, *arguments: Any) -> None:
        scene.note(name(worker), "master", "Hello")
        hello(worker, *arguments)

    def said_status(worker: WorkerProcess, *arguments: Any) -> None:
        scene.note(name(worker), "master", f"SendStatus({arguments[0]})")
        status(worker, *arguments)

    def needs_listener(worker: WorkerProcess, spec: ListenerSpec) -> int:
        scene.note(name(worker), "master", "NeedListener")
        found = needs(worker, spec)
        scene.note("master", name(worker), "the socket")
        return found

    def maybe_gone(worker: WorkerProcess) -> None:
        if worker._closed and worker._status is not None:
            scene.note(name(worker), "master", f"exits with {worker._status}")
        gone(worker)

    scene.patch(MasterChannel, "callRemote", called)
    scene.patch(WorkerProcess, "said_hello", said_hello)
    scene.patch(WorkerProcess, "said_status", said_status)
    scene.patch(WorkerProcess, "needs_listener", needs_listener)
    scene.patch(WorkerProcess, "_maybe_gone", maybe_gone)


SPEC = ListenerSpec("ipv4", "127.0.0.1", 0)


def _good(scene: Scene) -> None:
    serving, standby = scene.play()
    _reload(scene, standby)
    standby.ready()
    scene.answer(serving, b"HandOver")
    scene.fill()
    serving.exit(0)


def _bad(scene: Scene) -> None:
    _, standby = scene.play()
    _reload(scene, standby)
    standby.exit(1)
    scene.fill()


def _reload(scene: Scene, standby: MemoryProcess) -> None:
    scene.note("caller", "master", "reload")
    answer = scene.supervisor.reload()
    answer.addCallback(lambda result: scene.note("master", "caller", f"Success={result.success:d}"))
    scene.answer(standby, b"Load")
    standby.channel.events.needs_listener(SPEC)


def _respawn(scene: Scene) -> None:
    serving, standby = scene.play("    master-worker respawn")
    serving.exit(139)
    scene.system.clock.advance(0)
    scene.answer(standby, b"Load")
    standby.channel.events.needs_listener(SPEC)
    standby.ready()
    scene.fill()


def _stop(scene: Scene) -> None:
    serving, standby = scene.play()
    scene.note("caller", "master", "SIGTERM")
    scene.supervisor.handle_signal(Signals.SIGTERM)
    serving.exit(143)
    standby.exit(143)


SCENES = {
    "A reload that succeeds": _good,
    "A reload that fails": _bad,
    "A worker that dies, with `respawn`": _respawn,
    "A stop": _stop,
}
_NAMES = {
    "caller": "caller",
    "supervisor": "service manager",
    "master": "master",
    "standby": "standby",
    "serving": "serving worker",
    "next": "next standby",
}


def sequence(play: Any) -> str:
    """
    Record a scene.

    @return: A sequence diagram.
    """
    scene = Scene()
    scene.setUp()
    try:
        _recording(scene)
        play(scene)
    finally:
        scene.doCleanups()
    text = "\n".join(scene.lines)
    lines = ["sequenceDiagram"]
    for name, title in _NAMES.items():
        if re.search(rf"\b{name} (?:->>|:)|->> {name}\b", text):
            lines.append(f"    participant {name} as {title}")
    return "\n".join([*lines, *scene.lines])


def page() -> str:
    """
    Write the page.
    """
    parts = [NOTE, INTRODUCTION]
    for name, machine in machines():
        module = importlib.import_module(name)
        path = name.replace(".", "/")
        parts.append(f"\n## `{path}.py`\n\n{markdown(inspect.getdoc(module) or '')}\n")
        parts.append(f"\n```mermaid\n{draw(machine)}\n```\n")
    for title, explored in EXPLORED.items():
        parts.append(f"\n## {title}\n\n{explored.text}\n")
        parts.append(f"\n```mermaid\n{explored.draw()}\n```\n")
    for title, play in SCENES.items():
        parts.append(f"\n## {title}\n\n```mermaid\n{sequence(play)}\n```\n")
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
