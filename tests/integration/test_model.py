"""
Any sequence of good, bad, slow and crashing configurations, signals and kills ends serving, with a
truthful C{show proc}.

Sequences are drawn by hypothesis, done to a true master and to a model of it
(C{tests/integration/model.py}), and compared after each step. A few short ones are run, always the
same; C{MWPROXY_MODEL_EXAMPLES=200} runs so many others, C{make soak-model} too.
"""

from __future__ import annotations

import functools
import itertools
import os
import signal
import time
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)
from twisted.trial.unittest import SynchronousTestCase

from tests.integration.model_configs import MISTAKES, Plan
from tests.integration.model_world import World

#: How many sequences, 0 for the few that every run of the tests has.
EXAMPLES = int(os.environ.get("MWPROXY_MODEL_EXAMPLES", "0"))
#: Whether to look for the shortest sequence that fails: it takes long.
SHRINK = bool(os.environ.get("MWPROXY_MODEL_SHRINK"))
#: Longest sequence; many of its steps have nothing to do.
STEPS = int(os.environ.get("MWPROXY_MODEL_STEPS", "60" if EXAMPLES else "40"))
#: A master is not ended on purpose before so many steps: too few sequences would be long.
GROWN_UP = 8
#: Most connections and console sessions of a kind.
MOST = 3

#: One pipe serves one worker, and nobody replaces it who would have to read that again.
SLOW = {"slow": True, "nbproc": 1, "respawn": False}

Arguments = ParamSpec("Arguments")
Machine = TypeVar("Machine", bound="Supervision")
_words = itertools.count(1)

#: Everything but the word.
plans = st.fixed_dictionaries(
    {
        "nbproc": st.sampled_from((1, 1, 2)),
        "limit": st.sampled_from((50, 50, 0, 1, 2)),
        "forgiving": st.sampled_from((True, True, False)),
        "respawn": st.sampled_from((False, False, True)),
        "programs": st.sampled_from(((), (), ("plain",), ("deaf",), ("plain", "deaf"))),
    }
)


