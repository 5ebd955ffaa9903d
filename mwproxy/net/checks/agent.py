"""
C{agent-check}: what an agent says, and what it means for its server.

Rules (configuration manual 5.2). The administrative state comes first, then weight and limit, then
the verdict. What an agent does not mention stays as it is. An agent that cannot be asked, stalls or
says nothing that can be understood changes nothing: whether the server can be reached is for health
checks to find out. Only the agent (or C{set server … agent up}) takes back that it is down. Agents
are asked during maintenance too, which they may end.
"""

from __future__ import annotations

from mwproxy.core.diagnostics import Severity
from mwproxy.core.families import health_check
from mwproxy.live import states
from mwproxy.live.servers import Operational, Server
from mwproxy.live.weights import BadNumber, new_maxconn, new_weight
from mwproxy.net.checks.result import Result
from mwproxy.protocols.agent_check import Advice, line_of, parse

#: Most bytes of an answer that are looked at.
MAX_ANSWER = 16384

_MODES = {"ready": states.set_ready, "drain": states.set_drain, "maint": states.set_maint}


class AgentDialog:
    """
    One question to an agent.
    """

    broken = "SOCKERR"

    def __init__(self, request: bytes) -> None:
        """
        @param request: C{agent-send}.
        """
        self.request = request
        self._data = b""

    def received(self, data: bytes) -> Result | None:
        """
        Take a part of the answer. See L{Dialog<mwproxy.net.checks.result.Dialog>}.
        """
        self._data = (self._data + data)[:MAX_ANSWER]
        line = line_of(self._data)
        if line is not None:
            return result_of(parse(line))
        if data and len(self._data) < MAX_ANSWER:
            return None
        if self._data:
            return Result("L7RSP", info="Ignoring incomplete line from agent")
        step = 2 if self.request else 1
        return Result("L7RSP", info=f"TCPCHK got an empty response at step {step}")


def result_of(advice: Advice) -> Result:
    """
    Tell the result of a check that brought an answer.

    @param advice: The answer.

    @return: Passed for C{up}, failed for the words that mean down; C{CHECKED} when the agent said
        neither.
    """
    remark = advice.remark or advice.unknown
    if advice.verdict:
        tail = f" ({remark})" if remark else ""
        info = f"via agent : {advice.verdict}{tail}"
        return Result("L7OK" if advice.up else "L7STS", info=info, advice=advice)
    info = f"agent reports an error : {advice.unknown}" if advice.unknown else ""
    return Result("CHECKED", info=info, advice=advice)


@health_check("agent")
def check_agent(server: Server) -> AgentDialog:
    """
    Ask the agent of a server.
    """
    assert server.agent is not None
    return AgentDialog(server.agent.send)


def take_advice(
    server: Server, result: Result, duration_ms: int, now: float
) -> list[states.Message]:
    """
    Note the outcome of an agent check, and do what the agent asks for.

    @param server: The server.

    @param result: The outcome.

    @param duration_ms: How long it took.

    @param now: The monotonic clock.

    @return: Messages for L{announce<mwproxy.live.states.announce>}.
    """
    agent = server.agent
    assert agent is not None
    messages: list[states.Message] = []
    advice = result.advice
    warning = ""
    if advice is not None:
        if advice.mode:
            messages += _MODES[advice.mode](server, now)
        warning = _take_numbers(server, advice, now, messages)
        if warning and not (advice.remark or advice.unknown):
            info = f"{result.info} ({warning})" if advice.verdict else f"agent warns : {warning}"
            result = Result(result.status, result.code, info, advice)
    before = (agent.status.lstrip("* "), agent.health)
    agent.status = result.status
    agent.code = result.code if result.coded else None
    agent.duration_ms = duration_ms
    agent.description = result.info
    logs_all = "log-health-checks" in server.backend.description.options
    if advice is not None and advice.verdict:
        agent.health = int(advice.up)
        reason = "" if logs_all else result.describe(duration_ms)
        if not advice.up:
            messages += states.set_down(server, now, reason)
        elif server.wanted_up and server.operational is not Operational.STOPPING:
            # An operator has declared it stopping, which no agent ends.
            messages += states.set_up(server, now, reason)
    if logs_all and result.status != "CHECKED" and (result.status, agent.health) != before:
        messages.insert(0, _agent_message(server, result, duration_ms))
    return messages


def _take_numbers(
    server: Server, advice: Advice, now: float, messages: list[states.Message]
) -> str:
    """
    Take weight and limit.

    @return: What is wrong with one of them, empty for nothing.
    """
    wrong = ""
    if advice.weight:
        try:
            weight = new_weight(server, advice.weight)
        except BadNumber as error:
            wrong = str(error)
        else:
            if weight != server.weight:
                messages += states.set_weight(server, weight, now)
    if advice.maxconn is not None:
        try:
            maxconn = new_maxconn(advice.maxconn)
        except BadNumber as error:
            wrong = wrong or str(error)
        else:
            if maxconn != server.maxconn:
                states.set_maxconn(server, maxconn)
    return wrong


def _agent_message(server: Server, result: Result, duration_ms: int) -> states.Message:
    assert server.agent is not None
    status = "1/1 UP" if server.agent.health else "0/1 DOWN"
    text = (
        f"Agent check for {'backup ' if server.backup else ''}server "
        f"{server.backend.name}/{server.name} {'succeeded' if result.passed else 'failed'}, "
        f"{result.describe(duration_ms)}, status: {status}."
    )
    return states.Message(Severity.WARNING, states.NOTICE, text)
