"""
The sections of an agent file while they are read, and what they become (SPOE.txt 2).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from mwproxy.config.model import LogTarget, Proxy
from mwproxy.config.spoe_settings import EVENTS, OPEN, SpoeAgent, SpoeArgument, SpoeMessage
from mwproxy.core.compilers import rules
from mwproxy.core.diagnostics import NOWHERE, ConfigError, Diagnostics, Where
from mwproxy.core.variable_names import note_name

#: Characters that names of variables must not have.
ODD_IN_VARIABLE = re.compile(r"[^A-Za-z0-9_.]")

#: Most arguments of a message: their number is one byte of the frame (SPOE.txt 3.2).
MOST_ARGUMENTS = 255

#: Scopes in which an agent may set a variable (SPOE.txt 3.4).
SCOPES = ("proc", "sess", "txn", "req", "res")

_CLIENT = frozenset({"connection", "internal"})
_REQUEST = _CLIENT | {"request"}
_SERVER = _REQUEST | {"backend", "server"}
_RESPONSE = _CLIENT | {"backend", "server", "response"}

#: What has a value at an event, and what HAProxy calls its place.
_AT = {
    "on-client-session": (_CLIENT, "frontend tcp-request connection rule"),
    "on-frontend-tcp-request": (_REQUEST, "frontend tcp-request content rule"),
    "on-backend-tcp-request": (_REQUEST, "backend tcp-request content rule"),
    "on-frontend-http-request": (_REQUEST, "frontend http-request header rule"),
    "on-backend-http-request": (_REQUEST, "backend http-request header rule"),
    "on-server-session": (_SERVER, "server source selection"),
    "on-tcp-response": (_RESPONSE, "backend tcp-response content rule"),
    "on-http-response": (_RESPONSE, "backend http-response header rule"),
}

#: The same in rulesets that send groups; rules of a backend know it besides.
AT_RULES = {
    "http-request": (_REQUEST, "http-request header rule"),
    "http-response": (_RESPONSE, "http-response header rule"),
    "tcp-request content": (_REQUEST, "tcp-request content rule"),
    "tcp-response content": (_RESPONSE, "tcp-response content rule"),
}

#: What messages call a phase.
_CALLED = {
    "request": "HTTP request",
    "response": "response",
    "backend": "backend",
    "server": "server",
    "log": "end of stream",
}


def missing(arguments: Iterable[SpoeArgument], here: frozenset[str]) -> SpoeArgument | None:
    """
    Find an argument that never has a value where its message is sent.

    @param here: What has a value there.

    @return: The first, L{None} if there is none.
    """
    return next((each for each in arguments if not each.phases & here), None)


def wanted(argument: SpoeArgument) -> str:
    """
    Tell what an argument looks at.
    """
    return next((_CALLED[name] for name in _CALLED if name in argument.phases), "elsewhere")


@dataclass(slots=True)
class Used:
    """
    A name that a C{messages} or C{groups} line gives.
    """

    name: str
    where: Where


@dataclass(slots=True)
class AgentDraft:
    """
    A C{spoe-agent} section; keywords fill it. Times are milliseconds, L{None} when not given or 0.

    @ivar registered: Names of C{register-var-names}.

    @ivar max_frame_size: As written, empty for the default.
    """

    name: str
    where: Where
    messages: list[Used] = field(default_factory=list)
    groups: list[Used] = field(default_factory=list)
    backend: str = ""
    var_prefix: str = ""
    set_on_error: str = ""
    set_process_time: str = ""
    set_total_time: str = ""
    continue_on_error: bool = False
    force_set_var: bool = False
    dontlog_normal: bool = False
    pipelining: bool = True
    registered: list[Used] = field(default_factory=list)
    timeout_hello_ms: int | None = None
    timeout_idle_ms: int | None = None
    timeout_processing_ms: int | None = None
    maxconnrate: int = 0
    maxerrrate: int = 0
    max_frame_size: str = ""
    max_frame_size_at: Where = NOWHERE
    max_waiting_frames: int = 20
    log_targets: list[LogTarget] = field(default_factory=list)
    log_global: bool = False


@dataclass(slots=True)
class MessageDraft:
    """
    A C{spoe-message} section.

    @ivar scope: Stands for the proxy while ACLs are compiled: those of a message are its own.

    @ivar arguments: Name, expression and place of each.

    @ivar compiled: What L{compile} made of them.
    """

    name: str
    where: Where
    scope: Proxy
    arguments: list[tuple[str, str, Where]] = field(default_factory=list)
    compiled: list[SpoeArgument] = field(default_factory=list)
    event: str = ""
    condition: Callable[[Any], bool] | None = None
    timeout_ms: int | None = None
    failure: str = OPEN

    def compile(self, diagnostics: Diagnostics) -> None:
        """
        Compile the arguments. What is wrong is noted.
        """
        for name, text, where in self.arguments:
            try:
                sample, gives, phases = rules().argument(text, self.scope, where, diagnostics)
            except ConfigError as error:
                diagnostics.alert(f"'args': {error}", where)
            else:
                self.compiled.append(SpoeArgument(name, sample, gives, text, phases, where))
        if len(self.arguments) > MOST_ARGUMENTS:
            diagnostics.alert(
                f"spoe-message '{self.name}' has {len(self.arguments)} arguments, at most"
                f" {MOST_ARGUMENTS} fit into a frame.",
                self.arguments[MOST_ARGUMENTS][2],
            )

    def check_event(self, diagnostics: Diagnostics) -> None:
        """
        See that all arguments have a value at its event.
        """
        if not self.event:
            return
        here, place = _AT[self.event]
        wrong = missing(self.compiled, here)
        if wrong is not None:
            diagnostics.alert(
                f"Ignore SPOE message '{self.name}' at {self.where}: some args extract information"
                f" from '{wanted(wrong)}', none of which is available here ('{place}').",
                wrong.where,
            )

    def finish(self) -> SpoeMessage:
        """
        Make the description.
        """
        return SpoeMessage(
            self.name,
            tuple(self.compiled),
            self.event,
            self.condition,
            self.timeout_ms,
            self.failure,
            self.where,
        )


@dataclass(slots=True)
class GroupDraft:
    """
    A C{spoe-group} section.
    """

    name: str
    where: Where
    messages: list[Used] = field(default_factory=list)


@dataclass(slots=True)
class FileDraft:
    """
    What an agent file says in the scope that counts.

    @ivar agent: L{None} before there is one.

    @ivar scopes: The other scopes in it, for messages.
    """

    agent: AgentDraft | None = None
    messages: dict[str, MessageDraft] = field(default_factory=dict)
    groups: dict[str, GroupDraft] = field(default_factory=dict)
    scopes: list[str] = field(default_factory=list)


def finish(
    draft: FileDraft, agent: AgentDraft, kind: str, at: Where, diagnostics: Diagnostics
) -> SpoeAgent | None:
    """
    Make the description of an agent; its frame size and the targets of C{log global} are settled
    when all files are read.

    @param draft: Its file.

    @param kind: The kind of section that the filter stands in.

    @param at: The C{filter} line.

    @return: The agent, L{None} if there is something wrong, which was noted.
    """
    before = diagnostics.errors
    _Finishing(draft, agent, at, diagnostics).check()
    if diagnostics.errors > before:
        return None
    messages = {name: message.finish() for name, message in draft.messages.items()}
    met: dict[str, list[SpoeMessage]] = {}
    for used in agent.messages:
        message = messages[used.name]
        if message.event and happens(message.event, kind):
            met.setdefault(_met_as(message.event, kind), []).append(message)
    events = {event: tuple(met[event]) for event in EVENTS if event in met}
    groups = {
        group.name: tuple(messages[each.name] for each in draft.groups[group.name].messages)
        for group in agent.groups
    }
    prefix = agent.var_prefix or agent.name
    known = frozenset(
        f"{scope}.{prefix}.{each.name}" for scope in SCOPES for each in agent.registered
    )
    for each in known:
        note_name(each)
    return SpoeAgent(
        agent.name,
        agent.backend,
        events,
        groups,
        var_prefix=prefix,
        set_on_error=_own_variable(prefix, agent.set_on_error),
        set_process_time=_own_variable(prefix, agent.set_process_time),
        set_total_time=_own_variable(prefix, agent.set_total_time),
        continue_on_error=agent.continue_on_error,
        known=None if agent.force_set_var else known,
        dontlog_normal=agent.dontlog_normal,
        pipelining=agent.pipelining,
        timeout_hello_ms=agent.timeout_hello_ms,
        timeout_idle_ms=agent.timeout_idle_ms,
        timeout_processing_ms=agent.timeout_processing_ms,
        maxconnrate=agent.maxconnrate,
        maxerrrate=agent.maxerrrate,
        max_waiting_frames=agent.max_waiting_frames,
        log_targets=tuple(agent.log_targets),
        where=agent.where,
    )


def happens(event: str, kind: str) -> bool:
    """
    Tell whether an event happens to a filter (SPOE.txt 3.3).

    @param kind: The kind of section that it stands in.

    @return: False for events of clients in a backend.
    """
    return kind != "backend" or not (
        event == "on-client-session" or event.startswith("on-frontend-")
    )


def _met_as(event: str, kind: str) -> str:
    """
    Tell with which event messages are sent. In a C{listen} section those for the backend's side go
    with those for the frontend's, as observed of HAProxy.
    """
    return event.replace("on-backend-", "on-frontend-") if kind == "listen" else event


def _own_variable(prefix: str, name: str) -> str:
    return f"txn.{prefix}.{name}" if name else ""


class _Finishing:
    """
    The checks of an agent file as a whole.
    """

    def __init__(
        self, draft: FileDraft, agent: AgentDraft, at: Where, diagnostics: Diagnostics
    ) -> None:
        self._draft = draft
        self._agent = agent
        self._at = at
        self._diagnostics = diagnostics

    def check(self) -> None:
        """
        Note what is wrong.
        """
        agent = self._agent
        said = f"SPOE agent '{agent.name}'"
        if not agent.backend:
            self._alert(f"No backend declared for {said} declared at {agent.where}")
        if not agent.var_prefix and ODD_IN_VARIABLE.search(agent.name):
            self._alert(
                f"Invalid variable prefix '{agent.name}' for {said} declared at {agent.where}."
                " Use 'option var-prefix' to set it. Only [a-zA-Z0-9_.] chars are supported."
            )
        for used in agent.messages:
            if used.name not in self._draft.messages:
                self._alert(
                    f"{said} try to use undefined SPOE message '{used.name}' at {used.where}"
                )
            else:
                self._draft.messages[used.name].check_event(self._diagnostics)
        self._check_groups(said)
        prefix = agent.var_prefix or agent.name
        for used in agent.registered:
            odd = ODD_IN_VARIABLE.search(used.name)
            if odd is not None:
                self._alert(
                    f"{said}: failed to register variable {prefix}.{used.name} (invalid syntax at"
                    f" char '{used.name[odd.start() :]}') at {used.where}"
                )

    def _check_groups(self, said: str) -> None:
        owner: dict[str, GroupDraft] = {}
        for used in self._agent.groups:
            group = self._draft.groups.get(used.name)
            if group is None:
                self._alert(f"{said} try to use undefined SPOE group '{used.name}' at {used.where}")
                continue
            for each in group.messages:
                if each.name not in self._draft.messages:
                    self._alert(
                        f"SPOE group '{group.name}' try to use undefined SPOE message"
                        f" '{each.name}' at {each.where}"
                    )
                known = owner.setdefault(each.name, group)
                if known is not group:
                    self._alert(
                        f"SPOE message '{each.name}' already belongs to the SPOE group"
                        f" '{known.name}' declare at {known.where}"
                    )

    def _alert(self, text: str) -> None:
        self._diagnostics.alert(f"'filter' : '{text}'", self._at)
