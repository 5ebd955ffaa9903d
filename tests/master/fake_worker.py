"""
A worker without a data plane: it does what the last line of the configuration says, binding a UNIX
socket (C{#bind <path>}) or failing (C{#fail <status>}).
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from typing import Any

from mwproxy.process.contents import get_contents
from mwproxy.process.ipc import (
    CHANNEL_FD,
    CHANNEL_VERSION,
    Channel,
    Hello,
    Load,
    Message,
    NeedListener,
    SendStatus,
)


class FakeWorker(Channel):
    """
    Speaks the worker's part.
    """

    def connectionMade(self) -> None:
        super().connectionMade()
        self.callRemote(Hello, version=CHANNEL_VERSION, software="fake", pid=os.getpid())

    def connectionLost(self, reason: Any = None) -> None:
        os._exit(1)

    @Load.responder
    def _load(
        self, generation: int, process: int, order: dict[str, Any], contents: int | None
    ) -> dict[str, Any]:
        assert contents is not None
        text = get_contents(contents)[order["files"][0]].decode()
        word, _, value = text.split("\n")[-2].partition(" ")
        self.callRemote(Message, text=f"[NOTICE]   ({os.getpid()}) : {word}")
        if word == "#fail":
            os._exit(int(value))
        elif word == "#bind":
            asked = self.callRemote(NeedListener, spec={"family": "unix", "host": value})
            asked.addCallback(lambda answer: self._ready())
        else:
            self._ready()
        return {}

    def _ready(self) -> None:
        self.callRemote(SendStatus, status="READY", facts={})


class _Factory:
    noisy = False

    def doStart(self) -> None:
        pass

    def doStop(self) -> None:
        pass

    def buildProtocol(self, address: Any) -> FakeWorker:
        return FakeWorker()


if __name__ == "__main__":
    from twisted.internet import reactor

    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    r: Any = reactor
    r.adoptStreamConnection(CHANNEL_FD, socket.AF_UNIX, _Factory())
    os.close(CHANNEL_FD)
    signal.signal(signal.SIGUSR1, lambda *arguments: os._exit(0))
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    r.run(installSignalHandlers=False)
    sys.exit(0)
