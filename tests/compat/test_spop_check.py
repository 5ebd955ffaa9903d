"""
What C{option spop-check} finds of agents of all kinds, compared with HAProxy.
"""

from __future__ import annotations

import contextlib
import csv
import io
import socket
import threading
from dataclasses import dataclass

from mwproxy.protocols.spop.data import Uint32, Value
from mwproxy.protocols.spop.disconnect import encode_disconnect
from mwproxy.protocols.spop.frames import Kind, encode_frame
from mwproxy.protocols.spop.kvlist import encode_kvlist
from tests.compat.outcomes import CompatTestCase
from tests.integration.clients import PATIENCE
from tests.integration.harness import Proxy

CONFIG = """\
defaults
    timeout client 5s
    timeout server 5s
    timeout connect 4s
    timeout check 4s
backend agents
    mode tcp
    option spop-check
"""

COLUMNS = ("check_status", "check_code", "last_chk", "check_desc")


@dataclass(frozen=True)
class Answer:
    """
    What an agent answers to a hello.

    @ivar close: Whether it closes then.
    """

    data: bytes
    close: bool = False


def hello(**items: Value) -> Answer:
    """
    Answer by an AGENT-HELLO with other items; those that are L{None} are left out.
    """
    usual: dict[str, Value] = {
        "version": "2.0",
        "max-frame-size": Uint32(16380),
        "capabilities": "pipelining",
    }
    named = {name.replace("_", "-"): value for name, value in items.items()}
    changed = {name: value for name, value in {**usual, **named}.items() if value is not None}
    return Answer(encode_frame(Kind.AGENT_HELLO, encode_kvlist(changed)))


def farewell(status: int) -> Answer:
    """
    Answer by a DISCONNECT.
    """
    return Answer(encode_disconnect(Kind.AGENT_DISCONNECT, status, "words"))


ANSWERS = {
    "good": hello(),
    "good-close": Answer(hello().data, close=True),
    "good-and-more": Answer(hello().data + b"xxx"),
    "no-version": hello(version=None),
    "version-1": hello(version="1.0"),
    "version-2.1": hello(version="2.1"),
    "version-list": hello(version="2.0, 1.0"),
    "version-blanks": hello(version=" 2.0 "),
    "version-number": hello(version=Uint32(2)),
    "no-size": hello(max_frame_size=None),
    "size-256": hello(max_frame_size=Uint32(256)),
    "size-255": hello(max_frame_size=Uint32(255)),
    "size-too-big": hello(max_frame_size=Uint32(16381)),
    "size-text": hello(max_frame_size="x"),
    "no-capabilities": hello(capabilities=None),
    "capabilities-empty": hello(capabilities=""),
    "capabilities-number": hello(capabilities=Uint32(1)),
    "more-items": hello(foo="bar"),
    "disconnect-0": farewell(0),
    "disconnect-3": farewell(3),
    "disconnect-8": farewell(8),
    "disconnect-99": farewell(99),
    "disconnect-150": farewell(150),
    "disconnect-empty": Answer(encode_frame(Kind.AGENT_DISCONNECT, b"")),
    "hello-empty": Answer(encode_frame(Kind.AGENT_HELLO, b"")),
    "hello-cut-list": Answer(encode_frame(Kind.AGENT_HELLO, b"\xff\xff\xff")),
    "hello-with-ids": Answer(encode_frame(Kind.AGENT_HELLO, b"", 1, 1)),
    "fragment": Answer(encode_frame(Kind.AGENT_HELLO, b"", flags=0)),
    "ack": Answer(encode_frame(Kind.ACK, b"")),
    "unknown-frame": Answer(encode_frame(77, b"")),
    "length-0": Answer(b"\0\0\0\0"),
    "cut-close": Answer(hello().data[:10], close=True),
    "cut": Answer(hello().data[:10]),
    "close": Answer(b"", close=True),
    "silent": Answer(b""),
}


class Agent:
    """
    An agent of one answer, in a thread.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._held: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self) -> None:
        """
        End all of it.
        """
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for each in (self._listener, *self._held):
            each.close()

    def _serve(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError):
                sock.settimeout(6 * PATIENCE)
                sock.recv(4096)
                sock.sendall(self._answer.data)
            if self._answer.close:
                sock.close()
            else:
                self._held.append(sock)


class SpopCheckCompatibilityTests(CompatTestCase):
    """
    Tests of results.
    """

    timeout = 20 * PATIENCE

    def test_results(self) -> None:
        """
        State, code and words of C{show stat} are the same for each agent.
        """
        config = CONFIG
        for name, answer in ANSWERS.items():
            agent = Agent(answer)
            self.addCleanup(agent.stop)
            config += f"    server {name} 127.0.0.1:{agent.port} check inter 1s fall 1 rise 1\n"

        def script(proxy: Proxy) -> dict[str, str]:
            found: dict[str, str] = {}

            def all_checked() -> bool:
                answer = proxy.master_cli("@1 show stat").removeprefix("# ")
                for row in csv.DictReader(io.StringIO(answer)):
                    status = (row["check_status"] or "").lstrip("* ")
                    if row["svname"] in ANSWERS and status not in ("", "INI", "UNK"):
                        cells = [status, *(row[column] for column in COLUMNS[1:])]
                        found.setdefault(row["svname"], " | ".join(cells))
                return len(found) == len(ANSWERS)

            proxy.wait(all_checked, 8 * PATIENCE)
            return found

        self.compare(config, script)
