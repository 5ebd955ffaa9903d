"""
Finding out whether the installed code could take this process over, before anything is given up: a
child runs the very command of the upgrade, and says what it would understand.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from signal import SIGKILL
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import ProcessProtocol, Protocol, connectionDone
from twisted.python.failure import Failure

from mwproxy import PRODUCT, __version__
from mwproxy.process.inheritance import FORMAT
from mwproxy.process.reexec import CHECK, VARIABLE, Origin, in_memory
from mwproxy.process.system import System, exit_status, exit_text

#: Seconds that the child may take.
PATIENCE = 60.0
#: Seconds that the last words of a child that exited may take.
LAST_WORDS = 1.0
_PREFIX = f"{PRODUCT}-upgrade "
#: Lines of the child's output that are worth telling, and bytes that are kept of it.
_MOST_LINES = 12
_MOST_BYTES = 65536
#: The descriptor by which the child knows what it is to read.
_MEMORY = 3


def tell_fit() -> None:
    """
    Say, as the child, what this version understands.
    """
    answer = json.dumps({"format": FORMAT, "version": __version__})
    print(f"\n{_PREFIX}{answer}", flush=True)


def judge(status: int, output: str) -> str:
    """
    Judge what a child said.

    @param status: Its exit status.

    @return: Why it is not fit; empty when it is.
    """
    *_, last = [line for line in output.splitlines() if line.startswith(_PREFIX)] or [""]
    try:
        answer = json.loads(last.removeprefix(_PREFIX))
        understood, version = int(answer["format"]), str(answer["version"])
    except (ValueError, TypeError, KeyError):
        reason = f"the installed code does not start: exited with code {status}"
        if status >= 128:
            reason += f" ({exit_text(status)})"
        lines = [line for line in output.splitlines() if line.strip()][-_MOST_LINES:]
        return "\n   | ".join([reason, *lines])
    if understood != FORMAT:
        return f"version {version} cannot take over from {__version__}, a restart is needed"
    if status:
        return f"the installed version {version} exited with code {status}"
    return ""


class Probe(ProcessProtocol):
    """
    One child that checks.
    """

    def __init__(self, system: System) -> None:
        self.pid = 0
        self._system = system
        self._result: Deferred[str] = Deferred()
        self._output = _Output(self._maybe_done)
        self._status: int | None = None
        self._timer: Any = None

    def start(self, origin: Origin, data: bytes) -> Deferred[str]:
        """
        Start it.

        @param data: What a successor would be left, to be read by the child.

        @return: Fires with the reason why it is not fit, empty when it is.

        @raise OSError: The system refuses.
        """
        environment = {**origin.environment, VARIABLE: f"{CHECK}:{_MEMORY}"}
        with contextlib.ExitStack() as opened:
            memory = in_memory(data)
            opened.callback(os.close, memory)
            null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
            opened.callback(os.close, null)
            ours, theirs = self._system.socketpair()
            opened.enter_context(theirs)
            theirs.setblocking(True)
            said = theirs.fileno()
            try:
                self.pid = self._system.spawn(
                    self,
                    origin.argv,
                    environment,
                    {0: null, 1: said, 2: said, _MEMORY: memory},
                    directory=origin.directory,
                )
            except BaseException:
                ours.close()
                raise
        self._system.adopt(ours, self._output)
        self._later(PATIENCE, self._kill)
        return self._result

    def stop(self) -> None:
        """
        End it.
        """
        if self.pid and self._status is None:
            self._system.kill(self.pid, SIGKILL)

    def give_up(self) -> None:
        """
        End it, and wait for it no longer.
        """
        self.stop()
        if not self._result.called:
            self._result.callback("it was given up")

    def processExited(self, reason: Failure) -> None:
        """
        Note how it ended; what it said before may still be on the way.
        """
        self._status = exit_status(reason)
        self._later(LAST_WORDS, self._output.hang_up)
        self._maybe_done()

    def _later(self, seconds: float, function: Callable[[], object]) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = self._system.call_later(seconds, function)

    def _kill(self) -> None:
        self._output.dataReceived(f"no answer within {PATIENCE:.0f} seconds\n".encode())
        self.stop()

    def _maybe_done(self) -> None:
        if self._status is None or not self._output.ended:
            return
        if self._timer.active():
            self._timer.cancel()
        if not self._result.called:
            self._result.callback(judge(self._status, self._output.text()))


class _Output(Protocol):
    """
    Keeps what a child says.

    @ivar ended: True once it will say no more.
    """

    transport: Any

    def __init__(self, over: Callable[[], None]) -> None:
        """
        @param over: Told when it will say no more.
        """
        self.ended = False
        self._over = over
        self._data = b""

    def dataReceived(self, data: bytes) -> None:
        """
        Keep it; the beginning is left out when it is too much.
        """
        self._data = (self._data + data)[-_MOST_BYTES:]

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        Take note of the end.
        """
        self.ended = True
        self._over()

    def hang_up(self) -> None:
        """
        Wait no longer.
        """
        if not self.ended:
            self.transport.abortConnection()

    def text(self) -> str:
        """
        Get what it said.
        """
        return self._data.decode("utf-8", "replace")