def step(
    method: Callable[Concatenate[Machine, Arguments], None],
) -> Callable[Concatenate[Machine, Arguments], None]:
    """
    Make a method a step: checked behind it, and a failure tells what the proxy printed.
    """

    @functools.wraps(method)
    def run(self: Machine, *args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        self.age += 1
        words = [*map(repr, args), *(f"{name}={value!r}" for name, value in kwargs.items())]
        self.steps.append(f"{method.__name__}({', '.join(words)})")
        begun = time.monotonic()
        try:
            method(self, *args, **kwargs)
            self.world.check()
            self.steps[-1] += f"  # {time.monotonic() - begun:.1f} s"
        except Exception as error:
            self.broken = True
            steps = "\n".join(self.steps)
            story = f"{error!r}\nbehind\n{steps}\n{self.world.model}\n{self.world.proxy.output}"
            raise AssertionError(story) from error

    return run  # type: ignore[return-value]  # mypy gives the wrapper's self a name


def when(
    condition: Callable[[Any], object],
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """
    Leave a step out unless something holds; a master that has ended is followed by another one.

    This is no precondition of hypothesis: which of two workers gets a client is not the test's to
    decide, so what holds is not the same each time, and what hypothesis draws must be.
    """

    def decorate(method: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(method)
        def run(self: Supervision, *args: Any, **kwargs: Any) -> None:
            if self.world.ended:
                self.world.clean_up()
                self.start()
            if condition(self):
                method(self, *args, **kwargs)

        return run

    return decorate


class Supervision(RuleBasedStateMachine):
    """
    Sequences of events.

    @ivar age: Steps since the start of the master.

    @ivar steps: What was done.

    @ivar broken: A check failed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.age = 0
        self.steps: list[str] = []
        self.broken = False

    @initialize()
    def begin(self) -> None:
        """
        Start a master.
        """
        self.start()

    def teardown(self) -> None:
        """
        End it, and look what is left.
        """
        try:
            if not self.broken and not self.world.ended:
                self.finish()
        finally:
            self.world.clean_up()

    @step
    def finish(self) -> None:
        """
        Bring it to rest.
        """
        self.world.rest()

    def start(self) -> None:
        """
        Start a master.
        """
        self.age = 0
        self.steps = []
        self.world = World(Plan(f"word{next(_words)}"))
        self._up()

    @step
    def _up(self) -> None:
        self.world.start()

    @rule(plan=plans, how=st.sampled_from(("reload", "USR2", "HUP", "hard-reload")))
    @when(lambda self: not self.world.model.loading)
    @step
    def reload(self, plan: dict[str, Any], how: str) -> None:
        """
        Reload another good configuration.
        """
        self._write(plan)
        self.world.reload(how)

    @rule(mistake=st.sampled_from(MISTAKES), how=st.sampled_from(("reload", "USR2", "hard-reload")))
    @when(lambda self: not self.world.model.loading)
    @step
    def reload_a_mistake(self, mistake: Any, how: str) -> None:
        """
        Reload a bad configuration.
        """
        self.world.model.disk = mistake
        self.world.write(mistake)
        self.world.reload(how)

    @rule(how=st.sampled_from(("reload", "USR2", "HUP", "hard-reload")))
    @when(lambda self: not self.world.model.loading)
    @step
    def reload_the_same(self, how: str) -> None:
        """
        Reload what is there, good or bad.
        """
        self.world.reload(how)

    @rule(plan=plans, asked=st.integers(0, 3), signaled=st.integers(0, 3))
    @when(lambda self: not self.world.model.loading)
    @step
    def storm(self, plan: dict[str, Any], asked: int, signaled: int) -> None:
        """
        Reload many times at once.
        """
        self._write({**plan, "programs": ()})
        self.world.storm(asked, signaled)

    @rule(plan=plans)
    @when(lambda self: not self.world.model.loading and not self.world.model.paused)
    @step
    def begin_slow(self, plan: dict[str, Any]) -> None:
        """
        Reload a configuration that takes its time.
        """
        self.world.begin_slow(Plan(f"word{next(_words)}", **{**plan, **SLOW}))

    @rule()
    @when(lambda self: self.world.model.loading)
    @step
    def finish_slow(self) -> None:
        """
        It is loaded.
        """
        self.world.finish_slow()

    @rule()
    @when(lambda self: self.world.model.loading)
    @step
    def crash_slow(self) -> None:
        """
        It is killed meanwhile.
        """
        self.world.crash_slow()

    @rule(plan=plans)
    @when(lambda self: self.world.model.loading and len(self.world.askers) < MOST)
    @step
    def queue(self, plan: dict[str, Any]) -> None:
        """
        Another reload is asked for meanwhile.
        """
        self._write({**plan, "programs": ()})
        self.world.queue()

    @rule(index=st.integers(0, 3))
    @when(lambda self: self.world.model.serving and self.world.model.respawned < MOST)
    @step
    def kill_serving_worker(self, index: int) -> None:
        """
        A worker that serves is killed.
        """
        workers = self.world.model.serving
        self.world.kill_worker(workers[index % len(workers)])

    @rule(index=st.integers(0, 3))
    @when(lambda self: self.world.model.old)
    @step
    def kill_old_worker(self, index: int) -> None:
        """
        A worker that leaves is killed.
        """
        workers = self.world.model.old
        self.world.kill_worker(workers[index % len(workers)])

    @rule(index=st.integers(0, 3))
    @when(lambda self: self.world.model.programs)
    @step
    def kill_program(self, index: int) -> None:
        """
        A program is killed.
        """
        programs = self.world.model.programs
        self.world.kill_program(programs[index % len(programs)].pid)

    @rule(name=st.sampled_from(("mwproxy-worker", "mwproxy-nursery", "python")))
    @when(lambda self: True)
    @step
    def kill_spare(self, name: str) -> None:
        """
        A process that C{show proc} does not list is killed.
        """
        self.world.kill_spare(name)

    @rule(index=st.integers(0, 3))
    @when(lambda self: self.world.model.serving + self.world.model.old)
    @when(lambda self: not self.world.model.paused)
    @step
    def stop_worker(self, index: int) -> None:
        """
        A worker is stopped.
        """
        workers = self.world.model.old + self.world.model.serving
        self.world.stop_worker(workers[index % len(workers)])

    @rule()
    @when(lambda self: any(w.stopped for w in self.world.model.serving + self.world.model.old))
    @step
    def continue_workers(self) -> None:
        """
        All go on.
        """
        self.world.continue_workers()

    @rule(kind=st.sampled_from(("tunnel", "idle", "held")))
    @when(lambda self: self.world.model.answering and len(self.world.clients) < 2 * MOST)
    @step
    def open(self, kind: str) -> None:
        """
        A client comes to stay.
        """
        self.world.open(kind)

    @rule(index=st.integers(0, 5))
    @when(lambda self: self._free_clients())
    @step
    def let_go(self, index: int) -> None:
        """
        A client goes.
        """
        clients = self._free_clients()
        self.world.let_go(clients[index % len(clients)])

    @rule()
    @when(lambda self: len(self.world.waiting) < MOST and not self.world.model.answering)
    @step
    def knock(self) -> None:
        """
        A client comes while nobody may be there.
        """
        self.world.knock()

    @rule()
    @when(lambda self: len(self.world.consoles) < MOST)
    @step
    def open_console(self) -> None:
        """
        An operator comes to stay.
        """
        self.world.open_console()

    @rule()
    @when(lambda self: self.world.model.answering and not self.world.model.loading)
    @when(lambda self: not any(w.stopped for w in self.world.model.serving + self.world.model.old))
    @step
    def pause(self) -> None:
        """
        Workers listen no more.
        """
        self.world.pause()

    @rule()
    @when(lambda self: self.world.model.paused)
    @step
    def resume(self) -> None:
        """
        They listen again.
        """
        self.world.resume()

    @rule(number=st.sampled_from((signal.SIGTERM, signal.SIGINT)))
    @when(lambda self: self.age > GROWN_UP)
    @step
    def end_now(self, number: signal.Signals) -> None:
        """
        The master is told to end now.
        """
        self.world.end(number)

    @rule()
    @when(lambda self: self.age > GROWN_UP and not self.world.model.loading)
    @step
    def end_softly(self) -> None:
        """
        The master is told to end when clients have.
        """
        self.world.end(signal.SIGUSR1)

    def _free_clients(self) -> list[Any]:
        # A worker that is stopped cannot finish anything.
        model = self.world.model
        stopped = {worker.pid for worker in model.serving + model.old if worker.stopped}
        return [client for client in self.world.clients if client.pid not in stopped]

    def _write(self, plan: dict[str, Any]) -> None:
        disk = Plan(f"word{next(_words)}", **plan)
        self.world.model.disk = disk
        self.world.write(disk)


class ModelTests(SynchronousTestCase):
    """
    Tests of sequences of events.
    """

    def test_any_sequence(self) -> None:
        """
        Behind each step of any sequence the proxy serves what it should and says what is.
        """
        phases = [Phase.explicit, Phase.generate, *([Phase.shrink] if SHRINK else [])]
        chosen = settings(
            max_examples=EXAMPLES or 6,
            stateful_step_count=STEPS,
            derandomize=not EXAMPLES,
            database=None,
            deadline=None,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        )
        try:
            run_state_machine_as_test(Supervision, settings=chosen)
        except ExceptionGroup as group:
            # What fails once only is a failure all the same.
            self.fail("\n\n".join(map(str, group.exceptions)))
