"""
Connections that change worker: idle HTTP client connections of a worker that leaves go on in its
successor, as if that had accepted them.

Both ends of a C{SOCK_SEQPACKET} pair come from the master when the successor is READY. Each packet
carries up to L{MOST} descriptors and, as JSON, what is known of each connection, in the same order.
The end of the channel means that the old worker is gone.

A connection moves only between two requests, with nothing received that was not answered: what the
client sends meanwhile waits in the kernel's socket, which moves along. What cannot move (its
frontend is gone in the new configuration) is closed, as a soft stop closes idle connections.
"""

from __future__ import annotations

import json
import socket
from collections import deque
from typing import Any

from twisted.logger import Logger

from mwproxy.net.listeners import Listener
from mwproxy.net.plane import Plane
from mwproxy.net.reactor import READ, WRITE

_log = Logger()
#: Descriptors in one packet; the kernel takes 253.
MOST = 128
#: Longest packet: facts of L{MOST} connections.
PACKET = 128 * 1024


class HandoverSender:
    """
    The end of a worker that leaves.
    """

    def __init__(self, plane: Plane, sock: socket.socket) -> None:
        """
        @param plane: The data plane; its sessions go through here once it is told so.

        @param sock: The channel; becomes this object's own.
        """
        sock.setblocking(False)
        self._plane = plane
        self._sock = sock
        self._waiting: deque[Any] = deque()
        self._fd = sock.fileno()
        plane.reactor.watch(self._fd, 0, self._event)

    def send(self, sessions: list[Any]) -> None:
        """
        Move idle sessions. They are gone from this worker when they are sent; if nobody takes
        them any more they are closed.

        @param sessions: Idle L{HttpClient<mwproxy.net.http_client.HttpClient>} objects.
        """
        self._waiting.extend(sessions)
        self._flush()

    def close(self) -> None:
        """
        Close the channel, and what still waits for it.
        """
        if self._fd >= 0:
            self._plane.reactor.unwatch(self._fd)
            self._fd = -1
            self._sock.close()
        while self._waiting:
            self._waiting.popleft().close()

    def _event(self, event: int) -> None:
        if event & WRITE:
            self._flush()
        else:
            # The successor is gone: from now on this worker drains by itself.
            self._plane.handover = None
            self._plane.closing = True
            self.close()

    def _flush(self) -> None:
        waiting = self._waiting
        while waiting and self._fd >= 0:
            batch: list[Any] = []
            while waiting and len(batch) < MOST:
                session = waiting.popleft()
                # One that became busy or was closed meanwhile has nothing to do here.
                if session.may_move():
                    batch.append(session)
            if not batch:
                continue
            facts = json.dumps([session.facts() for session in batch]).encode()
            try:
                socket.send_fds(self._sock, [facts], [session.fd for session in batch])
            except BlockingIOError:
                waiting.extendleft(reversed(batch))
                self._plane.reactor.change(self._fd, WRITE)
                return
            except OSError:
                waiting.extendleft(reversed(batch))
                self._plane.handover = None
                self._plane.closing = True
                self.close()
                return
            for session in batch:
                session.moved()
        if self._fd >= 0:
            self._plane.reactor.change(self._fd, 0)


class HandoverReceiver:
    """
    The end of a worker that takes over.
    """

    def __init__(self, plane: Plane, sock: socket.socket) -> None:
        """
        @param plane: The data plane.

        @param sock: The channel; becomes this object's own.
        """
        sock.setblocking(False)
        self._plane = plane
        self._sock = sock
        self._fd = sock.fileno()
        plane.reactor.watch(self._fd, READ, self._event)

    def close(self) -> None:
        """
        Close the channel.
        """
        if self._fd >= 0:
            self._plane.reactor.unwatch(self._fd)
            self._fd = -1
            self._sock.close()

    def _event(self, event: int) -> None:
        while self._fd >= 0:
            try:
                data, fds, _flags, _address = socket.recv_fds(self._sock, PACKET, MOST)
            except BlockingIOError:
                return
            except OSError:
                self.close()
                return
            if not data:
                self.close()
                return
            try:
                facts = json.loads(data)
            except ValueError:
                facts = []
            for number, fd in enumerate(fds):
                sock = socket.socket(fileno=fd)
                sock.setblocking(False)
                try:
                    adopted = number < len(facts) and self._adopt(sock, facts[number])
                except (KeyError, TypeError, ValueError):
                    _log.failure("a connection could not be taken over")
                    adopted = False
                if not adopted:
                    sock.close()

    def _adopt(self, sock: socket.socket, facts: dict[str, Any]) -> bool:
        frontend = self._plane.state.frontends.get(facts["frontend"])
        if frontend is None or frontend.description.mode != "http":
            return False
        listeners: list[Listener] = frontend.listeners
        for listener in listeners:
            if str(listener.bind.address) == facts["bind"]:
                break
        else:
            if not listeners:
                return False
            listener = listeners[0]
        listener.adopt(sock, facts)
        return True
