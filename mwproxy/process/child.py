"""
The life of one worker as its master sees it.

Booting: started, has said nothing. Standby: waits for a configuration. Assigned: was given one
before it could listen. Starting: loads. Current: serves. Leaving: was asked to go. Dead.
A worker stays current until a successor is READY, whatever reloads fail meanwhile.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from signal import SIGTERM, SIGUSR1
from typing import Protocol

from automat import TypeMachineBuilder


class Phase(enum.Enum):
    """
    Where a worker is in its life.
    """

    BOOTING = "booting"
    STANDBY = "standby"
    STARTING = "starting"
    CURRENT = "current"
    LEAVING = "leaving"
    DEAD = "dead"


class Life(Protocol):
    """
    What can happen to a worker.
    """

    def said_hello(self) -> None:
        """
        It is up.
        """

    def load(self) -> None:
        """
        Its time has come: it gets a configuration as soon as it is up.
        """

    def said_ready(self) -> None:
        """
        It serves.
        """

    def leave(self) -> None:
        """
        It shall finish what it does. Asking again changes nothing, so that a second signal never
        shortens a soft stop.
        """

    def terminate(self) -> None:
        """
        It shall go now.
        """

    def died(self) -> None:
        """
        It is gone.
        """

    def phase(self) -> Phase:
        """
        Tell where it is.
        """


@dataclass
class LifeCore:
    """
    What a life acts through.

    @ivar signal: Signals the process.

    @ivar send_order: Sends its C{Load}.
    """

    signal: Callable[[int], object]
    send_order: Callable[[], object]


def _build() -> Callable[[LifeCore], Life]:
    machine = TypeMachineBuilder(Life, LifeCore)
    booting, standby = machine.state("booting"), machine.state("standby")
    assigned, starting = machine.state("assigned"), machine.state("starting")
    current, leaving = machine.state("current"), machine.state("leaving")
    dead = machine.state("dead")

    booting.upon(Life.said_hello).to(standby).returns(None)
    booting.upon(Life.load).to(assigned).returns(None)
    starting.upon(Life.said_ready).to(current).returns(None)
    leaving.upon(Life.said_hello).loop().returns(None)
    leaving.upon(Life.said_ready).loop().returns(None)
    leaving.upon(Life.leave).loop().returns(None)
    for state in (booting, standby, assigned, starting, current, leaving):
        state.upon(Life.died).to(dead).returns(None)
    for event in (Life.said_hello, Life.said_ready, Life.leave, Life.terminate, Life.died):
        dead.upon(event).loop().returns(None)
    for state, phase in (
        (booting, Phase.BOOTING),
        (standby, Phase.STANDBY),
        (assigned, Phase.STARTING),
        (starting, Phase.STARTING),
        (current, Phase.CURRENT),
        (leaving, Phase.LEAVING),
        (dead, Phase.DEAD),
    ):
        state.upon(Life.phase).loop().returns(phase)

    @standby.upon(Life.load).to(starting)
    @assigned.upon(Life.said_hello).to(starting)
    def send_order(life: Life, core: LifeCore) -> None:
        core.send_order()

    @current.upon(Life.leave).to(leaving)
    @starting.upon(Life.leave).to(leaving)
    def ask_to_leave(life: Life, core: LifeCore) -> None:
        core.signal(SIGUSR1)

    @booting.upon(Life.leave).to(leaving)
    @standby.upon(Life.leave).to(leaving)
    @assigned.upon(Life.leave).to(leaving)
    @booting.upon(Life.terminate).to(leaving)
    @standby.upon(Life.terminate).to(leaving)
    @assigned.upon(Life.terminate).to(leaving)
    @starting.upon(Life.terminate).to(leaving)
    @current.upon(Life.terminate).to(leaving)
    @leaving.upon(Life.terminate).to(leaving)
    def end(life: Life, core: LifeCore) -> None:
        core.signal(SIGTERM)

    return machine.build()


life_machine = _build()


def resume_life(core: LifeCore, *, leaving: bool) -> Life:
    """
    Go on with the life of a worker that serves, or was asked to leave.

    @param core: What it acts through from now on; nothing that has happened is done again.
    """
    past = LifeCore(lambda signum: None, lambda: None)
    life = life_machine(past)
    life.said_hello()
    life.load()
    life.said_ready()
    if leaving:
        life.leave()
    past.signal, past.send_order = core.signal, core.send_order
    return life
