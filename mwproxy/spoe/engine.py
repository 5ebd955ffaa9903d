"""
An engine: one C{filter spoe} line of one proxy at work.

An event, or a group that a rule sends, becomes a question (L{Ask}); its stream waits. The answer
sets variables and the stream goes on. When there is none, C{failure} of the messages says what
becomes of the stream: it goes on as in HAProxy (C{open}), it is refused (C{closed}), or the
question is asked again until C{timeout processing} is over (C{wait}).

After an error no more is asked about that stream, unless C{option continue-on-error} says so; so
too when there were more than C{maxerrrate} errors in a second. What C{failure} says holds for what
is not asked as well: a stream that must not go on without an answer does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count
from math import inf
from time import monotonic
from typing import Any

from mwproxy.config.spoe_settings import OPEN, WAIT, SpoeAgent, SpoeMessage
from mwproxy.live.proxies import LogSink
from mwproxy.live.rates import RateLimit
from mwproxy.live.spoe import EngineFigures
from mwproxy.net.exchange import DONE as STREAM_DONE
from mwproxy.net.plane import Plane
from mwproxy.rules.ruleset import Outcome, Verdict, Wait
from mwproxy.rules.variables import late_writer
from mwproxy.spoe.answers import Change
from mwproxy.spoe.ask import DONE, RESTING, Ask, Part
from mwproxy.spoe.codes import INTERRUPTED, SPOP, TIMED_OUT, TOO_BIG
from mwproxy.spoe.conversation import Failed
from mwproxy.spoe.log import NOTICE, WARNING, connection_line, event_line
from mwproxy.spoe.plan import Plan
from mwproxy.spoe.pool import Pool
from mwproxy.stream.routing import seconds

#: What a stream gets that must not go on without an answer.
REFUSED = Verdict("deny", 503)
#: Seconds before a question is asked again: the first time, and at most.
FIRST_REST, LONGEST_REST = 0.01, 0.25
#: Seconds after which it is looked whether the stream still waits, where no timeout does that.
SWEEP = 1.0
#: Seconds in which most questions are answered: the wheel sees only those that are not.
USUAL = 0.1
_SHORT = 2 * USUAL


class Step:
    """
    An event as a ruleset: a function of the stream.
    """

    waits = True
    __slots__ = ("_engine", "_plan")

    def __init__(self, engine: Engine, plan: Plan) -> None:
        self._engine = engine
        self._plan = plan

    def __call__(self, stream: Any) -> Outcome:
        """
        Begin to ask.

        @return: L{None} when there is nothing to ask.
        """
        return self._engine.ask(stream, self._plan)


class Engine:
    """
    One engine.

    @ivar figures: What it counts.

    @ivar pool: Its connections.

    @ivar log: Where its lines go, L{None} for nowhere.

    @ivar expiry: See L{Timed<mwproxy.net.timers.Timed>}; so is C{parked_at}.
    """

    pool: Pool

    def __init__(self, plane: Plane, agent: SpoeAgent, figures: EngineFigures) -> None:
        """
        @param agent: The description.

        @param figures: To count in.
        """
        self.figures = figures
        self.log: LogSink | None = None
        self._plane = plane
        self._agent = agent
        self._processing = seconds(agent.timeout_processing_ms)
        self._errors = RateLimit(agent.maxerrrate)
        self._set_error = _writer(agent.set_on_error)
        self._set_process = _writer(agent.set_process_time)
        self._set_total = _writer(agent.set_total_time)
        self.expiry = self.parked_at = inf
        self._fresh: list[Ask] = []
        self._timed = self._set_process is not None or self._set_total is not None

    def step(self, event: str, messages: Iterable[SpoeMessage]) -> Step:
        """
        Make the ruleset of an event.

        @param event: Its name.

        @param messages: What is sent.

        @return: A function of the stream.
        """
        return Step(self, Plan("EVENT", event, messages, self._processing))

    def group(self, name: str) -> Step:
        """
        Make the function that sends a group.

        @param name: The group, which the agent has.

        @return: A function of the stream.
        """
        return Step(self, Plan("GROUP", name, self._agent.groups[name], self._processing))

    def ask(self, stream: Any, plan: Plan) -> Outcome:
        """
        Ask about a stream.

        @param stream: The stream.

        @param plan: What.

        @return: L{None} to go on at once, a L{Wait}, or a refusal.
        """
        now = self._plane.reactor.now
        session = stream.session
        kept: tuple[int, int, dict[Engine, Part]] | None = getattr(session, "spoe", None)
        if kept is None or kept[0] != session.requests:
            kept = session.spoe = (session.requests, next(_stream_ids), {})
        part = kept[2].get(self)
        if part is None:
            part = kept[2][self] = Part(kept[1])
        if part.off or (self._errors.limit and not self._errors.room(self.figures.failed, now)):
            return self._pass_over(stream, plan)
        written = plan.write(stream)
        if written is None:
            return None
        payload, policy, limit = written
        ask = Ask(self, plan, stream, part, payload, policy, limit, now)
        if policy == WAIT:
            ask.deadline = now + self._processing
        if len(ask.frame) - 4 > self._agent.max_frame_size:
            return self._over(ask, TOO_BIG)
        return Wait(ask.begin)

    def _pass_over(self, stream: Any, plan: Plan) -> Verdict | None:
        """
        Do not ask.
        """
        self.figures.skipped += 1
        if plan.policy(stream) == OPEN:
            return None
        self.figures.refused += 1
        return REFUSED

    def begin(self, ask: Ask) -> None:
        """
        Send a question.
        """
        fresh = self._fresh
        if fresh and _SHORT < ask.limit < inf and ask.deadline == inf:
            ask.expiry = ask.begun + ask.limit
            fresh.append(ask)
        else:
            self._time(ask)
        self.pool.submit(ask)

    def _time(self, ask: Ask) -> None:
        """
        Set the time of an attempt.
        """
        now = self._plane.reactor.now
        expiry = now + ask.limit
        if ask.deadline < expiry:
            expiry = ask.deadline
        if expiry == inf:
            expiry = now + SWEEP
        ask.expiry = expiry
        if expiry < now + _SHORT:
            self._plane.wheel.park(ask, expiry)
            return
        fresh = self._fresh
        if not fresh:
            self.expiry = now + USUAL
            if self.expiry < self.parked_at:
                self._plane.wheel.park(self, self.expiry)
        fresh.append(ask)

    def expire(self, now: float) -> None:
        """
        See to the times of questions that were not answered as soon as most are.
        """
        fresh, self._fresh = self._fresh, []
        wheel = self._plane.wheel
        for ask in fresh:
            if ask.step != DONE and ask.expiry < ask.parked_at:
                wheel.park(ask, ask.expiry)

    def expired(self, ask: Ask, now: float) -> None:
        """
        The time of a question has come.
        """
        if ask.pointless:
            self._end(ask, INTERRUPTED)
        elif ask.step == RESTING and now < ask.deadline:
            self._again(ask)
        elif ask.limit == inf and ask.step != RESTING and ask.deadline > now:
            ask.expiry = min(now + SWEEP, ask.deadline)
            self._plane.wheel.park(ask, ask.expiry)
        else:
            self.failed(ask, TIMED_OUT)

    def _again(self, ask: Ask) -> None:
        """
        Ask once more.
        """
        server = ask.server
        self.pool.withdraw(ask)
        self.figures.repeated += 1
        ask.number()
        ask.sent = ask.received = 0.0
        self._time(ask)
        self.pool.submit(ask, server)

    def lost(self, ask: Ask, failure: Failed) -> None:
        """
        The connection is gone on which an answer was awaited. Where the agent cannot have seen to
        the question, for it left in peace or the frame never left, it is asked again, once,
        whatever the policy.
        """
        left = failure.by_agent and not failure.status
        if (left or ask.unsent) and not ask.repeated and not ask.pointless:
            ask.repeated = True
            self._again(ask)
            return
        ask.received = self._plane.reactor.now
        self.failed(ask, SPOP + failure.status)

    def no_server(self, ask: Ask) -> None:
        """
        The last server that could have been waited for is gone.
        """
        self.failed(ask, 2)

    def failed(self, ask: Ask, code: int) -> None:
        """
        An attempt has failed.

        @param code: As C{option set-on-error} has it.
        """
        now = self._plane.reactor.now
        if ask.pointless:
            self._end(ask, INTERRUPTED)
        elif ask.policy == WAIT and now < ask.deadline and code != TOO_BIG:
            self._rest(ask, now)
        else:
            self._end(ask, code)

    def _rest(self, ask: Ask, now: float) -> None:
        """
        Ask again in a moment.
        """
        self.pool.withdraw(ask)
        ask.step = RESTING
        rest = min(LONGEST_REST, FIRST_REST * 2 ** min(ask.rests, 10))
        ask.rests += 1
        ask.expiry = expiry = min(now + rest, ask.deadline)
        if expiry < ask.parked_at:
            self._plane.wheel.park(ask, expiry)

    def answered(self, ask: Ask, changes: list[Change]) -> None:
        """
        There is an answer: do as it says.
        """
        stream = ask.asker
        if stream.step == STREAM_DONE:
            self._end(ask, INTERRUPTED)
            return
        plane = self._plane
        ask.received = plane.reactor.now
        for write, value in changes:
            write(stream, value)
        if ask.parked_at != inf:
            plane.wheel.forget(ask)
        if self.log is None and not self._timed:
            # All that is to be noted of a success.
            ask.step = DONE
            self.figures.processed += 1
            self.figures.latencies.add(monotonic() - ask.started)
            verdict = None
        else:
            verdict = self._over(ask, 0)
        decide = ask.decide
        if decide is not None:
            ask.decide = None
            decide(verdict)

    def _end(self, ask: Ask, code: int) -> None:
        """
        Let the stream go on, or not.
        """
        self.pool.withdraw(ask)
        self._plane.wheel.forget(ask)
        decide = ask.decide
        ask.decide = None
        verdict = self._over(ask, code)
        if decide is not None:
            decide(verdict)

    def _over(self, ask: Ask, code: int) -> Verdict | None:
        """
        Note how it went: counters, variables, log.

        @return: What becomes of the stream.
        """
        ask.step = DONE
        figures = self.figures
        figures.processed += 1
        verdict = None
        if code:
            verdict = self._note_failure(ask, code)
        else:
            figures.latencies.add(monotonic() - ask.started)
        if self.log is None and not self._timed:
            return verdict
        now = self._plane.reactor.now
        taken_ms = int((now - ask.begun) * 1000 + 0.5)
        ask.part.total_ms += taken_ms
        if self._set_process is not None:
            self._set_process(ask.asker, taken_ms)
        if self._set_total is not None:
            self._set_total(ask.asker, ask.part.total_ms)
        if self.log is not None and (code or not self._agent.dontlog_normal):
            line = event_line(ask, code, now, taken_ms, figures)
            self.log(WARNING if code else NOTICE, line)
        return verdict

    def _note_failure(self, ask: Ask, code: int) -> Verdict | None:
        """
        Note that there is no answer.

        @return: What becomes of the stream.
        """
        figures = self.figures
        figures.failed += 1
        figures.codes[code] = figures.codes.get(code, 0) + 1
        ask.part.off = not self._agent.continue_on_error
        if code == INTERRUPTED:
            return None
        if self._set_error is not None:
            self._set_error(ask.asker, code)
        if ask.policy == OPEN:
            return None
        figures.refused += 1
        return REFUSED

    def say(self, server: str, text: str) -> None:
        """
        Log what happened to a connection.

        @param server: Its server's name.
        """
        if self.log is not None:
            self.log(WARNING, connection_line(self.figures, server, text))


#: Numbers of streams, as agents know them.
_stream_ids = count()


def _writer(name: str) -> Callable[[Any, Any], None] | None:
    return late_writer(name) if name else None
