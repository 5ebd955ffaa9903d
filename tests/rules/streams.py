"""
Streams as rules see them, made without a network.
"""

from __future__ import annotations

from mwproxy.config import model
from mwproxy.core.addresses import Address
from mwproxy.core.diagnostics import Diagnostics, Where
from mwproxy.live.proxies import Backend, Frontend, WorkerState
from mwproxy.live.sessions import Session, Stream
from mwproxy.protocols.http1.heads import parse_request, parse_response
from mwproxy.protocols.http1.messages import Request, Response
from mwproxy.rules import compiler
from mwproxy.rules.context import Context
from mwproxy.rules.expression import compile_expression
from mwproxy.rules.log_format import compile_format
from mwproxy.rules.ruleset import Rule

WHERE = Where("test.cfg", 7)
RULES = compiler.HaproxyRules()

PLAIN = b"GET /path?x=1 HTTP/1.1\r\nhost: example.com\r\n\r\n"


def request(head: bytes = PLAIN) -> Request:
    """
    Parse a request head.

    @return: The request.
    """
    return parse_request(head, len(head))


def response(head: bytes) -> Response:
    """
    Parse a response head.

    @return: The response.
    """
    return parse_response(head, len(head))


def proxy(kind: str = "frontend", name: str = "f", mode: str = "http") -> model.Proxy:
    """
    Describe a section.

    @return: The description.
    """
    settings = model.BindSettings()
    made = model.Proxy(kind, name, mode=mode, number=2)
    if made.has_frontend:
        made.binds = [model.Bind(Address("ipv4", "127.0.0.1", 8080), settings)]
    return made


def make_stream(
    head: bytes | None = PLAIN, answer: bytes | None = None, mode: str = "http"
) -> Stream:
    """
    Make a stream: client 127.0.0.1:5000 on frontend C{f}, with a backend C{b} of one server C{s}
    that is live but not chosen.

    @param head: The request, L{None} for none.

    @param answer: The response, L{None} for none.

    @return: The stream.
    """
    back = proxy("backend", "b", mode)
    back.number = 3
    back.servers = [model.Server("s", Address("ipv4", "10.0.0.1", 80), model.ServerSettings())]
    front = proxy(mode=mode)
    configuration = model.Configuration(proxies=[front, back])
    worker = WorkerState(configuration, 1000.0, 1_700_000_000.0)
    worker.frontends["f"] = frontend = Frontend(front, worker)
    worker.backends["b"] = backend = Backend(back, worker)
    backend.active = 1
    backend.servers[0].sockaddr = ("10.0.0.1", 80)
    frontend.default_backend = backend
    frontend.counters.scur = 1
    session = Session()
    session.number = 1
    session.frontend = frontend
    session.bind = front.binds[0]
    session.client_host = "127.0.0.1"
    session.client_port = 5000
    session.own_host = "127.0.0.1"
    session.own_port = 8080
    session.accepted = 1000.0
    session.accepted_wall = 1_700_000_000.123
    session.handshaken = 0.0
    session.requests = 1
    worker.sessions.add(session)
    stream = Stream(session)
    session.stream = stream
    stream.begun = 1000.0
    stream.begun_wall = 1_700_000_000.123
    if head is not None:
        stream.request = request(head)
        stream.request_at = 1000.0
    if answer is not None:
        stream.response = response(answer)
    return stream


def context(**facts: object) -> Context:
    """
    Make a context where everything may be used.

    @param facts: Attributes to set.

    @return: The context.
    """
    made = Context(proxy(), WHERE, Diagnostics())
    for name, value in facts.items():
        setattr(made, name, value)
    return made


def evaluate(text: str, stream: Stream) -> object:
    """
    Evaluate an expression.

    @return: The sample, or L{None}.
    """
    return compile_expression(text, context())[0].sample(stream)


def show(text: str, stream: Stream) -> str:
    """
    Write a log-format string as headers have it.

    @return: The text.
    """
    return compile_format(text, context(), log=False)(stream).decode("latin-1")


def log(text: str, stream: Stream) -> str:
    """
    Write a log-format string as logs have it.

    @return: The text.
    """
    return compile_format(text, context(), log=True)(stream).decode("latin-1")


def matches(words: list[str], stream: Stream) -> bool:
    """
    Evaluate an ACL.

    @param words: Criterion, flags and patterns.

    @return: Whether it matches.
    """
    return RULES.acl(words, proxy(), WHERE, Diagnostics())(stream)


def rule(line: list[str], ruleset: str = "http-request", kind: str = "frontend") -> Rule:
    """
    Compile the action of a rule.

    @return: The action.
    """
    return RULES.rule(ruleset, line, proxy(kind), WHERE, Diagnostics())[1]
