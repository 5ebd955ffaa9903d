"""
The description of C{filter spoe} lines: what the files of their agents say (SPOE.txt 2).

C{config/spoe_file.py} makes these; C{spoe/} works by them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from mwproxy.core.diagnostics import NOWHERE, Where

if TYPE_CHECKING:
    from mwproxy.config.model import LogTarget

#: The events, in the order in which a stream meets them (SPOE.txt 3.3).
EVENTS = (
    "on-client-session",
    "on-frontend-tcp-request",
    "on-backend-tcp-request",
    "on-frontend-http-request",
    "on-backend-http-request",
    "on-server-session",
    "on-tcp-response",
    "on-http-response",
)

#: What becomes of a stream whose message got no answer: it goes on as in HAProxy; it is refused;
#: the message is sent again until C{timeout processing}, then the stream is refused.
OPEN, CLOSED, WAIT = "open", "closed", "wait"


@dataclass(frozen=True, slots=True)
class SpoeArgument:
    """
    One word of C{args}.

    @ivar name: Empty where the line gives none.

    @ivar sample: Computes the value from the stream, L{None} when there is none.

    @ivar type: What the expression's values are, in the words of the configuration manual (7.2):
        C{bool}, C{sint}, C{ipv4}, C{ipv6}, C{addr}, C{str}, C{bin}, C{meth} or C{any}.

    @ivar text: The expression as written, C{where} its line.

    @ivar phases: Where it has a value: some of C{connection internal request backend server
        response}.
    """

    name: str
    sample: Callable[[Any], Any]
    type: str
    text: str = ""
    phases: frozenset[str] = frozenset()
    where: Where = NOWHERE


@dataclass(frozen=True, slots=True, eq=False)
class SpoeMessage:
    """
    A C{spoe-message} section.

    @ivar event: One of L{EVENTS}, empty for a message that only groups send.

    @ivar condition: When it is sent at its event, L{None} for always.

    @ivar timeout_ms: How long its answer may take, L{None} for C{timeout processing}, 0 for no
        limit (mwproxy's own).

    @ivar failure: L{OPEN}, L{CLOSED} or L{WAIT} (mwproxy's own).
    """

    name: str
    arguments: tuple[SpoeArgument, ...] = ()
    event: str = ""
    condition: Callable[[Any], bool] | None = None
    timeout_ms: int | None = None
    failure: str = OPEN
    where: Where = NOWHERE


@dataclass(frozen=True, slots=True, eq=False)
class SpoeAgent:
    """
    A C{spoe-agent} section with its messages and groups.

    @ivar events: Messages by event, in the order of the C{messages} lines; events without messages
        are not there.

    @ivar groups: Messages by group.

    @ivar set_on_error: Name of a variable, with scope and prefix; so are the next two. Empty for
        none.

    @ivar known: Full names of the variables that it may set, besides those that the whole
        configuration names; L{None} for all (C{option force-set-var}).

    @ivar timeout_hello_ms: L{None} for no limit; so are the next two.

    @ivar maxconnrate: Most new connections per second, 0 for no limit; C{maxerrrate} most errors.

    @ivar max_frame_size: Bytes, without the length in front.

    @ivar pipelining: More than one frame may wait for its answer on a connection.

    @ivar log_targets: With C{log global} replaced.
    """

    name: str
    backend: str
    events: Mapping[str, tuple[SpoeMessage, ...]] = field(default_factory=dict)
    groups: Mapping[str, tuple[SpoeMessage, ...]] = field(default_factory=dict)
    var_prefix: str = ""
    set_on_error: str = ""
    set_process_time: str = ""
    set_total_time: str = ""
    continue_on_error: bool = False
    known: frozenset[str] | None = frozenset()
    dontlog_normal: bool = False
    pipelining: bool = True
    timeout_hello_ms: int | None = None
    timeout_idle_ms: int | None = None
    timeout_processing_ms: int | None = None
    maxconnrate: int = 0
    maxerrrate: int = 0
    max_frame_size: int = 16380
    max_waiting_frames: int = 20
    log_targets: tuple[LogTarget, ...] = ()
    where: Where = NOWHERE


@dataclass(frozen=True, slots=True, eq=False)
class SpoeFilter:
    """
    A C{filter spoe} line.

    @ivar engine: Its name: as given, else the agent's.
    """

    engine: str
    agent: SpoeAgent
    where: Where = NOWHERE


@dataclass(slots=True, eq=False)
class GroupCall:
    """
    A C{send-spoe-group} rule. Which engine answers is known once the worker's live state is made.

    @cvar waits: It may have to wait, see L{mwproxy.rules.ruleset}.

    @ivar proxy: Name of the section it stands in, C{kind} the kind of that section.

    @ivar ruleset: What it is a rule of, such as C{http-request}.

    @ivar send: Takes the stream; returns what a rule does. The engine puts it here.
    """

    waits: ClassVar[bool] = True

    engine: str
    group: str
    proxy: str
    kind: str = ""
    where: Where = NOWHERE
    ruleset: str = ""
    send: Callable[[Any], Any] | None = None

    def __call__(self, stream: Any) -> Any:
        """
        Send the group's messages.

        @return: L{None} to go on, a L{Wait<mwproxy.rules.ruleset.Wait>}, or another verdict.
        """
        return None if self.send is None else self.send(stream)
