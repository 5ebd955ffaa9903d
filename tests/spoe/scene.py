"""
A data plane with an engine, whose agents the test plays.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mwproxy.live.spoe import EngineFigures
from mwproxy.protocols.spop.ack import encode_ack
from mwproxy.protocols.spop.actions import Action, Scope, SetVar
from mwproxy.protocols.spop.disconnect import Disconnect, decode_disconnect, encode_disconnect
from mwproxy.protocols.spop.frames import Kind, decode_head
from mwproxy.protocols.spop.hello import (
    AgentHello,
    EngineHello,
    decode_engine_hello,
    encode_agent_hello,
)
from mwproxy.protocols.spop.notify import Message, decode_notify
from tests.net.plane import Origin, Peer, PlaneTestCase, get

WORD = SetVar(Scope.txn, "word", "hello")
#: A timeout that does not come into the way of a test.
PATIENT = "timeout hello 1s\n timeout idle 10s\n timeout processing 9s\n"
#: An agent that is asked about each request, and a rule that goes by what it says.
MESSAGE = """\
spoe-message ask
    args path=path
    event on-frontend-http-request
"""
WORDS = "%[var(txn.e.word)] error=%[var(txn.e.error)]"
FRONTEND = f"""\
frontend f
  bind 127.0.0.1:8000
  filter spoe config {{file}}
  http-request deny if {{{{ var(txn.e.deny) -m bool }}}}
  http-request return status 200 content-type text/plain lf-string "{WORDS}"
"""


class Talk:
    """
    The agent's side of one connection.

    @ivar peer: Its socket.
    """

    def __init__(self, peer: Peer) -> None:
        self.peer = peer

    def frame(self, kind: int) -> tuple[int, int, bytes, int]:
        """
        Receive a frame.

        @param kind: What it has to be.

        @return: Stream-id, frame-id, the frame, and where its payload begins.
        """
        size = int.from_bytes(self.peer.take(4), "big")
        frame = self.peer.take(size)
        found, flags, stream_id, frame_id, at = decode_head(frame)
        self.peer.test.assertEqual((found, flags), (kind, 1), frame)
        return stream_id, frame_id, frame, at

    def greet(self, *capabilities: str, size: int = 16380) -> EngineHello:
        """
        Take the engine's hello and answer it.
        """
        _, _, frame, at = self.frame(Kind.HAPROXY_HELLO)
        self.peer.send(encode_agent_hello(AgentHello(size, frozenset(capabilities))))
        return decode_engine_hello(frame, at)

    def asked(self) -> tuple[tuple[int, int], list[Message]]:
        """
        Receive a NOTIFY.

        @return: Its ids and messages.
        """
        stream_id, frame_id, frame, at = self.frame(Kind.NOTIFY)
        return (stream_id, frame_id), decode_notify(frame, at)

    def answer(self, ids: tuple[int, int], *actions: Action) -> None:
        """
        Send an ACK.
        """
        self.peer.send(encode_ack(*ids, actions))

    def leave(self, status: int = 0, message: str = "") -> None:
        """
        Say that the agent leaves, and close.
        """
        self.peer.send(encode_disconnect(Kind.AGENT_DISCONNECT, status, message))
        self.peer.close()

    def parted(self) -> Disconnect:
        """
        Receive the engine's last word.
        """
        _, _, frame, at = self.frame(Kind.HAPROXY_DISCONNECT)
        return decode_disconnect(frame, at)


class EngineTestCase(PlaneTestCase):
    """
    A test with an engine at work.

    @ivar lines: What the engine has logged: severity and text.
    """

    def setUp(self) -> None:
        super().setUp()
        self.lines: list[tuple[int, str]] = []

    def begin(
        self,
        agents: Iterable[Origin | int],
        *,
        options: str = "",
        messages: str = MESSAGE,
        proxies: str = FRONTEND,
        server: str = "",
        backend: str = "",
        timeouts: str = "timeout hello 1s\n timeout idle 10s\n timeout processing 500ms\n",
    ) -> None:
        """
        Run a proxy with a filter.

        @param agents: The agents, or ports where there may be none.

        @param options: Lines of the agent's section.

        @param messages: The C{spoe-message} sections.

        @param proxies: The sections; C{{file}} stands for the agent's file.

        @param server: Words of each C{server} line.

        @param backend: Lines of the agents' backend.
        """
        file = Path(self.directory, "agent.spoe")
        names = [line.split()[1] for line in messages.splitlines() if line.startswith("spoe-m")]
        said = options if "messages " in options else f"messages {' '.join(names)}\n {options}"
        file.write_text(
            f"spoe-agent agent\n {said}\n option var-prefix e\n option set-on-error error\n"
            f" register-var-names word deny took total\n {timeouts} use-backend agents\n{messages}"
        )
        ports = [each.port if isinstance(each, Origin) else each for each in agents]
        servers = "".join(
            f"  server a{number} 127.0.0.1:{port} {server}\n"
            for number, port in enumerate(ports, 1)
        )
        self.start(
            proxies.format(file=file)
            + f"backend agents\n  mode tcp\n  timeout server 60s\n{backend}{servers}"
        )
        for engine in self.engines:
            engine.log = self._engine_log

    @property
    def engines(self) -> list[Any]:
        """
        The engines.
        """
        return list(self.service._engines._all)

    @property
    def figures(self) -> EngineFigures:
        """
        What the first engine counts.
        """
        found: EngineFigures = self.engines[0].figures
        return found

    def _engine_log(self, severity: int, line: bytes) -> None:
        self.lines.append((severity, line.decode()))

    def talk(self, agent: Origin, *capabilities: str) -> Talk:
        """
        Accept a connection of the engine and greet.
        """
        made = Talk(agent.accept())
        made.greet(*capabilities)
        return made

    def present(self) -> list[tuple[str, int]]:
        """
        List figures of the present that are not zero, those of engines too.
        """
        found = super().present()
        for engine in self.engines if self.service._engines is not None else ():
            figures = engine.figures
            found += [("in flight", figures.in_flight), ("waiting", figures.waiting)]
        return [(name, count) for name, count in found if count]

    def request(self) -> Peer:
        """
        Send a request.
        """
        client = self.client()
        client.send(get("/path"))
        self.turn(2)
        return client

    def served(self, client: Peer) -> None:
        """
        Check that a request was answered as the agent has said.
        """
        head, body = client.message()
        self.assertEqual((head[9:12], body), (b"200", b"hello error="))
